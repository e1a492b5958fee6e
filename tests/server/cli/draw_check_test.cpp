#include "server/cli/client/draw_check.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "server/cli/exit_code.hpp"

namespace leadex::cli {
namespace {

// Recorded from another program: Python's hmac and hashlib over the secret 00 01 … 1f and the rows
// 1-9, 12, 20-25.
constexpr char const* kFile = "058cdec16afe0385bba8b100e87acad0be8d8738684ec05ea058d9b74537d922";
constexpr char const* kCommitment =
    "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd";
constexpr char const* kAnswer = R"({
  "mode": "normal", "method": "fixed", "verdict": "accepted",
  "plan": {"lot_size": 16, "sample_size": 4, "acceptance_number": 0},
  "commitment_no": 7,
  "commitment": "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd",
  "file_sha256": "058cdec16afe0385bba8b100e87acad0be8d8738684ec05ea058d9b74537d922",
  "accepted_rows": ["1-9", "12", "20-25"],
  "secret": "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
  "sample": [
    {"check_id": "chk_a", "row": 8, "lead_id": "lead_a", "verdict": "good", "reason": "confirmed"},
    {"check_id": "chk_b", "row": 2, "lead_id": "lead_b", "verdict": "good", "reason": "confirmed"},
    {"check_id": "chk_c", "row": 25, "lead_id": "lead_c", "verdict": "good", "reason": "confirmed"},
    {"check_id": "chk_d", "row": 24, "lead_id": "lead_d", "verdict": "good", "reason": "confirmed"}
  ]})";

RevealedDraw recorded() {
  auto const document = json::parse(kAnswer);
  return read_draw(JsonView{*document});
}

int exit_code_of_reading(std::string const& text) {
  auto const document = json::parse(text);
  try {
    (void)read_draw(JsonView{*document});
  } catch (Failure const& failure) {
    return failure.exit_code();
  }
  return kOk;
}

TEST(DrawCheck, OrderIsTheRecordedOne) {
  EXPECT_EQ(draw_order(recorded()),
            (std::vector<std::int64_t>{8, 2, 25, 24, 5, 21, 3, 22, 9, 12, 6, 1, 20, 23, 7, 4}));
}

TEST(DrawCheck, TheRecordedDrawHolds) {
  auto const draw = recorded();
  EXPECT_EQ(draw.file_sha256, kFile);
  EXPECT_EQ(draw.commitment, kCommitment);
  auto const findings = check_draw(draw);
  EXPECT_TRUE(findings.all_hold());
  EXPECT_EQ(findings.expected_rows, (std::vector<std::int64_t>{8, 2, 25, 24}));
}

TEST(DrawCheck, TheOrderInWhichTheSampleIsShownDoesNotMatter) {
  auto draw = recorded();
  std::ranges::reverse(draw.sampled_rows);
  EXPECT_TRUE(check_draw(draw).all_hold());
}

TEST(DrawCheck, AnotherSecretBreaksCommitmentAndSample) {
  auto draw = recorded();
  draw.secret[0] = 'x';
  EXPECT_FALSE(check_draw(draw).commitment_holds);
  EXPECT_FALSE(check_draw(draw).sample_holds);
}

TEST(DrawCheck, AnotherRowOrAnotherFileBreaksTheSample) {
  auto draw = recorded();
  draw.sampled_rows.back() = 4;
  EXPECT_FALSE(check_draw(draw).sample_holds);
  draw = recorded();
  draw.file_sha256[0] = '1';
  EXPECT_FALSE(check_draw(draw).sample_holds);
  EXPECT_TRUE(check_draw(draw).commitment_holds);
}

TEST(DrawCheck, ARowTwiceIsNoSample) {
  auto draw = recorded();
  draw.sampled_rows = {8, 2, 25, 25};
  EXPECT_FALSE(check_draw(draw).sample_holds);
}

TEST(DrawCheck, TooFewRowsOrUnplannedOnesBreakTheSize) {
  auto draw = recorded();
  draw.sampled_rows.pop_back();
  EXPECT_FALSE(check_draw(draw).size_holds);
  draw = recorded();
  draw.sampled_rows.push_back(5);
  EXPECT_FALSE(check_draw(draw).size_holds);
  draw.unreachable = 1;  // the fifth row stands in
  EXPECT_TRUE(check_draw(draw).all_hold());
}

/// The recorded draw under a plan that accepts three good rows and rejects at the second bad one.
RevealedDraw sequential(std::vector<std::string> verdicts, std::string verdict) {
  auto draw = recorded();
  draw.sequential = true;
  draw.accept_at = {-1, -1, -1, 0, 0, 1};
  draw.reject_at = {2, 2, 2, 2, 2, 2};
  draw.verdicts = std::move(verdicts);
  draw.verdict = std::move(verdict);
  return draw;
}

