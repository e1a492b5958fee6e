#include "server/config/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

namespace leadex {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// A folder of its own for the files of one test.
class SettingsTest : public testing::Test {
 protected:
  SettingsTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "leadex_config_XXXXXX").string();
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  ~SettingsTest() override { std::filesystem::remove_all(folder_); }

  std::string write(std::string_view content) {
    auto const path = folder_ / "leadex.toml";
    std::ofstream{path} << content;
    std::filesystem::permissions(
        path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return path.string();
  }

  std::vector<std::string> faults_of_file(std::string_view content) {
    auto const loaded =
        load_settings({.config_file = write(content), .environment = {}, .flags = {}});
    return loaded ? std::vector<std::string>{} : loaded.error().faults;
  }

  static std::vector<std::string> faults_of(std::string const& name, std::string const& value) {
    auto const loaded =
        load_settings({.config_file = {}, .environment = {{name, value}}, .flags = {}});
    return loaded ? std::vector<std::string>{} : loaded.error().faults;
  }

  static SettingInfo info_of(LoadedSettings const& loaded, std::string_view key) {
    for (auto const& info : loaded.info) {
      if (info.key == key) return info;
    }
    ADD_FAILURE() << "no setting " << key;
    return {};
  }

  std::filesystem::path folder_;
};

TEST_F(SettingsTest, WithoutSourcesTheDefaultsHold) {
  auto const loaded = load_settings({});
  ASSERT_TRUE(loaded);
  auto const& settings = loaded->settings;
  EXPECT_EQ(settings.port, 8443);
  EXPECT_EQ(settings.bind, "127.0.0.1");
  EXPECT_EQ(settings.upload_bytes_max, 4LL << 30);
  EXPECT_EQ(settings.upload_rows_max, 10'000'000);
  EXPECT_EQ(settings.row_bytes_max, 65'536);
  EXPECT_EQ(settings.deposit_limit, Money{10'000'000'000});
  EXPECT_EQ(settings.drain_s, std::chrono::seconds{10});
  EXPECT_EQ(settings.tls_certificate, "var/tls/server.crt");
  EXPECT_EQ(settings.root_key_file, "var/keys/root.key");
  EXPECT_EQ(settings.epochs_folder, "var/keys/root.key.epochs");
  for (auto const& info : loaded->info) EXPECT_EQ(info.origin, Origin::standard) << info.key;
}

TEST_F(SettingsTest, EveryDefaultIsAValidValueOfItsSetting) {
  auto const loaded = load_settings({});
  ASSERT_TRUE(loaded);
  SettingSources sources;
  std::set<std::string> keys;
  for (auto const& info : loaded->info) {
    EXPECT_TRUE(keys.insert(info.key).second) << info.key << " stands twice";
    EXPECT_FALSE(info.help.empty());
    EXPECT_FALSE(info.type.empty());
    if (!info.secret && !info.standard.empty()) sources.flags[info.key] = info.standard;
  }
  auto const again = load_settings(sources);
  ASSERT_TRUE(again) << again.error().faults.front();
  for (std::size_t i = 0; i < loaded->info.size(); ++i) {
    EXPECT_EQ(loaded->info[i].value, again->info[i].value) << loaded->info[i].key;
  }
}

TEST_F(SettingsTest, FlagsBeatTheEnvironmentWhichBeatsTheFile) {
  auto const file = write("port = 1001\nthreads = 3\nlog_level = \"warn\"\n");
  auto const loaded =
      load_settings({.config_file = file,
                     .environment = {{"LEADEX_PORT", "1002"}, {"LEADEX_THREADS", "4"}},
                     .flags = {{"port", "1003"}}});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->settings.port, 1003);
  EXPECT_EQ(loaded->settings.threads, 4);
  EXPECT_EQ(loaded->settings.log_level, "warn");
  EXPECT_EQ(info_of(*loaded, "port").origin, Origin::flag);
  EXPECT_EQ(info_of(*loaded, "threads").origin, Origin::environment);
  EXPECT_EQ(info_of(*loaded, "log_level").origin, Origin::file);
  EXPECT_EQ(info_of(*loaded, "bind").origin, Origin::standard);
}

TEST_F(SettingsTest, TheFlagForTheFileBeatsItsVariable) {
  auto const file = write("port = 1001\n");
  auto const other = (folder_ / "missing.toml").string();
  auto const by_flag =
      load_settings({.config_file = file, .environment = {{"LEADEX_CONFIG", other}}, .flags = {}});
  ASSERT_TRUE(by_flag);
  EXPECT_EQ(by_flag->config_file, file);
  auto const by_variable =
      load_settings({.config_file = {}, .environment = {{"LEADEX_CONFIG", file}}, .flags = {}});
  ASSERT_TRUE(by_variable);
  EXPECT_EQ(by_variable->settings.port, 1001);
}

TEST_F(SettingsTest, PlacesFollowTheVarFolderUnlessSet) {
  auto const loaded = load_settings({.config_file = {},
                                     .environment = {{"LEADEX_VAR", "/srv/leadex"}},
                                     .flags = {{"tls_key", "/etc/key.pem"}}});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->settings.tls_certificate, "/srv/leadex/tls/server.crt");
  EXPECT_EQ(loaded->settings.tls_key, "/etc/key.pem");
}

TEST_F(SettingsTest, UnknownKeysInTheFileAreErrors) {
  EXPECT_THAT(faults_of_file("prot = 8443\n"), ElementsAre(HasSubstr("no such setting")));
  EXPECT_THAT(faults_of_file("[limits]\nrow_bytes_max = 1024\n"),
              ElementsAre(HasSubstr("limits must be a string or a whole number")));
}

TEST_F(SettingsTest, UnknownFlagsAreErrors) {
  auto const loaded =
      load_settings({.config_file = {}, .environment = {}, .flags = {{"prot", "1"}}});
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().faults, ElementsAre("--prot: no such setting"));
}

TEST_F(SettingsTest, OtherAndEmptyVariablesPass) {
  auto const loaded = load_settings(
      {.config_file = {},
       .environment = {{"LEADEX_SHARED_DATA", "x"}, {"LEADEX_PORT", ""}, {"LEADEX_CONFIG", ""}},
       .flags = {}});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->settings.port, 8443);
}

