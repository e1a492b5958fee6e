// Sequential plans, modes of inspection, second opinions and people who are not reached, from the
// upload to the verdict on a real database.

#include <gtest/gtest.h>

#include <algorithm>

#include "matching/quality/lot_verdict.hpp"
#include "server/app/plan_lot.hpp"
#include "server/app/source_standing.hpp"
#include "tests/server/intake/upload/lot_rig.hpp"

namespace leadex::test {
namespace {

using quality::InspectionMode;
using storage::BatchStatus;
using storage::CheckStatus;
using storage::CheckVerdict;
using storage::LotDecision;

constexpr char const* kSequential = R"({"spot_check":{"method":"sequential"}})";
constexpr char const* kAllTwice = R"({"spot_check":{"second_opinion_bp":10000}})";
constexpr app::Actor kSecond{.principal_no = 32, .tenant_no = 30};
constexpr app::Actor kThird{.principal_no = 33, .tenant_no = 30};

CheckVerdict all_good(std::int64_t) { return CheckVerdict::good; }
CheckVerdict all_bad(std::int64_t) { return CheckVerdict::bad; }

std::int64_t done_of(std::vector<storage::SpotCheck> const& checks) {
  return std::ranges::count(checks, CheckStatus::done, &storage::SpotCheck::status);
}

class Inspection : public testing::Test {
 protected:
  static std::string text(LotRig& rig, std::uint64_t rows, std::uint64_t seed) {
    return LotRig::text_of(rig.file(rows, seed, 0), rows);
  }
  static storage::Batch upload(LotRig& rig, std::uint64_t rows, std::uint64_t seed) {
    return rig.upload(text(rig, rows, seed));
  }
  static void stand(LotRig& rig, quality::Standing const& standing) {
    rig.save_source({.tenant_no = LotRig::kGenerator, .standing = standing});
  }
  static InspectionMode mode(LotRig& rig) { return rig.source().standing.mode; }
  static void reject(LotRig& rig, std::uint64_t seed) {
    auto const batch = upload(rig, 40, seed);
    ASSERT_EQ(rig.judge_all(batch.id, all_bad).decision, LotDecision::rejected);
    ASSERT_EQ(rig.run(rig.finisher->finish(batch.id)), app::LotFinish::done);
  }
  static void accept(LotRig& rig, std::uint64_t seed) {
    auto const batch = upload(rig, 60, seed);
    ASSERT_EQ(rig.judge_all(batch.id, all_good).decision, LotDecision::accepted);
    ASSERT_EQ(rig.run(rig.finisher->finish(batch.id)), app::LotFinish::done);
  }
  /// Verifiers that can be asked, so that no admin is needed.
  static void hire(LotRig& rig, std::vector<app::Actor> const& verifiers) {
    pqxx::connection owner{rig.files.owner()};
    pqxx::work work{owner};
    work.exec("insert into leadex.tenant (tenant_no, role, name) values (30, 'verifier', 'V')");
    for (auto const& actor : verifiers) {
      work.exec_params(
          "insert into leadex.principal (principal_no, tenant_no, name) values ($1, 30, 'V')",
          actor.principal_no);
      work.exec_params(
          "insert into leadex.api_key (key_no, tenant_no, principal_no, digest, kind, shown_first, "
          "shown_last) values ($1, 30, $1, sha256($2::text::bytea), 'live', 'a', 'b')",
          actor.principal_no, std::to_string(actor.principal_no));
    }
    work.commit();
  }
  /// What the key of a verifier may do.
  static void allow(LotRig& rig, app::Actor const& verifier, std::string const& scopes) {
    pqxx::connection owner{rig.files.owner()};
    pqxx::work work{owner};
    work.exec_params("update leadex.api_key set scopes = $2::text[] where principal_no = $1",
                     verifier.principal_no, scopes);
    work.commit();
  }
  static std::optional<app::LotRefusal> claim(LotRig& rig, CheckId check, app::Actor actor) {
    auto const claimed = rig.run(app::claim_check(rig.lots(), check, actor));
    if (claimed) return std::nullopt;
    return std::get<app::LotRefusal>(claimed.error());
  }
  static std::size_t lots_to_look_at(LotRig& rig) {
    auto job = [](storage::LotTx& tx) {
      return tx.batches().waiting_lots(LotRig::kMarket, 0, 10).size();
    };
    return *rig.run(rig.store.transact(job));
  }
  static std::size_t queue_of(LotRig& rig, app::Actor actor) {
    auto job = [actor](storage::LotTx& tx) {
      return tx.inspection().queue({.limit = 500}, actor.principal_no).size();
    };
    return *rig.run(rig.store.transact(job));
  }
};

TEST_F(Inspection, ASequentialSampleGrowsAsVerdictsComeAndStopsEarly) {
  LotRig rig{kSequential};
  auto const batch = upload(rig, 500, 61);
  EXPECT_EQ(batch.sample_size, 123) << "the fixed plan is still what `plan` shows";
  auto const plan = rig.plan(batch.id);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->method, quality::PlanMethod::sequential);
  EXPECT_TRUE(quality::is_sound(plan->steps));
  EXPECT_TRUE(quality::keeps_risks(plan->steps, {}));
  EXPECT_EQ(std::ssize(rig.checks(batch.id)), quality::kOpenAhead);
  EXPECT_EQ(rig.judge_all(batch.id, all_good).decision, LotDecision::accepted);
  auto const checks = rig.checks(batch.id);
  EXPECT_EQ(done_of(checks), plan->steps.accept_from.front());
  EXPECT_LT(done_of(checks), 123);
  EXPECT_LT(std::ssize(checks), done_of(checks) + quality::kOpenAhead);

