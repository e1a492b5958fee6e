#include "server/privacy/epoch_keys.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "server/privacy/lead_envelope.hpp"
#include "tests/server/privacy/ring.hpp"

namespace leadex::privacy {
namespace {

using testing_support::root_of;

constexpr EpochMonth kMonth = 202611;
constexpr Timestamp kNow =
    std::chrono::sys_days{std::chrono::year{2026} / std::chrono::November / 22};

class Epochs : public testing::Test {
 public:
  Epochs() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "leadex_epochs_XXXXXX").string();
    parent_ = mkdtemp(pattern.data());
    folder_ = parent_ + "/root.key.epochs";
  }
  ~Epochs() override { std::filesystem::remove_all(parent_); }

 protected:
  [[nodiscard]] EpochFiles files() const { return EpochFiles{folder_}; }
  [[nodiscard]] std::string path(std::string const& name = "2026-11") const {
    return folder_ + '/' + name;
  }
  [[nodiscard]] static mode_t mode_of(std::string const& path) {
    struct stat info {};
    EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777;
  }
  void write(std::string const& text) const { std::ofstream(path(), std::ios::binary) << text; }
  /// A ring of `root` over the folder; keys are looked at again at each use.
  [[nodiscard]] std::unique_ptr<KeyRing> ring(std::chrono::nanoseconds trust = {}, char root = 'r',
                                              bool made_now = true) const {
    // As the server does before it seals.
    if (made_now) (void)files().load_or_create(kek_id_of(now_.load()));
    auto made = std::make_unique<KeyRing>(root_of(root));
    made->keep_epochs(std::make_unique<EpochKeys>(
        made->root_copy(), files(), [this] { return now_.load(); }, trust));
    return made;
  }

  std::string parent_;
  std::string folder_;
  std::atomic<Timestamp> now_{kNow};
  LeadId const lead_{7, 42};
};

TEST_F(Epochs, AFileIsMadeOnceAndPrivate) {
  auto const old_mask = umask(0);
  auto const made = files().load_or_create(kMonth);
  umask(old_mask);
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->size(), kEpochBytes);
  EXPECT_EQ(mode_of(folder_), 0700U);
  EXPECT_EQ(mode_of(path()), 0600U);
  EXPECT_EQ(files().load_or_create(kMonth).value().view(), made->view());
  EXPECT_EQ(files().load(kMonth).value().view(), made->view());
  EXPECT_NE(files().load_or_create(202612).value().view(), made->view());
  std::size_t names = 0;
  for (auto const& entry : std::filesystem::directory_iterator(folder_)) {
    EXPECT_FALSE(entry.path().filename().string().starts_with(".new")) << "left behind";
    ++names;
  }
  EXPECT_EQ(names, 2U);
}

TEST_F(Epochs, OpeningNeverMakesOne) {
  EXPECT_EQ(files().load(kMonth).error(), EpochError::missing);
  auto const keys = ring({}, 'r', false);
  EXPECT_THROW((void)keys->contact_kek(kEpochKeks + kMonth), std::runtime_error)
      << "not to be taken for gone";
  EXPECT_THROW((void)keys->sealing_kek({}), std::runtime_error);
  EXPECT_EQ(KeyRing(root_of('r')).contact_kek(kEpochKeks + kMonth).error(), KeyRingError::no_key);
  EXPECT_FALSE(std::filesystem::exists(folder_));
}

TEST_F(Epochs, ManyThreadsOfManyRingsMeetOneEpoch) {
  for (int round = 0; round < 20; ++round) {
    now_ = kNow + std::chrono::days{31 * round};
    std::array<std::string, 8> seen;
    std::vector<std::thread> threads;
    for (auto& key : seen) {
      threads.emplace_back(
          [&key, this] { key = std::string{ring()->sealing_kek({}).key->secret().view()}; });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 1U);
  }
}

