#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "server/cli/client/api.hpp"
#include "server/cli/client/connection.hpp"
#include "server/cli/client/credentials.hpp"
#include "server/cli/client/demo_people.hpp"
#include "server/cli/client/private_file.hpp"
#include "server/cli/client/seed_markets.hpp"
#include "server/cli/client/table.hpp"

namespace leadex::cli {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    auto name = (fs::temp_directory_path() / "leadex_cli_XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(Folder const&) = delete;
  Folder& operator=(Folder const&) = delete;
  [[nodiscard]] std::string file(std::string const& name) const { return (path_ / name).string(); }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

Answer problem(int status, std::string const& body) {
  Answer answer;
  answer.status = status;
  answer.body = body;
  if (auto parsed = json::parse(body)) answer.document = std::move(*parsed);
  return answer;
}

TEST(JsonObject, WritesEachKindOfMember) {
  EXPECT_EQ(json_object({{"a", "x\"y"},
                         {"b", std::int64_t{-3}},
                         {"c", true},
                         {"d", RawJson{"[1]"}},
                         {"e", money("1.50", "USD")}}),
            R"({"a":"x\"y","b":-3,"c":true,"d":[1],"e":{"amount":"1.50","currency":"USD"}})");
  EXPECT_EQ(json_object({}), "{}");
}

TEST(QueryEncode, LeavesOnlyUnreservedCharacters) {
  EXPECT_EQ(query_encode("auto-insurance.us.usd"), "auto-insurance.us.usd");
  EXPECT_EQ(query_encode("a b&c=d/\xC3\xA4"), "a%20b%26c%3Dd%2F%C3%A4");
}

TEST(ExitCode, FollowsTheStatusOfTheAnswer) {
  EXPECT_EQ(exit_code_of(401), kNotAllowed);
  EXPECT_EQ(exit_code_of(403), kNotAllowed);
  EXPECT_EQ(exit_code_of(404), kNotFound);
  EXPECT_EQ(exit_code_of(409), kConflict);
  EXPECT_EQ(exit_code_of(412), kConflict);
  EXPECT_EQ(exit_code_of(422), kFailed);
  EXPECT_EQ(exit_code_of(500), kFailed);
  EXPECT_EQ(exit_code_of(503), kUnreachable);
}

TEST(Refusal, NamesCodeSentenceFaultsAndRequest) {
  Refusal const refusal(
      problem(422, R"({"code":"validation_failed","detail":"Two faults.","request_id":"req1",
                       "errors":[{"pointer":"/a","code":"too_big","detail":"Too big."}]})"),
      "POST /v1/x");
  EXPECT_EQ(refusal.exit_code(), kFailed);
  EXPECT_EQ(refusal.code(), "validation_failed");
  EXPECT_STREQ(refusal.what(),
               "POST /v1/x: 422 validation_failed: Two faults.\n  /a too_big: Too big.\n"
               "  request req1");
}

TEST(Refusal, OfAnAnswerWithoutBodyNamesTheStatus) {
  EXPECT_STREQ(Refusal(problem(500, ""), "GET /v1/x").what(), "GET /v1/x: the server answered 500");
}

TEST(JsonView, SaysWhenTheAnswerHasAnotherShape) {
  auto const document = json::parse(R"({"n":1,"t":"x","m":{"amount":"-2.5","currency":"USD"}})");
  JsonView const view{*document};
  EXPECT_EQ(view["n"].integer(), 1);
  EXPECT_EQ(view["m"].micros(), -2'500'000);
  EXPECT_EQ(view["m"].money(), "-2.5 USD");
  EXPECT_TRUE(view["missing"].is_null());
  EXPECT_EQ(view["missing"].shown(), "-");
  EXPECT_THROW((void)view["t"].integer(), Failure);
  EXPECT_THROW((void)view["n"].text(), Failure);
  EXPECT_THROW((void)view["t"].items(), Failure);
  EXPECT_THROW((void)view["t"]["deeper"], Failure);
}

TEST(Table, AlignsFiguresRightAndTextLeft) {
  Table table({"name", "n"});
  table.add({"Bj\xC3\xB6rn", "7"});
  table.add({"Al", "120"});
  EXPECT_EQ(table.text(), "name     n\nBj\xC3\xB6rn    7\nAl     120\n");
}

TEST(Table, TakesTheEdgeOffControlCharacters) {
  Table table({"name"});
  table.add({"a\x1B[31mb\nc"});
  EXPECT_EQ(table.text(), "name\na?[31mb?c\n");
}

TEST(Connection, FlagsBeatTheEnvironmentWhichBeatsThisMachine) {
  Folder const var;
  Environment const environment{{"LEADEX_VAR", var.path()}, {"LEADEX_PORT", "9443"}};
  EXPECT_EQ(find_server({}, environment).base_url, "https://127.0.0.1:9443");
  EXPECT_EQ(find_server({}, environment).ca_file, "");
  auto named = environment;
  named["LEADEX_BASE_URL"] = "https://exchange.example";
  EXPECT_EQ(find_server({}, named).base_url, "https://exchange.example");
  EXPECT_EQ(find_server({.base_url = "https://other.example"}, named).base_url,
            "https://other.example");
}