  auto const bad = upload(rig, 500, 62);
  EXPECT_EQ(rig.judge_all(bad.id, all_bad).decision, LotDecision::rejected);
  EXPECT_LT(done_of(rig.checks(bad.id)), quality::kOpenAhead);
}

TEST_F(Inspection, VerdictsCountAsAnUnbrokenPrefix) {
  LotRig rig{kSequential};
  auto const batch = upload(rig, 500, 63);
  auto const checks = rig.checks(batch.id);
  // All but the first: nothing is decided, however many are bad.
  for (std::size_t i = 1; i < checks.size(); ++i) {
    EXPECT_EQ(rig.judge(checks[i].id, CheckVerdict::bad).batch.decision, LotDecision::pending);
  }
  auto const taken = rig.judge(checks.front().id, CheckVerdict::good);
  EXPECT_EQ(taken.batch.decision, LotDecision::rejected);
}

TEST_F(Inspection, TwoRejectedOfFiveTightenAndHalveTheBuyersRisk) {
  LotRig rig;
  EXPECT_FALSE(rig.source().since);
  reject(rig, 64);
  EXPECT_EQ(mode(rig), InspectionMode::normal);
  reject(rig, 65);
  EXPECT_EQ(mode(rig), InspectionMode::tightened);
  EXPECT_EQ(rig.number("select count(*) from leadex.audit where action = 'source.mode'"), 1);
  auto const source = rig.source();
  EXPECT_EQ(source.lots_rejected, 2);
  EXPECT_EQ(source.bad, source.checked) << "all that was checked was bad";
  auto const batch = upload(rig, 300, 66);
  EXPECT_EQ(batch.mode, storage::LotMode::tightened);
  quality::SpotCheckSettings half;
  half.buyer_risk.bp /= 2;
  EXPECT_EQ(batch.sample_size, quality::plan_spot_check(300, half)->sample_size);
}

TEST_F(Inspection, FiveAcceptedInARowEndTightened) {
  LotRig rig;
  stand(rig, {.mode = InspectionMode::tightened, .accepted_in_row = 4});
  accept(rig, 67);
  EXPECT_EQ(mode(rig), InspectionMode::normal);
}

TEST_F(Inspection, FiveRejectedWhileTightenedStopUntilStaffLiftIt) {
  LotRig rig;
  app::Actor const admin{.principal_no = 1, .tenant_no = 1};
  auto const lift = [&] {
    return rig.run(app::lift_source(rig.lots(), LotRig::kMarket, LotRig::kGenerator, admin));
  };
  stand(rig, {.mode = InspectionMode::tightened, .rejected = 4});
  EXPECT_EQ(std::get<app::LotRefusal>(lift().error()), app::LotRefusal::not_needed);
  auto const on_its_way = upload(rig, 40, 68);
  reject(rig, 69);
  EXPECT_EQ(mode(rig), InspectionMode::stopped);
  // What is on its way is judged, and changes nothing.
  EXPECT_EQ(rig.judge_all(on_its_way.id, all_good).decision, LotDecision::accepted);
  EXPECT_EQ(mode(rig), InspectionMode::stopped);
  EXPECT_EQ(upload(rig, 40, 70).mode, storage::LotMode::tightened) << "began before the stop";
  auto const lifted = lift();
  ASSERT_TRUE(lifted);
  EXPECT_EQ(lifted->standing.mode, InspectionMode::tightened);
  EXPECT_EQ(rig.number("select count(*) from leadex.audit where action = 'source.mode' and "
                       "principal_no = 1"),
            1);
}

TEST_F(Inspection, ACleanRunLeadsToReducedAndToSkip) {
  LotRig rig;
  stand(rig, {.mode = InspectionMode::normal, .accepted_in_row = 9, .checked = 499});
  accept(rig, 71);
  EXPECT_EQ(mode(rig), InspectionMode::reduced);
  auto const batch = upload(rig, 300, 72);
  EXPECT_EQ(batch.mode, storage::LotMode::reduced);
  quality::SpotCheckSettings twice;
  twice.buyer_risk.bp *= 2;
  EXPECT_EQ(batch.sample_size, quality::plan_spot_check(300, twice)->sample_size);
  stand(rig, {.mode = InspectionMode::reduced, .accepted_in_row = 9, .checked = 499});
  accept(rig, 73);
  EXPECT_EQ(mode(rig), InspectionMode::skip);
  stand(rig, {.mode = InspectionMode::reduced, .accepted_in_row = 7, .checked = 300});
  reject(rig, 74);
  EXPECT_EQ(rig.source().standing,
            (quality::Standing{.mode = InspectionMode::normal, .recent = 1}));
}

TEST_F(Inspection, ASmallLotEarnsNoTrust) {
  LotRig rig;
  stand(rig, {.mode = InspectionMode::normal, .accepted_in_row = 9, .checked = 600});
  auto const batch = upload(rig, 12, 75);
  EXPECT_EQ(rig.judge_all(batch.id, all_good).decision, LotDecision::accepted);
  EXPECT_EQ(mode(rig), InspectionMode::normal);
  EXPECT_EQ(rig.source().lots_accepted, 1);
}

TEST_F(Inspection, AProvenSourcesLotsAreLeftOutAsTheCommittedSecretSays) {
  LotRig rig;
  stand(rig, {.mode = InspectionMode::skip});
  int skipped = 0;
  int checked = 0;
  for (std::uint64_t seed = 80; seed < 100 && (skipped == 0 || checked == 0); ++seed) {
    auto const batch = upload(rig, 30, seed);
    ASSERT_EQ(batch.mode, storage::LotMode::skip);
    auto job = [batch](storage::LotTx& tx) {
      return *tx.lots().commitment(batch.id.market, batch.commitment_no);
    };
    auto const commitment = *rig.run(rig.store.transact(job));
    crypto::HmacKey const key{app::open_draw_secret(rig.ring, batch.id.market, commitment)};
    bool const left_out = static_cast<unsigned>(key.sign("skip").front()) < 128U;
    EXPECT_EQ(rig.plan(batch.id)->skipped, left_out);
    if (!left_out) {
      ++checked;
      EXPECT_EQ(batch.decision, LotDecision::pending);
      EXPECT_FALSE(rig.checks(batch.id).empty());
      continue;
    }
    ++skipped;
    EXPECT_EQ(batch.decision, LotDecision::accepted);
    EXPECT_TRUE(rig.checks(batch.id).empty());
    EXPECT_EQ(rig.run(rig.finisher->finish(batch.id)), app::LotFinish::done);
    EXPECT_EQ(rig.batch(batch.id).status, BatchStatus::listed);
  }
  EXPECT_GT(skipped, 0);
  EXPECT_GT(checked, 0);
  EXPECT_EQ(rig.source().standing, (quality::Standing{.mode = InspectionMode::skip}));
  EXPECT_EQ(rig.source().lots_skipped, skipped);
  EXPECT_EQ(rig.number("select count(*) from leadex.audit where action = 'lot.skipped'"), skipped);
  EXPECT_EQ(rig.number("select count(*) from leadex.event where type = 'batch.checked'"), skipped);
}

TEST_F(Inspection, ARejectedFileThatComesAgainIsTightenedAndEarnsNothing) {
  LotRig rig;
  auto const file = text(rig, 60, 101);
  auto const first = rig.upload(file);
  EXPECT_EQ(rig.judge_all(first.id, all_bad).decision, LotDecision::rejected);
  ASSERT_EQ(rig.run(rig.finisher->finish(first.id)), app::LotFinish::done);
  auto const before = rig.source().standing;
  auto const again = rig.upload(file);
  EXPECT_EQ(again.mode, storage::LotMode::tightened);
  EXPECT_TRUE(rig.plan(again.id)->strict);
  EXPECT_EQ(rig.judge_all(again.id, all_good).decision, LotDecision::accepted);
  EXPECT_EQ(rig.source().standing, before);
  EXPECT_EQ(upload(rig, 60, 102).mode, storage::LotMode::normal) << "another file";
}

TEST_F(Inspection, TakingALotBackUnderCheckEndsTrust) {
  LotRig rig;
  storage::BatchViewer const owner{.tenant_no = LotRig::kGenerator};
  app::Actor const actor{.principal_no = 12, .tenant_no = LotRig::kGenerator};
  stand(rig, {.mode = InspectionMode::reduced, .accepted_in_row = 5, .checked = 400});
  auto const file = text(rig, 60, 103);
  auto const first = rig.upload(file);
  ASSERT_TRUE(rig.run(rig.finisher->withdraw(first.id, owner, actor)));
  EXPECT_EQ(rig.source().standing, quality::Standing{});
  EXPECT_TRUE(rig.plan(rig.upload(file).id)->strict) << "the draw did not please";

  auto const second = upload(rig, 300, 104);
  static_cast<void>(rig.judge(rig.checks(second.id).front().id, CheckVerdict::bad));
  ASSERT_TRUE(rig.run(rig.finisher->withdraw(second.id, owner, actor)));
  EXPECT_EQ(rig.source().standing.recent, 1) << "counts as rejected: a bad row was found";
  EXPECT_EQ(rig.source().lots_rejected, 1);
  ASSERT_TRUE(rig.run(rig.finisher->withdraw(second.id, owner, actor)));
  EXPECT_EQ(rig.source().lots_rejected, 1) << "once";
}

TEST_F(Inspection, NobodyIsGivenUpBeforeThreeAttemptsOnTwoDays) {
  LotRig rig;
  auto const batch = upload(rig, 200, 105);
  auto const check = rig.checks(batch.id).front().id;
  auto const open = queue_of(rig, LotRig::kVerifier);
  rig.judge(check, CheckVerdict::unreachable);
  EXPECT_EQ(queue_of(rig, LotRig::kVerifier), open);
  EXPECT_EQ(rig.judge(check, CheckVerdict::unreachable).check.status, CheckStatus::open);
  EXPECT_EQ(rig.ahead.count(), 0);
  EXPECT_EQ(queue_of(rig, LotRig::kVerifier), open - 1);
  EXPECT_EQ(claim(rig, check, LotRig::kVerifier), app::LotRefusal::resting);
  rig.ahead += std::chrono::hours{24};
  EXPECT_EQ(queue_of(rig, LotRig::kVerifier), open);
  auto const taken = rig.judge(check, CheckVerdict::unreachable);
  EXPECT_EQ(taken.check.status, CheckStatus::done);
  EXPECT_EQ(taken.check.attempts, app::kAttemptsMax);
  EXPECT_TRUE(taken.stand_in_needed);
}

TEST_F(Inspection, ARowWhoseContactIsGoneIsGivenUpAndAnotherStandsIn) {
  LotRig rig;
  auto const batch = upload(rig, 200, 110);
  auto const check = rig.checks(batch.id).at(2);
  EXPECT_EQ(lots_to_look_at(rig), 0U) << "nothing is missing yet";
  {
    pqxx::connection owner{rig.files.owner()};
    pqxx::work work{owner};
    work.exec_params("delete from leadex.lead_key where market_id = $1 and lead_no = $2",
                     LotRig::kMarket, check.lead_no);
    work.commit();
  }
  EXPECT_EQ(claim(rig, check.id, LotRig::kVerifier), app::LotRefusal::contact_gone);
  auto const given_up = rig.checks(batch.id).at(2);
  EXPECT_EQ(given_up.status, CheckStatus::done);
  EXPECT_EQ(given_up.verdict, CheckVerdict::unreachable);
  EXPECT_EQ(claim(rig, check.id, LotRig::kVerifier), app::LotRefusal::already_decided);
  auto const other = rig.checks(batch.id).at(1).id;
  auto const refused = rig.run(app::give_up_erased(rig.lots(), other, LotRig::kVerifier));
  ASSERT_FALSE(refused);
  EXPECT_EQ(std::get<app::LotRefusal>(refused.error()), app::LotRefusal::not_needed);
  EXPECT_EQ(lots_to_look_at(rig), 1U);
  for (int i = 0; i < 2; ++i) rig.run(rig.finisher->extend(batch.id));
  EXPECT_EQ(lots_to_look_at(rig), 0U);
  EXPECT_EQ(std::ssize(rig.checks(batch.id)), *batch.sample_size + 1);
  EXPECT_EQ(rig.judge_all(batch.id, all_good).decision, LotDecision::accepted);
}

TEST_F(Inspection, AnotherVerifierJudgesApartAndAThirdDecides) {
  LotRig rig{kAllTwice};
  hire(rig, {LotRig::kVerifier, kSecond, kThird});
  allow(rig, kSecond, "{markets:read,checks:write}");
  auto const batch = upload(rig, 200, 106);
  auto const check = rig.checks(batch.id).front().id;
  auto const open = queue_of(rig, LotRig::kVerifier);
  auto const first = rig.judge(check, CheckVerdict::bad);
  EXPECT_EQ(first.check.status, CheckStatus::open);
  EXPECT_FALSE(first.check.verdict);
  EXPECT_FALSE(first.check.reason) << "what the first one said is nobody's";
  EXPECT_EQ(first.check.attempts, 0);
  EXPECT_FALSE(first.batch.needs_admin);
  EXPECT_EQ(queue_of(rig, LotRig::kVerifier), open - 1);
  EXPECT_EQ(queue_of(rig, kSecond), open);
  EXPECT_EQ(claim(rig, check, LotRig::kVerifier), app::LotRefusal::already_decided);

  auto const second = rig.judge(check, CheckVerdict::good, kSecond);
  EXPECT_EQ(second.check.status, CheckStatus::open) << "they differ";
  EXPECT_EQ(claim(rig, check, kSecond), app::LotRefusal::already_decided);
  auto const third = rig.judge(check, CheckVerdict::good, kThird);
  EXPECT_EQ(third.check.status, CheckStatus::done);
  EXPECT_EQ(third.check.verdict, CheckVerdict::good);

  auto const other = rig.checks(batch.id).at(1).id;
  rig.judge(other, CheckVerdict::good, kThird);
  EXPECT_EQ(rig.judge(other, CheckVerdict::good).check.status, CheckStatus::done);
  auto job = [](storage::LotTx& tx) { return tx.inspection().opinion_table(LotRig::kMarket); };
  auto const table = *rig.run(rig.store.transact(job));
  EXPECT_EQ(table[0][0], 1);
  EXPECT_EQ(table[1][0], 1);
  EXPECT_EQ(quality::agreement_of(table).rows, 2);
  rig.ahead += std::chrono::hours{24 * 91};
  EXPECT_EQ(quality::agreement_of(*rig.run(rig.store.transact(job))).rows, 0) << "too long ago";
}

TEST_F(Inspection, WithoutAnotherVerifierAnAdminDecidesAndADoubtedRowIsNotSold) {
  LotRig rig{kAllTwice};
  hire(rig, {LotRig::kVerifier, kSecond});
  allow(rig, kSecond, "{markets:read}");
  auto const batch = upload(rig, 40, 107);
  auto const check = rig.checks(batch.id).front();
  auto const taken = rig.judge(check.id, CheckVerdict::bad);
  EXPECT_TRUE(taken.batch.needs_admin);
  app::Actor const admin{.principal_no = 1, .tenant_no = 1};
  app::DecideLot const accept{batch.id, LotDecision::accepted, "The others look well"};
  ASSERT_TRUE(rig.run(app::decide_lot(rig.lots(), accept, admin)));
  ASSERT_EQ(rig.run(rig.finisher->finish(batch.id)), app::LotFinish::done);
  EXPECT_EQ(rig.number("select count(*) from leadex.lead where state = 1"), 39);
  EXPECT_EQ(rig.number("select row_no from leadex.lead where state = 3"), check.row_no);
}

TEST_F(Inspection, OnlyAShareOfTheChecksIsJudgedTwiceAndTheSecretSaysWhich) {
  LotRig rig{R"({"spot_check":{"second_opinion_bp":2000}})"};
  auto const batch = upload(rig, 500, 108);
  auto job = [batch](storage::LotTx& tx) {
    return *tx.lots().commitment(batch.id.market, batch.commitment_no);
  };
  auto const commitment = *rig.run(rig.store.transact(job));
  crypto::HmacKey const key{app::open_draw_secret(rig.ring, batch.id.market, commitment)};
  std::int64_t expected = 0;
  for (auto const& check : rig.checks(batch.id)) {
    auto const digest = key.sign("second:" + std::to_string(check.row_no));
    auto const first =
        static_cast<unsigned>(digest.at(0)) << 8U | static_cast<unsigned>(digest.at(1));
    // A fifth of the range; the two bytes decide but once in 65,536.
    bool const twice = first < 65'536U / 5U;
    expected += twice ? 1 : 0;
    EXPECT_EQ(rig.number("select opinions from leadex.spot_check where check_no = " +
                         std::to_string(check.id.no)),
              twice ? 2 : 1);
  }
  EXPECT_GT(expected, 0);
  EXPECT_LT(expected, 123);
}

TEST_F(Inspection, WhoHoldsACheckOfADecidedLotIsFreeForAnother) {
  LotRig rig;
  auto const first = upload(rig, 40, 111);
  auto const held = rig.checks(first.id).back();
  EXPECT_EQ(claim(rig, held.id, kSecond), std::nullopt);
  auto const next = upload(rig, 40, 112);
  auto const other = rig.checks(next.id).front().id;
  EXPECT_EQ(claim(rig, other, kSecond), app::LotRefusal::holds_another);
  // A bad row is enough: the first lot is decided while the last of its checks is held.
  for (auto const& check : rig.checks(first.id)) {
    if (rig.judge(check.id, CheckVerdict::bad).batch.decision != LotDecision::pending) break;
  }
  ASSERT_EQ(rig.batch(first.id).decision, LotDecision::rejected);
  EXPECT_EQ(claim(rig, other, kSecond), std::nullopt);
}

TEST_F(Inspection, ALotFromBeforePlansWereStoredIsJudgedByItsFixedPlan) {
  LotRig rig;
  auto const batch = upload(rig, 60, 109);
  {
    pqxx::connection owner{rig.files.owner()};
    pqxx::work work{owner};
    work.exec("alter table leadex.lot_plan disable trigger all");
    work.exec("delete from leadex.lot_plan");
    work.commit();
  }
  EXPECT_FALSE(rig.plan(batch.id));
  EXPECT_EQ(rig.judge_all(batch.id, all_good).decision, LotDecision::accepted);
  EXPECT_EQ(done_of(rig.checks(batch.id)), *batch.sample_size);
}

}  // namespace
}  // namespace leadex::test