TEST_F(Epochs, ManyProcessesMeetOneEpoch) {
  constexpr int kProcesses = 6;
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    auto const pid = fork();
    if (pid == 0) {
      auto const made = files().load_or_create(kMonth);
      auto const mine = parent_ + "/seen-" + std::to_string(i);
      if (made) std::ofstream(mine, std::ios::binary) << made->view();
      _exit(made ? 0 : 1);
    }
    children.push_back(pid);
  }
  for (auto const pid : children) {
    int status = -1;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
  }
  auto const kept = std::string{files().load(kMonth).value().view()};
  for (int i = 0; i < kProcesses; ++i) {
    std::ifstream seen(parent_ + "/seen-" + std::to_string(i), std::ios::binary);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(seen), {}), kept) << i;
  }
}

TEST_F(Epochs, ADamagedOrShortOrOpenFileIsRefusedAndNeverMadeAnew) {
  ASSERT_TRUE(files().load_or_create(kMonth));
  auto const good = std::string(64, 'a');
  for (auto const& text : {std::string{}, std::string(63, 'a'), std::string(64, 'A'),
                           std::string(65, 'a'), good + "\n\n", std::string(65, '\0')}) {
    write(text);
    EXPECT_EQ(files().load_or_create(kMonth).error(), EpochError::malformed) << text.size();
  }
  write(good);
  EXPECT_TRUE(files().load(kMonth));
  ASSERT_EQ(chmod(path().c_str(), 0640), 0);
  EXPECT_EQ(files().load_or_create(kMonth).error(), EpochError::not_private);
  ASSERT_EQ(chmod(path().c_str(), 0600), 0);
  std::filesystem::rename(path(), path("elsewhere"));
  std::filesystem::create_symlink(path("elsewhere"), path());
  EXPECT_EQ(files().load_or_create(kMonth).error(), EpochError::not_private) << "a link";
}

TEST_F(Epochs, AFolderThatCannotBeMadeIsTold) {
  EpochFiles const nowhere{parent_ + "/none/epochs"};
  EXPECT_EQ(nowhere.load_or_create(kMonth).error(), EpochError::missing);
  write("x");  // no folder, no file
  std::ofstream(folder_) << "a file where the folder should be";
  EXPECT_EQ(files().load_or_create(kMonth).error(), EpochError::missing);
  EXPECT_THROW((void)ring()->sealing_kek({}), std::runtime_error);
}

TEST_F(Epochs, ADestroyedEpochIsGoneForEver) {
  ASSERT_TRUE(files().load_or_create(kMonth));
  std::filesystem::create_hard_link(path(), path("copy"));
  ASSERT_TRUE(files().destroy(kMonth));
  EXPECT_FALSE(std::filesystem::exists(path()));
  std::ifstream copy(path("copy"), std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(copy), {}), std::string(65, '\0'))
      << "it was overwritten before it was taken away";
  EXPECT_EQ(files().load(kMonth).error(), EpochError::destroyed);
  EXPECT_EQ(files().load_or_create(kMonth).error(), EpochError::destroyed);
  EXPECT_TRUE(files().destroy(kMonth)) << "again";
  write(std::string(64, 'a'));  // a backup of it came back
  ASSERT_EQ(chmod(path().c_str(), 0600), 0);
  EXPECT_EQ(files().load(kMonth).error(), EpochError::destroyed);
  auto const states = files().list().value();
  ASSERT_EQ(states.size(), 1U);
  EXPECT_TRUE(states[0].present && states[0].destroyed);
  EXPECT_TRUE(files().destroy(kMonth)) << "what a cut left is finished";
  EXPECT_FALSE(std::filesystem::exists(path()));
  EXPECT_EQ(files().destroy(202610).error(), EpochError::missing);
}

TEST_F(Epochs, TheListKnowsMonthsOnly) {
  EXPECT_TRUE(files().list().value().empty());
  ASSERT_TRUE(files().load_or_create(202612));
  ASSERT_TRUE(files().load_or_create(202601));
  for (char const* name : {"2026-13", "2026-1", "readme", ".new-00", "20261-1", "2026-111"}) {
    std::ofstream(path(name)) << "x";
  }
  auto const states = files().list().value();
  ASSERT_EQ(states.size(), 2U);
  EXPECT_EQ(states[0].month, 202601);
  EXPECT_EQ(states[1].month, 202612);
  EXPECT_TRUE(states[0].present && !states[0].destroyed);
}

