#pragma once
// MarketFixture: a database with one market of MarketRun's rules and a host that owns it, for tests
// of the market's writer. Rows that other rooms would write (the market itself, intents of money
// that left a wallet) are put in directly.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <pqxx/pqxx>

#include "server/crypto/ed25519.hpp"
#include "server/market/market_host.hpp"
#include "server/storage/postgres/verifier.hpp"
#include "tests/matching/market/market_run.hpp"
#include "tests/server/market/stored_lead.hpp"
#include "tests/support/test_database.hpp"

namespace leadex::market {

/// The blind index of a made-up person.
inline std::string digest_of(std::int64_t person) {
  std::string digest = "person " + std::to_string(person);
  digest.resize(16, '.');
  return digest;
}

class MarketFixture : public testing::Test {
 protected:
  static constexpr MarketNo kMarket = 7;

  void SetUp() override {
    pqxx::connection connection{database_.owner()};
    pqxx::work work{connection};
    MarketSettings settings;
    settings.rules = rules();
    settings.visibility.assign(settings.rules.attributes.size(), Visibility::exact);
    settings.required.assign(settings.rules.attributes.size(), 0);
    settings.currency = "USD";
    settings.country = "US";
    settings.commission_bp = 1500;
    settings.holdback_bp = 1000;
    settings.dedupe_us = 90LL * 24 * kHourUs;
    work.exec_params(
        "insert into leadex.market (market_id, name, title, currency, country) values ($1, "
        "'test.us.usd', 'Test', 'USD', 'US')",
        kMarket);
    auto const bytes = encode_value(settings);
    work.exec_params("insert into leadex.market_version values ($1, 1, '{}', $2, 0)", kMarket,
                     pqxx::binarystring{bytes});
    work.exec_params(
        "insert into leadex.market_head values ($1, 0, 0, decode(repeat('00', 32), 'hex'), 0)",
        kMarket);
    work.commit();
  }

  [[nodiscard]] virtual MarketRules rules() const { return MarketRun::rules(); }

  HostOptions options(std::string process) {
    HostOptions options;
    options.database = database_.app();
    options.process_name = std::move(process);
    return options;
  }

  /// A host that has the market in hand.
  std::unique_ptr<MarketHost> host(HostOptions wanted) {
    auto made = make_market_host(std::move(wanted));
    made->start();
    auto const actor = made->find(kMarket);
    EXPECT_NE(actor, nullptr);
    EXPECT_TRUE(actor->ready());
    return made;
  }
  std::unique_ptr<MarketHost> host(std::string process = "first") {
    return host(options(std::move(process)));
  }

  std::future<Result<Answer, SubmitError>> submit(MarketHost& at, Submission submission) {
    return boost::asio::co_spawn(pool_, at.find(kMarket)->submit(std::move(submission)),
                                 boost::asio::use_future);
  }
  Result<Answer, SubmitError> run(MarketHost& at, Submission submission) {
    return submit(at, std::move(submission)).get();
  }
  Result<Answer, SubmitError> run(MarketHost& at, Command command) {
    if (auto const* fund = std::get_if<FundBudget>(&command)) leave_wallet(*fund);
    Submission submission;
    submission.command = std::move(command);
    if (auto const* offer = brought_lead(submission.command)) {
      submission.lead = rows_of(*offer);
    }
    if (std::holds_alternative<UpsertCampaign>(submission.command)) submission.definition = "{}";
    return run(at, std::move(submission));
  }
  Result<PingAnswer, SubmitError> ping(MarketHost& at, OfferPing given) {
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    return boost::asio::co_spawn(pool_, at.find(kMarket)->ping(std::move(given), deadline),
                                 boost::asio::use_future)
        .get();
  }
  template <class T>
  T look(MarketHost& at, std::function<T(EngineView const&)> what) {
    T found{};
    auto const done =
        boost::asio::co_spawn(pool_,
                              at.find(kMarket)->view([&](auto const& view) { found = what(view); }),
                              boost::asio::use_future)
            .get();
    EXPECT_TRUE(done.has_value());
    return found;
  }

  // Public for commands made outside of a test.
 public:
  static std::int64_t an_hour_ago_us() {
    return to_unix_micros(std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now())) -
           kHourUs;
  }

 protected:
  /// A lead of generator 101, captured an hour ago, its attributes unknown.
  static OfferLead plain_offer(std::int64_t lead_no) {
    auto offer = MarketRun::plain_lead(lead_no);
    offer.captured_us = an_hour_ago_us();
    return offer;
  }

  /// The platform's half of funding.
  void leave_wallet(FundBudget const& fund) {
    pqxx::connection connection{database_.owner()};
    pqxx::work work{connection};
    work.exec_params(
        "insert into leadex.fund_intent (market_id, intent_no, direction, tenant_no, sub_no, "
        "amount, platform_seq) values ($1, $2, 0, $3, $4, $5, 1)",
        kMarket, fund.intent_no, fund.budget.buyer_no, fund.budget.campaign_no, fund.amount_micros);
    work.commit();
  }