TEST(DrawCheck, ASequentialVerdictIsThatOfItsBounds) {
  EXPECT_TRUE(check_draw(sequential({"good", "good", "good", ""}, "accepted")).all_hold());
  EXPECT_TRUE(check_draw(sequential({"bad", "unreachable", "bad", ""}, "rejected")).all_hold());
  EXPECT_FALSE(check_draw(sequential({"good", "good", "good", ""}, "rejected")).verdict_holds);
  EXPECT_FALSE(check_draw(sequential({"bad", "good", "good", ""}, "accepted")).verdict_holds);
  // A gap ends the prefix, whatever comes behind it.
  EXPECT_FALSE(check_draw(sequential({"good", "", "good", "good"}, "accepted")).verdict_holds);
  auto judged = sequential({"bad", "good", "good", ""}, "accepted");
  judged.by_admin = true;
  EXPECT_TRUE(check_draw(judged).verdict_holds);
}

TEST(DrawCheck, WhetherAnAdminJudgedIsRead) {
  std::string answer{kAnswer};
  answer.insert(answer.find("\"plan\""), R"("needs_admin": false, "judged_by_admin": true, )");
  EXPECT_TRUE(read_draw(JsonView{*json::parse(answer)}).by_admin);
  EXPECT_FALSE(recorded().by_admin);
}

TEST(DrawCheck, ASequentialSampleEndsSoonAfterWhatDecidedIt) {
  auto draw = sequential({"good", "good", "good", ""}, "accepted");
  draw.sampled_rows = draw_order(draw);
  EXPECT_TRUE(check_draw(draw).size_holds) << "13 open beside 3";
  draw.accepted_rows = expand_ranges({"1-40"});
  draw.sampled_rows = draw_order(draw);
  draw.sampled_rows.resize(19);
  EXPECT_TRUE(check_draw(draw).size_holds) << "16 open beside 3";
  draw.sampled_rows = draw_order(draw);
  draw.sampled_rows.resize(20);
  EXPECT_FALSE(check_draw(draw).size_holds) << "17 open beside 3";
  draw.sampled_rows.resize(2);
  EXPECT_FALSE(check_draw(draw).size_holds);
}

TEST(DrawCheck, WhetherALotIsLeftOutIsDrawnToo) {
  // Python: hmac.new(bytes(range(32)), b"skip", "sha256").hexdigest() begins with 9f.
  auto draw = recorded();
  draw.skip_mode = true;
  draw.skipped = false;
  draw.sampled_rows.clear();
  EXPECT_EQ(check_draw(draw).skip_holds, true);
  draw.skipped = !draw.skipped;
  EXPECT_FALSE(check_draw(draw).skip_holds);
  draw = recorded();
  draw.skipped = true;
  EXPECT_FALSE(check_draw(draw).skip_holds) << "only a proven source's lots are left out";
}

TEST(DrawCheck, MoreRowsThanTheLotHasDoNotHold) {
  auto draw = recorded();
  draw.accepted_rows = {8, 2};
  EXPECT_FALSE(check_draw(draw).sample_holds);
}

TEST(DrawCheck, BeforeTheVerdictThereIsNothingToCheck) {
  EXPECT_EQ(exit_code_of_reading(R"({"secret":null,"sample":null})"), kConflict);
}

TEST(DrawCheck, OddAnswersAreFailures) {
  std::string const answer{kAnswer};
  auto with = [&answer](std::string const& from, std::string const& to) {
    auto changed = answer;
    changed.replace(changed.find(from), from.size(), to);
    return changed;
  };
  EXPECT_EQ(exit_code_of_reading(answer), kOk);
  EXPECT_EQ(exit_code_of_reading(with("000102", "0102")), kFailed);
  EXPECT_EQ(exit_code_of_reading(with("\"1-9\"", "\"9-1\"")), kFailed);
  EXPECT_EQ(exit_code_of_reading(with("\"1-9\"", "\"1-99999999999\"")), kFailed);
  EXPECT_EQ(exit_code_of_reading(with("\"1-9\"", "\"one\"")), kFailed);
  EXPECT_EQ(exit_code_of_reading(with("\"row\": 8", "\"row\": \"8\"")), kFailed);
}

TEST(DrawCheck, RangesExpandInOrder) {
  EXPECT_EQ(expand_ranges({"1-3", "7"}), (std::vector<std::int64_t>{1, 2, 3, 7}));
  EXPECT_TRUE(expand_ranges({}).empty());
  for (std::string const wrong : {"", "-", "1-", "-2", "0", "1-2-3", "1 ", "+1"}) {
    EXPECT_THROW((void)expand_ranges({wrong}), Failure) << wrong;
  }
}

}  // namespace
}  // namespace leadex::cli