TEST(Connection, TrustsTheDevelopmentAuthorityForThisMachineOnly) {
  Folder const var;
  fs::create_directory(var.file("dev"));
  std::ofstream(var.file("dev/ca.pem")) << "x";
  Environment const environment{{"LEADEX_VAR", var.path()}};
  EXPECT_EQ(find_server({}, environment).ca_file, var.file("dev/ca.pem"));
  EXPECT_EQ(find_server({.base_url = "https://exchange.example"}, environment).ca_file, "");
}

TEST(Connection, FindsTheKeyOrSaysThatThereIsNone) {
  Folder const var;
  write_private_file(var.file("key"), "lxk_dev_file\n");
  Environment environment{{"LEADEX_VAR", var.path()}};
  try {
    (void)find_access({}, environment);
    FAIL() << "there was no key";
  } catch (Failure const& failure) {
    EXPECT_EQ(failure.exit_code(), kNotAllowed);
  }
  environment["LEADEX_KEY"] = "lxk_dev_environment";
  EXPECT_EQ(find_access({}, environment).key, "lxk_dev_environment");
  EXPECT_EQ(find_access({.key_file = var.file("key")}, environment).key, "lxk_dev_file");
  EXPECT_EQ(find_access({.key = "lxk_dev_flag"}, environment).key, "lxk_dev_flag");
  EXPECT_THROW((void)find_access({.key_file = var.file("none")}, environment), Failure);
}

TEST(PrivateFile, IsForItsOwnerAloneWhateverStoodThere) {
  Folder const folder;
  auto const path = folder.file("credentials.json");
  std::ofstream(path) << "old";
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  write_private_file(path, "new");
  struct stat facts {};
  ASSERT_EQ(::stat(path.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
  EXPECT_EQ(read_small_file(path), "new");
  EXPECT_THROW(write_private_file(folder.file("none/here"), "x"), Failure);
}

TEST(Credentials, ComeBackAsTheyWereWritten) {
  Folder const folder;
  auto const path = folder.file("credentials.json");
  EXPECT_FALSE(read_credentials(path));
  Credentials const made{.base_url = "https://127.0.0.1:8443",
                         .ca_file = "dev/ca.pem",
                         .admin_key = "k1",
                         .admin2_key = "k2",
                         .auditor_key = "k3",
                         .verifier_key = "k4",
                         .generators = {{"acct_1", "k5"}, {"acct_2", "k6"}},
                         .buyers = {{"acct_3", "k7"}},
                         .market = "auto-insurance.us.usd"};
  write_private_file(path, to_json(made));
  auto const read = read_credentials(path);
  ASSERT_TRUE(read);
  EXPECT_EQ(to_json(*read), to_json(made));
  EXPECT_EQ(read->all_keys(), (std::vector<std::string>{"k1", "k2", "k3", "k4", "k5", "k6", "k7"}));
  write_private_file(path, R"({"base_url":"x"})");
  EXPECT_THROW((void)read_credentials(path), Failure);
}

TEST(SeedMarkets, AreJsonAndDifferInTheirWindows) {
  auto const seed = json::parse(seed_market_body());
  auto const demo = json::parse(demo_market_body());
  ASSERT_TRUE(seed && demo);
  EXPECT_EQ(JsonView{*seed}["return_window_s"].integer(), 604'800);
  EXPECT_EQ(JsonView{*demo}["return_window_s"].integer(), kDemoReturnSeconds);
  EXPECT_EQ(JsonView{*seed}["id"].text(), kSeedMarket);
  auto const states = JsonView{*seed}["attributes"]["properties"]["state"]["enum"].items();
  EXPECT_EQ(states.size(), 51U);
}

TEST(DemoFile, HasItsRowsAndOtherPeopleForAnotherSeed) {
  Timestamp const now = from_unix_micros(1'790'000'000'000'000);
  auto const file = make_demo_file(1, now);
  EXPECT_EQ(file.rows, 200);
  EXPECT_EQ(std::ranges::count(file.csv, '\n'), file.rows + 1);
  EXPECT_EQ(file.csv, make_demo_file(1, now).csv);
  EXPECT_NE(file.csv, make_demo_file(2, now).csv);
  std::set<std::string> lines;
  std::istringstream text(file.csv);
  for (std::string line; std::getline(text, line);) lines.insert(line);
  EXPECT_EQ(lines.size(), 201U);
  EXPECT_TRUE(std::ranges::is_sorted(file.faults, {}, &PlantedFault::row));
}

}  // namespace
}  // namespace leadex::cli