TEST_F(Epochs, LeadsAreSealedUnderTheEpochOfNowWheneverTheyWereCaptured) {
  auto const keys = ring();
  auto const sealed = seal_contact(*keys, lead_, kNow - std::chrono::days{60}, "contact");
  EXPECT_EQ(sealed.key_row.kek_id, kEpochKeks + kMonth);
  EXPECT_EQ(open_contact(*keys, lead_, sealed.key_row, sealed.sealed).value().view(), "contact");
  now_ = kNow + std::chrono::days{10};
  EXPECT_THROW((void)keys->sealing_kek({}), std::runtime_error) << "nobody made the next one";
  ASSERT_TRUE(keys->epochs()->prepare(202612));
  EXPECT_EQ(seal_contact(*keys, lead_, kNow, "contact").key_row.kek_id, kEpochKeks + 202612);
  EXPECT_TRUE(open_contact(*keys, lead_, sealed.key_row, sealed.sealed)) << "the turn of a month";
  EXPECT_EQ(files().list().value().size(), 2U);
}

TEST_F(Epochs, RootAndEpochAreBothNeeded) {
  auto const sealed = seal_contact(*ring(), lead_, kNow, "contact");
  auto const opens = [&](KeyRing const& keys) {
    return open_contact(keys, lead_, sealed.key_row, sealed.sealed).has_value();
  };
  EXPECT_TRUE(opens(*ring()));
  EXPECT_FALSE(opens(*ring({}, 'o'))) << "another root, the same file";
  EXPECT_FALSE(opens(KeyRing(root_of('r')))) << "the root alone";
  write(std::string(64, 'a'));
  EXPECT_FALSE(opens(*ring())) << "another file, the same root";
}

TEST_F(Epochs, WhatWasSealedBeforeThereWereEpochsStaysReadable) {
  KeyRing const before(root_of('r'));
  auto const sealed = seal_contact(before, lead_, kNow, "contact");
  EXPECT_EQ(sealed.key_row.kek_id, kMonth);
  auto const keys = ring();
  EXPECT_EQ(open_contact(*keys, lead_, sealed.key_row, sealed.sealed).value().view(), "contact");
  auto const to = keys->sealing_kek({}).id;
  auto const moved = rewrap_lead_key(*keys, lead_, sealed.key_row, to);
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->kek_id, kEpochKeks + kMonth);
  EXPECT_EQ(open_contact(*keys, lead_, *moved, sealed.sealed).value().view(), "contact");
  EXPECT_FALSE(open_contact(before, lead_, *moved, sealed.sealed));
}

TEST_F(Epochs, ARunningServerStopsUsingADestroyedEpoch) {
  auto const server = ring();
  auto const sealed = seal_contact(*server, lead_, kNow, "contact");
  ASSERT_TRUE(open_contact(*server, lead_, sealed.key_row, sealed.sealed));
  now_ = kNow + std::chrono::days{31};
  ASSERT_TRUE(files().destroy(kMonth));  // by another process
  EXPECT_EQ(open_contact(*server, lead_, sealed.key_row, sealed.sealed).error(),
            SealError::unknown_key);
  EXPECT_EQ(server->contact_kek(kEpochKeks + kMonth).error(), KeyRingError::destroyed_key);
  EXPECT_TRUE(server->contact_kek(kMonth)) << "the same month's other key";
}

TEST_F(Epochs, ADestroyedEpochIsLetGoOfByTheLookAtIt) {
  auto const server = ring(std::chrono::hours{1});
  auto const id = kEpochKeks + kMonth;
  (void)server->sealing_kek({});
  std::weak_ptr<crypto::AeadKey const> const held = *server->contact_kek(id);
  ASSERT_TRUE(files().destroy(kMonth));
  EXPECT_TRUE(server->contact_kek(id)) << "trusted for the hour that this ring was told";
  EXPECT_FALSE(held.expired());
  server->epochs()->forget_destroyed();
  EXPECT_TRUE(held.expired()) << "wiped";
  EXPECT_EQ(server->contact_kek(id).error(), KeyRingError::destroyed_key);
  EXPECT_LE(EpochKeys::kTrust, std::chrono::seconds{1});
}