TEST_F(SettingsTest, FilesThatCannotBeReadAreErrors) {
  auto const missing = (folder_ / "missing.toml").string();
  auto const loaded = load_settings({.config_file = missing, .environment = {}, .flags = {}});
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().faults, ElementsAre(HasSubstr("cannot be read")));
  EXPECT_FALSE(load_settings({.config_file = folder_.string(), .environment = {}, .flags = {}}));
  EXPECT_THAT(faults_of_file(std::string((1 << 20) + 1, '#')), ElementsAre(HasSubstr("is larger")));
}

TEST_F(SettingsTest, ASyntaxFaultTellsThePlaceAndNotTheLine) {
  auto const faults = faults_of_file("port = 8443\ndatabase = \"password=hunter2\n");
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_THAT(faults[0], HasSubstr("line 2"));
  EXPECT_THAT(faults[0], Not(HasSubstr("hunter2")));
}

TEST_F(SettingsTest, ValuesAreCheckedAgainstTypeAndLimits) {
  for (std::string const value :
       {"0", "65536", "-1", "84 43", "0x10", "8443.0", "99999999999999999999"}) {
    EXPECT_THAT(faults_of("LEADEX_PORT", value),
                ElementsAre("LEADEX_PORT must be a whole number from 1 to 65535"));
  }
  EXPECT_THAT(faults_of("LEADEX_LOG_LEVEL", "loud"),
              ElementsAre("LEADEX_LOG_LEVEL must be one of debug|info|warn|error|off"));
  EXPECT_THAT(faults_of("LEADEX_ENVIRONMENT", "dev|production"), ElementsAre(HasSubstr("one of")));
  EXPECT_THAT(faults_of("LEADEX_BIND", "localhost"),
              ElementsAre("LEADEX_BIND must be an IP address"));
  EXPECT_TRUE(faults_of("LEADEX_BIND", "::1").empty());
  EXPECT_THAT(faults_of("LEADEX_DRAIN_S", "10s"), ElementsAre(HasSubstr("whole seconds")));
  EXPECT_THAT(faults_of("LEADEX_VAR", std::string(5000, 'a')),
              ElementsAre(HasSubstr("4096 bytes")));
  EXPECT_EQ(faults_of_file("var = \"\"\n").size(), 1U);
  EXPECT_EQ(faults_of_file("var = \"a\\u0000b\"\n").size(), 1U);
  EXPECT_THAT(faults_of_file("port = 8443.5\n"), ElementsAre(HasSubstr("line 1: port must be")));
}

