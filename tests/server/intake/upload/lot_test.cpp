#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <thread>

#include "server/crypto/hash.hpp"
#include "tests/server/intake/upload/lot_rig.hpp"

namespace leadex::test {
namespace {

using storage::BatchStatus;
using storage::CheckVerdict;
using storage::LotDecision;

/// All accepted rows in draw order, from what is public once the secret is out.
std::vector<std::int64_t> draw_order(LotRig& rig, storage::Batch const& batch) {
  auto job = [batch](storage::LotTx& tx) {
    return *tx.lots().commitment(batch.id.market, batch.commitment_no);
  };
  auto const commitment = *rig.run(rig.store.transact(job));
  auto const secret = app::open_draw_secret(rig.ring, batch.id.market, commitment);
  EXPECT_EQ(crypto::view_of(crypto::sha256(secret.view())), commitment.commitment);
  crypto::HmacKey const key{secret.clone()};
  std::vector<bool> refused(static_cast<std::size_t>(batch.counts.read) + 1);
  for (auto const& reject : rig.rejects(batch.id)) {
    refused.at(static_cast<std::size_t>(reject.row_no)) = true;
  }
  std::vector<std::pair<std::string, std::int64_t>> tickets;
  for (std::int64_t row = 1; row <= batch.counts.read; ++row) {
    if (refused.at(static_cast<std::size_t>(row))) continue;
    auto const message = crypto::hex_encode(*batch.file_sha256) + ":" + std::to_string(row);
    tickets.emplace_back(crypto::hex_encode(crypto::view_of(key.sign(message))), row);
  }
  std::ranges::sort(tickets);
  std::vector<std::int64_t> rows;
  for (auto const& ticket : tickets) rows.push_back(ticket.second);
  return rows;
}

CheckVerdict all_good(std::int64_t) { return CheckVerdict::good; }

TEST(Lot, DrawsTheRowsThatAnybodyCanRecompute) {
  LotRig rig;
  auto const batch = rig.upload(LotRig::text_of(rig.file(600, 41, 1000), 600));
  ASSERT_GT(batch.counts.accepted, 500);
  auto const order = draw_order(rig, batch);
  auto const checks = rig.checks(batch.id);
  ASSERT_EQ(std::ssize(checks), batch.sample_size);
  quality::SpotCheckSettings const rates;  // the market's are the usual ones
  EXPECT_EQ(batch.sample_size, quality::plan_spot_check(batch.counts.accepted, rates)->sample_size);
  for (std::size_t i = 0; i < checks.size(); ++i) {
    EXPECT_EQ(checks[i].row_no, order[i]);
    EXPECT_EQ(checks[i].position, static_cast<std::int64_t>(i));
    EXPECT_EQ(rig.number("select row_no from leadex.lead where market_id = 7 and lead_no = " +
                         std::to_string(checks[i].lead_no)),
              checks[i].row_no);
  }
}

TEST(Lot, AcceptedGoesToTheMarketInRowOrderWithoutItsBadRows) {
  LotRig rig;
  auto const batch = rig.upload(LotRig::text_of(rig.file(500, 42, 0), 500));
  ASSERT_EQ(batch.acceptance_number, 3);
  auto const bad_row = rig.checks(batch.id).front().row_no;
  auto const decided = rig.judge_all(
      batch.id, [=](auto row) { return row == bad_row ? CheckVerdict::bad : CheckVerdict::good; });
  EXPECT_EQ(decided.decision, LotDecision::accepted);
  EXPECT_EQ(decided.status, BatchStatus::listing);
  EXPECT_EQ(rig.run(rig.finisher->finish(batch.id)), app::LotFinish::done);
  EXPECT_EQ(rig.batch(batch.id).status, BatchStatus::listed);
  EXPECT_EQ(rig.number("select count(*) from leadex.lead where state = 1"), 499);
  EXPECT_EQ(rig.number("select row_no from leadex.lead where state = 3"), bad_row);
  // Offered one after the other: no later row is listed before an earlier one.
  EXPECT_EQ(rig.number("select count(*) from leadex.lead a join leadex.lead b on b.row_no = "
                       "a.row_no + 1 where a.state = 1 and b.state = 1 and b.listed_us < "
                       "a.listed_us"),
            0);
  EXPECT_EQ(rig.number("select count(*) from leadex.audit where action = 'spot_check.verdict'"),
            *batch.sample_size);
  EXPECT_EQ(rig.number("select count(*) from leadex.audit where action = 'contact.revealed'"),
            *batch.sample_size);
}

TEST(Lot, RejectedFreesItsPersons) {
  LotRig rig;
  auto const text = LotRig::text_of(rig.file(300, 43, 0), 300);
  auto const batch = rig.upload(text);
  EXPECT_EQ(rig.upload(text).counts.duplicate, 300);  // claimed though not accepted yet
  auto const decided = rig.judge_all(batch.id, [](auto) { return CheckVerdict::bad; });
  EXPECT_EQ(decided.decision, LotDecision::rejected);
  auto const checks = rig.checks(batch.id);
  EXPECT_EQ(std::ranges::count(checks, storage::CheckStatus::done, &storage::SpotCheck::status),
            *batch.acceptance_number + 1);
  EXPECT_EQ(rig.run(rig.finisher->finish(batch.id)), app::LotFinish::done);
  EXPECT_EQ(rig.batch(batch.id).status, BatchStatus::rejected);
  EXPECT_EQ(rig.number("select count(*) from leadex.person"), 0);
  EXPECT_EQ(rig.number("select count(*) from leadex.lead where state <> 3"), 0);
  EXPECT_EQ(rig.upload(text).counts.accepted, 300);
}

TEST(Lot, NextRowInDrawOrderStandsInForOneNobodyReached) {
  LotRig rig;
  auto const batch = rig.upload(LotRig::text_of(rig.file(200, 44, 0), 200));
  auto const order = draw_order(rig, batch);
  auto const lost = rig.checks(batch.id).at(2);
  for (int attempt = 1; attempt <= app::kAttemptsMax; ++attempt) {
    auto const taken = rig.judge(lost.id, CheckVerdict::unreachable);
    EXPECT_EQ(taken.check.attempts, attempt);
    bool const last = attempt == app::kAttemptsMax;
    EXPECT_EQ(taken.check.status, last ? storage::CheckStatus::done : storage::CheckStatus::open);
    EXPECT_EQ(taken.stand_in_needed, last);
  }
  EXPECT_EQ(*rig.run(app::extend_draw(rig.lots(), batch.id)), 1);
  EXPECT_EQ(*rig.run(app::extend_draw(rig.lots(), batch.id)), 0);
  auto const checks = rig.checks(batch.id);
  ASSERT_EQ(std::ssize(checks), *batch.sample_size + 1);
  EXPECT_EQ(checks.back().row_no, order.at(checks.size() - 1));
  EXPECT_EQ(rig.judge_all(batch.id, all_good).decision, LotDecision::accepted);
}

TEST(Lot, AsksAnAdminWhenTooFewCanBeReached) {
  LotRig rig;
  auto const batch = rig.upload(LotRig::text_of(rig.file(30, 45, 0), 30));
  auto const stuck = rig.judge_all(batch.id, [](auto) { return CheckVerdict::unreachable; });
  EXPECT_TRUE(stuck.needs_admin);
  EXPECT_EQ(stuck.decision, LotDecision::pending);
  app::Actor const admin{.principal_no = 1, .tenant_no = 1};
  app::DecideLot const accept{batch.id, LotDecision::accepted, "The phones were off that week"};
  auto const decided = rig.run(app::decide_lot(rig.lots(), accept, admin));
  ASSERT_TRUE(decided);
  EXPECT_EQ(decided->fresh->decision, LotDecision::accepted);
  EXPECT_EQ(app::decision_reason(rig.ring, *decided->fresh), accept.reason);
  EXPECT_EQ(rig.number("select count(*) from leadex.event where type = 'batch.checked' and "
                       "tenant_no = 11"),
            1);
  app::DecideLot const reject{batch.id, LotDecision::rejected, "No"};
  auto const again = rig.run(app::decide_lot(rig.lots(), reject, admin));
  EXPECT_EQ(std::get<app::LotRefusal>(again.error()), app::LotRefusal::already_decided);
}

TEST(Lot, TellsItsGeneratorOnceWhatTheCheckSaid) {
  LotRig rig;
  auto const good = rig.upload(LotRig::text_of(rig.file(300, 51, 0), 300));
  // One bad row is within the plan: the lot passes, that lead does not.
  auto const first = rig.checks(good.id).front().row_no;
  auto const accepted = rig.judge_all(good.id, [first](std::int64_t row) {
    return row == first ? CheckVerdict::bad : CheckVerdict::good;
  });
  ASSERT_GE(*accepted.acceptance_number, 1);
  ASSERT_EQ(accepted.decision, LotDecision::accepted);
  ASSERT_EQ(rig.run(rig.finisher->finish(good.id)), app::LotFinish::done);
  auto const bad = rig.upload(LotRig::text_of(rig.file(300, 52, 0), 300));
  ASSERT_EQ(rig.judge_all(bad.id, [](auto) { return CheckVerdict::bad; }).decision,
            LotDecision::rejected);
  ASSERT_EQ(rig.run(rig.finisher->finish(bad.id)), app::LotFinish::done);
  EXPECT_EQ(rig.number("select count(*) from leadex.event where type = 'batch.checked' and "
                       "tenant_no = 11"),
            2);
  EXPECT_EQ(rig.number("select count(*) from leadex.event e join leadex.spot_check c on "
                       "c.market_id = e.market_id and c.lead_no = e.subject_no and c.verdict = "
                       "'bad' where e.type = 'lead.withdrawn'"),
            1);
  EXPECT_EQ(rig.number("select count(*) from leadex.event where type = 'lead.withdrawn'"), 1);
  EXPECT_EQ(rig.number("select count(*) from leadex.event_pending"), 3);
}

TEST(Lot, OnePersonHoldsOneCheckAndALeaseEnds) {
  LotRig rig;
  auto const batch = rig.upload(LotRig::text_of(rig.file(50, 46, 0), 50));
  auto const checks = rig.checks(batch.id);
  auto const claim = [&](std::size_t i, app::Actor actor) {
    auto const claimed = rig.run(app::claim_check(rig.lots(), checks.at(i).id, actor));
    return claimed ? std::optional<app::LotRefusal>{} : std::get<app::LotRefusal>(claimed.error());
  };
  app::Actor const other{.principal_no = 32, .tenant_no = 30};
  EXPECT_EQ(claim(0, LotRig::kVerifier), std::nullopt);
  EXPECT_EQ(claim(0, LotRig::kVerifier), std::nullopt);  // renews
  EXPECT_EQ(claim(1, LotRig::kVerifier), app::LotRefusal::holds_another);
  EXPECT_EQ(claim(0, other), app::LotRefusal::already_claimed);
  app::GivenVerdict const given{
      .check = checks.at(0).id, .verdict = CheckVerdict::good, .reason = "confirmed"};
  auto const stolen = rig.run(app::record_verdict(rig.lots(), given, other));
  EXPECT_EQ(std::get<app::LotRefusal>(stolen.error()), app::LotRefusal::not_claimed);
  {
    pqxx::connection owner{rig.files.owner()};
    pqxx::work work{owner};
    work.exec(
        "update leadex.spot_check set lease_until = now() - interval '1 second' where "
        "status = 'claimed'");
    work.commit();
  }
  auto const late = rig.run(app::record_verdict(rig.lots(), given, LotRig::kVerifier));
  EXPECT_EQ(std::get<app::LotRefusal>(late.error()), app::LotRefusal::not_claimed);
  EXPECT_EQ(claim(0, other), std::nullopt);
  auto const opened = rig.run(app::claim_check(rig.lots(), checks.at(1).id, LotRig::kVerifier));
  ASSERT_TRUE(opened);
  auto const contact = std::string{opened->fresh->contact_json.view()};
  EXPECT_NE(contact.find("\"first_name\""), std::string::npos);
}

TEST(Lot, ListingGoesOnAfterACrashAndOffersEachLeadOnce) {
  LotRig rig;
  auto const batch = rig.upload(LotRig::text_of(rig.file(2500, 47, 0), 2500));
  rig.judge_all(batch.id, all_good);
  auto listing =
      std::async(std::launch::async, [&] { return rig.run(rig.finisher->finish(batch.id)); });
  while (rig.number("select count(*) from leadex.lead where state = 1") == 0) {
    std::this_thread::yield();
  }
  rig.host->stop();  // in the middle of it, or at its end on a fast machine
  static_cast<void>(listing.get());
  rig.host = rig.make_host("second");
  app::LotFinisher next{rig.lots()};
  auto first = std::async(std::launch::async, [&] { return rig.run(next.finish(batch.id)); });
  auto second = std::async(std::launch::async, [&] { return rig.run(next.finish(batch.id)); });
  auto const outcomes = std::pair{first.get(), second.get()};
  EXPECT_TRUE(outcomes.first == app::LotFinish::done || outcomes.second == app::LotFinish::done);
  EXPECT_EQ(rig.run(next.finish(batch.id)), app::LotFinish::done);
  EXPECT_EQ(rig.batch(batch.id).status, BatchStatus::listed);
  EXPECT_EQ(rig.number("select count(*) from leadex.lead where state = 1"), 2500);
  EXPECT_EQ(rig.number("select count(*) from leadex.audit where action = 'batch.listed'"), 1);
}

TEST(Lot, AFileThatComesAgainAfterACutIsNotItsOwnDuplicate) {
  LotRig rig;
  auto const text = LotRig::text_of(rig.file(3000, 53, 0), 3000);
  TextSource source{text, 1, text.size() - 100};
  auto const cut =
      rig.run(intake::upload_batch(*rig.uploads, rig.request(storage::BatchFormat::csv), source));
  ASSERT_FALSE(cut);
  auto const lost = *cut.error().batch;
  ASSERT_GT(rig.number("select count(*) from leadex.person"), 0);
  auto const supersede = [&](std::int64_t tenant_no, bool is_cut) {
    return *rig.run(app::supersede_cut_uploads(rig.lots(), *rig.finisher, LotRig::kMarket,
                                               tenant_no, [is_cut](BatchId) { return is_cut; }));
  };
  EXPECT_EQ(supersede(LotRig::kGenerator + 1, true), 0) << "another's upload";
  EXPECT_EQ(supersede(LotRig::kGenerator, false), 0) << "one that still runs";
  EXPECT_EQ(supersede(LotRig::kGenerator, true), 1);
  EXPECT_EQ(supersede(LotRig::kGenerator, true), 0);
  EXPECT_EQ(rig.batch(lost).status, BatchStatus::closed);
  EXPECT_EQ(rig.number("select count(*) from leadex.person"), 0);
  auto const again = rig.upload(text);
  EXPECT_EQ(again.counts.accepted, 3000);
  EXPECT_EQ(again.counts.duplicate, 0);
}

TEST(Lot, WithdrawingTakesTheUnsoldOffTheMarket) {
  LotRig rig;
  auto const listed = rig.upload(LotRig::text_of(rig.file(120, 48, 0), 120));
  rig.judge_all(listed.id, all_good);
  ASSERT_EQ(rig.run(rig.finisher->finish(listed.id)), app::LotFinish::done);
  storage::BatchViewer const owner{.tenant_no = LotRig::kGenerator};
  storage::BatchViewer const stranger{.tenant_no = LotRig::kGenerator + 1};
  app::Actor const actor{.principal_no = 12, .tenant_no = LotRig::kGenerator};
  auto const refused = rig.run(rig.finisher->withdraw(listed.id, stranger, actor));
  EXPECT_EQ(std::get<app::LotRefusal>(refused.error()), app::LotRefusal::not_found);
  EXPECT_EQ(*rig.run(rig.finisher->withdraw(listed.id, owner, actor)), 120);
  EXPECT_EQ(rig.batch(listed.id).status, BatchStatus::closed);
  EXPECT_EQ(rig.number("select count(*) from leadex.lead where state = 3"), 120);

  auto const checking = rig.upload(LotRig::text_of(rig.file(90, 49, 0), 90));
  EXPECT_EQ(*rig.run(rig.finisher->withdraw(checking.id, owner, actor)), 90);
  EXPECT_EQ(rig.batch(checking.id).status, BatchStatus::closed);
  auto queue = [](storage::LotTx& tx) { return tx.lots().waiting_checks({}); };
  EXPECT_TRUE(rig.run(rig.store.transact(queue))->empty());
  EXPECT_EQ(rig.number("select count(*) from leadex.person where provisional_upload = " +
                       std::to_string(checking.id.no)),
            0);
}

}  // namespace
}  // namespace leadex::test