TEST_F(Epochs, ACheckValueTellsFilesApart) {
  auto const keys = ring();
  (void)keys->sealing_kek({});
  auto const check = keys->epochs()->check_value(kMonth).value();
  EXPECT_EQ(check.size(), 16U);
  EXPECT_EQ(ring()->epochs()->check_value(kMonth).value(), check);
  write(std::string(64, 'a'));
  EXPECT_NE(ring()->epochs()->check_value(kMonth).value(), check);
}

TEST_F(Epochs, AFileThatIsNotTheNotedOneSealsAndOpensNothing) {
  auto const keys = ring();
  (void)keys->sealing_kek({});
  keys->epochs()->note(kMonth, keys->epochs()->check_value(kMonth).value());
  EXPECT_NO_THROW((void)keys->sealing_kek({}));
  std::filesystem::rename(path(), path("away"));
  EXPECT_THROW((void)keys->sealing_kek({}), std::runtime_error);
  EXPECT_FALSE(std::filesystem::exists(path())) << "one out of sight is not made again";
  write(std::string(64, 'a'));
  ASSERT_EQ(chmod(path().c_str(), 0600), 0);
  EXPECT_THROW((void)keys->sealing_kek({}), std::runtime_error) << "another one";
  EXPECT_THROW((void)keys->contact_kek(kEpochKeks + kMonth), std::runtime_error);
  std::filesystem::rename(path("away"), path());
  EXPECT_NO_THROW((void)keys->sealing_kek({}));
  keys->epochs()->note(kMonth, std::string(16, 'x'));
  EXPECT_THROW((void)keys->sealing_kek({}), std::runtime_error) << "what it held in memory too";
}

TEST_F(Epochs, ATombstoneIsTakenBackWhileTheFileStands) {
  auto const keys = ring();
  ASSERT_TRUE(files().mark(kMonth));
  EXPECT_EQ(keys->contact_kek(kEpochKeks + kMonth).error(), KeyRingError::destroyed_key);
  ASSERT_TRUE(files().unmark(kMonth));
  EXPECT_TRUE(keys->contact_kek(kEpochKeks + kMonth));
  ASSERT_TRUE(files().destroy(kMonth));
  EXPECT_EQ(files().unmark(kMonth).error(), EpochError::missing);
  EXPECT_EQ(files().load_or_create(kMonth).error(), EpochError::destroyed);
}

TEST_F(Epochs, DestroyingSweepsWhatAKilledCreatorLeft) {
  ASSERT_TRUE(files().load_or_create(kMonth));
  std::filesystem::create_hard_link(path(), path(".new-00"));
  auto const long_ago = std::filesystem::file_time_type::clock::now() - std::chrono::hours{1};
  std::filesystem::last_write_time(path(), long_ago);
  std::ofstream(path(".new-01")) << "old";
  std::filesystem::last_write_time(path(".new-01"), long_ago);
  std::ofstream(path(".new-02")) << "just being made";
  ASSERT_TRUE(files().destroy(kMonth));
  EXPECT_FALSE(std::filesystem::exists(path(".new-01")));
  EXPECT_TRUE(std::filesystem::exists(path(".new-02")));
  std::ifstream linked(path(".new-00"), std::ios::binary);
  auto const left = std::string(std::istreambuf_iterator<char>(linked), {});
  EXPECT_TRUE(left.empty() || left == std::string(65, '\0')) << "its bytes went with the file's";
}

TEST_F(Epochs, WhatWaitsForItsLeadGoesWithTheEpoch) {
  SealPlace const place{"form_submission", 7, "row", "sealed"};
  KeyRing const before(root_of('r'));
  auto const old = seal_waiting(before, kNow, place, "person");
  auto const keys = ring();
  EXPECT_EQ(open_waiting(*keys, place, old).value().view(), "person") << "the secret box";
  auto const fresh = seal_waiting(*keys, kNow, place, "person");
  EXPECT_EQ(sealed_key_id(fresh).value(), kEpochKeks + kMonth);
  EXPECT_EQ(open_waiting(*keys, place, fresh).value().view(), "person");
  ASSERT_TRUE(files().destroy(kMonth));
  EXPECT_EQ(open_waiting(*keys, place, fresh).error(), SealError::unknown_key);
  EXPECT_TRUE(open_waiting(*keys, place, old));
  EXPECT_EQ(open_waiting(*keys, place, "x").error(), SealError::malformed);
}

}  // namespace
}  // namespace leadex::privacy