TEST_F(SettingsTest, AllFaultsAreToldAtOnce) {
  auto const loaded = load_settings({.config_file = {},
                                     .environment = {{"LEADEX_PORT", "x"}, {"LEADEX_THREADS", "0"}},
                                     .flags = {{"bind", "y"}}});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().faults.size(), 3U);
}

TEST_F(SettingsTest, SizesTakeUnits) {
  auto const bytes = [](std::string const& value) {
    auto const loaded = load_settings(
        {.config_file = {}, .environment = {}, .flags = {{"upload_bytes_max", value}}});
    return loaded ? loaded->settings.upload_bytes_max : -1;
  };
  EXPECT_EQ(bytes("65536"), 65'536);
  EXPECT_EQ(bytes("64KiB"), 65'536);
  EXPECT_EQ(bytes("2 MiB"), 2 << 20);
  EXPECT_EQ(bytes("4GiB"), 4LL << 30);
  for (auto const* const wrong : {"4GB", "KiB", "-1KiB", "9999999999999GiB", "1e3", "4GiB "}) {
    EXPECT_EQ(bytes(wrong), -1) << wrong;
  }
}

TEST_F(SettingsTest, AmountsAreExact) {
  auto const limit = [](std::string const& value) {
    auto const loaded =
        load_settings({.config_file = {}, .environment = {}, .flags = {{"deposit_limit", value}}});
    return loaded ? loaded->settings.deposit_limit.micros : -1;
  };
  EXPECT_EQ(limit("10000.00"), 10'000'000'000);
  EXPECT_EQ(limit("0"), 0);
  EXPECT_EQ(limit("0.000001"), 1);
  EXPECT_EQ(limit("9000000000"), kAmountMax.micros);
  for (auto const* const wrong : {"", "1.", ".5", "1.0000001", "-1", "+1", "1,000",
                                  "9000000000.000001", "1e3", "999999999999999"}) {
    EXPECT_EQ(limit(wrong), -1) << wrong;
  }
}

TEST_F(SettingsTest, SecretsAreNeverShown) {
  auto const file = write("database = \"host=db password=hunter2\"\n");
  auto const loaded = load_settings({.config_file = file, .environment = {}, .flags = {}});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->settings.database, "host=db password=hunter2");
  auto const text = show(*loaded);
  EXPECT_THAT(text, Not(HasSubstr("hunter2")));
  EXPECT_THAT(text, testing::ContainsRegex("database +=+ \\(set\\) +# file"));
  EXPECT_THAT(text, testing::ContainsRegex("database_owner += \\(not set\\) +# default"));
  EXPECT_THAT(text, HasSubstr("# file: " + file));
}

TEST_F(SettingsTest, AFileWithASecretIsNotOpenToOthers) {
  auto const file = write("database = \"host=db\"\n");
  std::filesystem::permissions(file, std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  auto const loaded = load_settings({.config_file = file, .environment = {}, .flags = {}});
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().faults, ElementsAre(HasSubstr("others may read it")));
}

TEST_F(SettingsTest, ShowNamesValueAndOrigin) {
  auto const loaded =
      load_settings({.config_file = {}, .environment = {{"LEADEX_PORT", "9000"}}, .flags = {}});
  ASSERT_TRUE(loaded);
  auto const text = show(*loaded);
  EXPECT_THAT(text, testing::ContainsRegex("port += 9000 +# environment\n"));
  EXPECT_THAT(text, testing::ContainsRegex("deposit_limit += 10000.00 +# default\n"));
  auto const info = info_of(*loaded, "upload_bytes_max");
  EXPECT_EQ(info.environment_name, "LEADEX_UPLOAD_BYTES_MAX");
  EXPECT_EQ(info.flag, "--upload-bytes-max");
  EXPECT_EQ(info.type, "bytes");
}

TEST_F(SettingsTest, TheEnvironmentIsReadByPrefix) {
  ASSERT_EQ(setenv("LEADEX_PORT", "9001", 1), 0);
  ASSERT_EQ(setenv("NOT_LEADEX", "1", 1), 0);
  auto const environment = leadex_environment();
  unsetenv("LEADEX_PORT");
  unsetenv("NOT_LEADEX");
  EXPECT_EQ(environment.at("LEADEX_PORT"), "9001");
  EXPECT_FALSE(environment.contains("NOT_LEADEX"));
}

}  // namespace
}  // namespace leadex