  /// The platform's half of a claw-back: the order's row, and the command with the rows as they
  /// stand.
  ClawBack order(SaleKey const& key, std::int64_t amount) {
    ClawBack command;
    command.order_no = ++orders_;
    command.lead_no = key.lead_no;
    command.slot = key.slot;
    command.amount_micros = amount;
    pqxx::connection connection{database_.owner()};
    pqxx::work work{connection};
    work.exec_params(
        "insert into leadex.claw_back (market_id, order_no, lead_no, slot, amount, reason_sealed, "
        "ordered_by, ordered_at, ready) values ($1, $2, $3, $4, $5, '', 1, now(), true)",
        kMarket, command.order_no, key.lead_no, key.slot, amount);
    auto const row = work.exec_params1(
        "select buyer, campaign, s.generator, gross, fee, credited, coalesce(h.generator, 0), "
        "coalesce(h.split_bp, 0) from leadex.sale s left join leadex.lead_share h using "
        "(market_id, lead_no) where market_id = $1 and lead_no = $2 and slot = $3",
        kMarket, key.lead_no, key.slot);
    work.commit();
    command.budget = {row[0].as<std::int64_t>(), row[1].as<std::int64_t>()};
    command.generator_no = row[2].as<std::int64_t>();
    command.gross_micros = row[3].as<std::int64_t>();
    command.fee_micros = row[4].as<std::int64_t>();
    command.credited_micros = row[5].as<std::int64_t>();
    command.share = {row[6].as<std::int64_t>(), row[7].as<std::int32_t>()};
    return command;
  }

  std::int64_t number(std::string const& query) {
    pqxx::connection connection{database_.owner()};
    pqxx::read_transaction work{connection};
    return work.exec1(query)[0].as<std::int64_t>(0);
  }
  void exec(std::string const& statement) {
    pqxx::connection connection{database_.owner()};
    pqxx::work work{connection};
    work.exec(statement);
    work.commit();
  }

  /// Transactions under way that wrote persons. The databases of tests that run beside this one are
  /// copies of one template: their tables have the same numbers, so the database is named too.
  std::int64_t writers_of_persons() {
    return number(
        "select count(distinct l.pid) from pg_locks l join pg_database d on d.oid = l.database "
        "where d.datname = current_database() and l.mode = 'RowExclusiveLock' and l.relation = "
        "'leadex.person'::regclass");
  }

  /// What `leadex verify ledger` says of the market's sales and counters: reason and batch of the
  /// first that is wrong, nothing when all is right.
  std::string ledger_problem() {
    auto const verifier = storage::postgres::make_verifier(
        database_.app(),
        crypto::Ed25519Key::from_seed(crypto::Secret{std::size_t{32}}).public_key());
    auto const report = verifier->verify_ledger(kMarket);
    if (!report) return "no answer";
    if (!report->problem) return {};
    return report->problem->reason + ' ' + std::to_string(report->problem->batch_seq);
  }

  /// Trial balance zero, counters equal to the transfers, one award per sale.
  void expect_true_books() {
    EXPECT_EQ(number("select coalesce(sum(credits_posted - debits_posted), 0) from leadex.account"),
              0);
    EXPECT_EQ(
        number("select coalesce(sum(credits_pending - debits_pending), 0) from leadex.account"), 0);
    EXPECT_EQ(number("select count(*) from leadex.account a where debits_posted <> (select "
                     "coalesce(sum(amount), 0) from leadex.transfer t where t.market_id = "
                     "a.market_id and t.debit = a.account_no and phase in (0, 2)) or "
                     "credits_posted <> (select coalesce(sum(amount), 0) from leadex.transfer t "
                     "where t.market_id = a.market_id and t.credit = a.account_no and phase in "
                     "(0, 2))"),
              0);
    EXPECT_EQ(
        number("select count(*) from leadex.sale s where not exists (select from "
               "leadex.acquisition a where a.market_id = s.market_id and a.lead_no = "
               "s.lead_no and a.slot = s.slot and a.held is not null) and ((select count(*) from "
               "leadex.transfer t where t.market_id = s.market_id and t.lead_no = s.lead_no "
               "and t.slot = s.slot and t.phase = 1 and t.code = 3) <> 1 or (select "
               "coalesce(sum(amount), 0) from leadex.transfer t where t.market_id = "
               "s.market_id and t.lead_no = s.lead_no and t.slot = s.slot and t.phase = 1) "
               "<> s.gross)"),
        0);
  }

  test::TestDatabase database_;
  boost::asio::thread_pool pool_{4};
  std::int64_t orders_{};  // of claw-backs
};

}  // namespace leadex::market
