// Shared credit through the market's writer: a duplicate gives its generator a part of the earlier
// lead's net. Who shares and who does not, the money against a plain twin, restart, replay, and
// what the database and its verifier guard.

#include <map>
#include <thread>

#include "matching/market/held.hpp"
#include "server/market/replay.hpp"
#include "tests/matching/seed.hpp"
#include "tests/server/market/market_fixture.hpp"

namespace leadex::market {
namespace {

constexpr std::int64_t kOwner = 101;
constexpr std::int64_t kNewcomer = 102;
constexpr std::int64_t kGenerators = 4;  // 101 …
constexpr std::int64_t kSplit = 3333;
constexpr std::int64_t kBudget = 5000 * kUnit;

/// Sales settle as soon as the market looks; what is held back stays for an hour.
class DuplicateShares : public MarketFixture {
 protected:
  explicit DuplicateShares(std::int64_t holdback_us = kHourUs) : holdback_us_(holdback_us) {}

  void SetUp() override {
    MarketFixture::SetUp();
    define(R"({"duplicate_credit":"shared","split_bp":)" + std::to_string(kSplit) + '}');
  }
  [[nodiscard]] MarketRules rules() const override {
    auto rules = MarketRun::rules();
    rules.return_window_us = 0;
    rules.holdback_us = holdback_us_;
    return rules;
  }
  /// As the catalogue writes it, in the one version that there is.
  void define(std::string const& definition) {
    exec(
        "alter table leadex.market_version disable trigger user; update leadex.market_version set "
        "definition = '" +
        definition +
        "' where market_id = 7; alter table leadex.market_version enable trigger user");
  }
  static Submission post_of(std::int64_t lead_no, std::vector<std::int64_t> const& persons,
                            std::int64_t generator_no = kOwner, std::int64_t ask = kNone) {
    auto offer = plain_offer(lead_no);
    offer.generator_no = generator_no;
    offer.ask_micros = ask;
    Submission submission;
    submission.lead = rows_of(offer);
    submission.command = offer;
    for (auto const person : persons) submission.persons.push_back(digest_of(person));
    return submission;
  }
  bool taken(MarketHost& at, Submission submission) {
    auto const answer = run(at, std::move(submission));
    if (!answer) EXPECT_EQ(answer.error(), SubmitError::duplicate);
    return answer.has_value();
  }
  void fund_desks(MarketHost& at) {
    for (std::int64_t buyer = 1; buyer <= 3; ++buyer) {
      ASSERT_TRUE(run(at, FundBudget{{buyer, 0}, buyer, kBudget}).has_value());
    }
  }
  void tick(MarketHost& at) { ASSERT_TRUE(run(at, Tick{Tick::all, 10'000}).has_value()); }
  std::int64_t shares(std::string const& where = "true") {
    return number("select count(*) from leadex.lead_share where " + where);
  }
  std::int64_t balance(AccountCode code, std::int64_t owner) {
    return number(
        "select coalesce(sum(credits_posted - debits_posted - debits_pending), 0) from "
        "leadex.account where market_id = 7 and code = " +
        std::to_string(static_cast<int>(code)) + " and owner_no = " + std::to_string(owner));
  }
  std::int64_t earned(std::int64_t owner) { return balance(AccountCode::generator_earned, owner); }
  void expect_replay() {
    auto const store = storage::make_market_store(database_.app());
    auto const report = replay(*store, kMarket, ReplayScope::decisions);
    ASSERT_TRUE(report.has_value());
    EXPECT_FALSE(report->fault.has_value()) << report->fault->what << " at " << report->fault->seq;
    EXPECT_EQ(ledger_problem(), "");
    expect_true_books();
  }
  /// The state of the engine, before a restart and after it.
  std::string state(MarketHost& at) {
    EXPECT_TRUE(run(at, Tick{0, 1}).has_value());
    return look<std::string>(at, [](auto const& view) { return view.engine.describe(); });
  }
  std::unique_ptr<MarketHost> restarted(std::unique_ptr<MarketHost> at) {
    auto const before = state(*at);
    at->stop();
    auto again = host("restart " + std::to_string(++restarts_));
    EXPECT_EQ(state(*again), before);
    return again;
  }

  std::int64_t const holdback_us_;
  int restarts_{};
};

/// Where the holdback is released as soon as the market looks, it forgets its sales.
class DuplicateSharesOfForgottenSales : public DuplicateShares {
 protected:
  DuplicateSharesOfForgottenSales() : DuplicateShares(0) {}
};

TEST_F(DuplicateShares, TheFirstOtherGeneratorGetsItsPartThroughRestartsAndBack) {
  auto at = host();
  ASSERT_NO_FATAL_FAILURE(fund_desks(*at));
  EXPECT_TRUE(taken(*at, post_of(1, {1, 2}, kOwner, 10 * kUnit)));
  EXPECT_FALSE(taken(*at, post_of(2, {2})));
  EXPECT_EQ(shares(), 0) << "its own generator's";
  EXPECT_FALSE(taken(*at, post_of(3, {2, 3}, kNewcomer)));
  EXPECT_FALSE(taken(*at, post_of(4, {1}, 103)));
  EXPECT_FALSE(taken(*at, post_of(5, {1}, kNewcomer)));
  EXPECT_EQ(shares(), 1);
  EXPECT_EQ(shares("lead_no = 1 and generator = 102 and split_bp = 3333"), 1);
  EXPECT_EQ(number("select count(*) from leadex.lead"), 1);
  EXPECT_EQ(number("select count(*) from leadex.person"), 2) << "a duplicate claims nobody";
  at = restarted(std::move(at));

  auto const bought = run(*at, PlaceBid{1, {1, 0}, 10 * kUnit, false});
  ASSERT_EQ(bought->outcome.sold.size(), 1U);
  ASSERT_NO_FATAL_FAILURE(tick(*at));
  ASSERT_EQ(number("select state from leadex.sale"), 2);
  // 8.50 net, of which 0.85 is held back.
  EXPECT_EQ(earned(kNewcomer), 2'549'745);
  EXPECT_EQ(earned(kOwner), 7'650'000 - 2'549'745);
  EXPECT_EQ(balance(AccountCode::generator_holdback, kOwner), 850'000);
  EXPECT_EQ(number("select count(*) from leadex.transfer where code = 13"), 1);
  EXPECT_EQ(number("select count(*) from leadex.share_step"), 1);
  at = restarted(std::move(at));

  ASSERT_EQ(run(*at, order({1, 0}, 3 * kUnit))->outcome.refusal, Refusal::none);
  // 2.55 of the net: 0.85 was held back, 1.70 had been paid out.
  EXPECT_EQ(earned(kNewcomer), 1'983'135) << "of 5.95";
  EXPECT_EQ(earned(kOwner), 5'950'000 - 1'983'135);
  EXPECT_EQ(number("select amount from leadex.transfer where code = 14"), 566'610);
  ASSERT_EQ(run(*at, order({1, 0}, 7 * kUnit))->outcome.refusal, Refusal::none);
  EXPECT_EQ(earned(kNewcomer), 0);
  EXPECT_EQ(earned(kOwner), 0);
  at->stop();
  expect_replay();
}

TEST_F(DuplicateSharesOfForgottenSales, GiveTheirPartBackAsTheirRowsSay) {
  auto at = host();
  ASSERT_NO_FATAL_FAILURE(fund_desks(*at));
  EXPECT_TRUE(taken(*at, post_of(1, {1}, kOwner, 10 * kUnit)));
  EXPECT_FALSE(taken(*at, post_of(2, {1}, kNewcomer)));
  ASSERT_EQ(run(*at, PlaceBid{1, {1, 0}, 40 * kUnit, true})->outcome.sold.size(), 1U);
  for (int i = 0; i < 3; ++i) ASSERT_NO_FATAL_FAILURE(tick(*at));
  ASSERT_FALSE(look<bool>(*at, [](auto const& view) {
    return view.engine.sale({1, 0}) != nullptr;
  }));
  EXPECT_EQ(earned(kNewcomer), 11'332'200) << "of 34.00";
  at = restarted(std::move(at));
  ASSERT_EQ(run(*at, order({1, 0}, 4 * kUnit))->outcome.refusal, Refusal::none);
  EXPECT_EQ(earned(kNewcomer), 10'198'980) << "of 30.60";
  EXPECT_EQ(earned(kOwner), 30'600'000 - 10'198'980);
  at->stop();
  expect_replay();
}

TEST_F(DuplicateShares, NobodySharesWhatIsSettledWithdrawnOrOfAnotherRule) {
  auto const at = host();
  ASSERT_NO_FATAL_FAILURE(fund_desks(*at));
  EXPECT_TRUE(taken(*at, post_of(1, {1})));
  ASSERT_EQ(run(*at, PlaceBid{1, {1, 0}, 3 * kUnit, false})->outcome.sold.size(), 1U);
  ASSERT_NO_FATAL_FAILURE(tick(*at));
  EXPECT_FALSE(taken(*at, post_of(2, {1}, kNewcomer))) << "settled before it came";
  EXPECT_TRUE(taken(*at, post_of(3, {3})));
  ASSERT_EQ(run(*at, WithdrawLead{3, kOwner})->outcome.refusal, Refusal::none);
  EXPECT_FALSE(taken(*at, post_of(4, {3}, kNewcomer))) << "off the market";
  Submission rows;
  rows.command = AdmitRows{.batch_no = 5};
  rows.lane = Lane::bulk;
  rows.admissions = {{11, {digest_of(4)}}};
  ASSERT_TRUE(run(*at, rows).has_value());
  EXPECT_FALSE(taken(*at, post_of(5, {4}, kNewcomer))) << "its lot is not listed yet";
  EXPECT_EQ(shares(), 0);
  at->stop();
  define(R"({"duplicate_credit":"first"})");
  auto const plain = host("second");
  EXPECT_TRUE(taken(*plain, post_of(6, {6})));
  EXPECT_FALSE(taken(*plain, post_of(7, {6}, kNewcomer)));
  EXPECT_EQ(shares(), 0);
  plain->stop();
  expect_replay();
}

TEST_F(DuplicateShares, OneLeadOfThoseInTheWayIsSharedAndOnlyOnce) {
  auto const at = host();
  EXPECT_TRUE(taken(*at, post_of(1, {1})));
  EXPECT_TRUE(taken(*at, post_of(2, {2}, 103)));
  EXPECT_TRUE(taken(*at, post_of(3, {3}, kNewcomer)));
  EXPECT_FALSE(taken(*at, post_of(4, {1, 3}, kNewcomer))) << "one of them is its own";
  EXPECT_EQ(shares(), 0);
  EXPECT_FALSE(taken(*at, post_of(5, {1, 2}, kNewcomer)));
  EXPECT_EQ(shares("lead_no = 1 and generator = 102"), 1) << "the older one";
  EXPECT_FALSE(taken(*at, post_of(6, {1, 2}, kNewcomer))) << "it has its part";
  EXPECT_EQ(shares(), 1);
  EXPECT_FALSE(taken(*at, post_of(7, {1, 2}, 104)));
  EXPECT_EQ(shares("lead_no = 2 and generator = 104"), 1) << "the one that is left";
  at->stop();
  expect_replay();
}

TEST_F(DuplicateShares, ALeadThatWouldHaveBeenHeldSharesAsWell) {
  auto const at = host();
  EXPECT_TRUE(taken(*at, post_of(1, {1})));
  auto held = post_of(2, {1}, kNewcomer);
  held.admissions.push_back({2, held.persons});
  held.command = hold_of(2);
  EXPECT_FALSE(taken(*at, std::move(held)));
  EXPECT_EQ(shares("lead_no = 1 and generator = 102"), 1);
  at->stop();
  expect_replay();
}

/// Of many generators that bring one person at the same time one has the lead and at most one
/// shares it, also while nothing of it is durable.
TEST_F(DuplicateShares, OneOfManyThatRaceShares) {
  auto const at = host();
  constexpr std::int64_t kPersons = 40;
  std::vector<std::future<Result<Answer, SubmitError>>> answers;
  for (std::int64_t person = 1; person <= kPersons; ++person) {
    for (std::int64_t k = 0; k < kGenerators; ++k) {
      answers.push_back(submit(*at, post_of(person * 10 + k, {person}, kOwner + k)));
    }
  }
  std::int64_t accepted = 0;
  for (auto& answer : answers) {
    auto const done = answer.get();
    accepted += done ? 1 : 0;
    if (!done) EXPECT_EQ(done.error(), SubmitError::duplicate);
  }
  EXPECT_EQ(accepted, kPersons);
  EXPECT_EQ(shares(), kPersons);
  EXPECT_EQ(number("select count(*) from leadex.lead_share h join leadex.lead l using (market_id, "
                   "lead_no) where h.generator = l.tenant_no"),
            0);
  at->stop();
  expect_replay();
}

/// The answer waits for the batch; a batch that the database refuses is run again.
TEST_F(DuplicateShares, ARefusedBatchIsRunAnewAndTheAnswerStays) {
  auto const at = host();
  EXPECT_TRUE(taken(*at, post_of(1, {1})));
  exec(
      "create sequence leadex.refusals; grant usage on leadex.refusals to leadex_app; create "
      "function leadex.refuse_once() returns trigger language plpgsql as $$ begin if "
      "nextval('leadex.refusals') = 1 then raise exception 'once' using errcode = '23514'; end if; "
      "return new; end $$; create trigger refuse_once before insert on leadex.lead_share for each "
      "row execute function leadex.refuse_once()");
  EXPECT_FALSE(taken(*at, post_of(2, {1}, kNewcomer)));
  EXPECT_EQ(shares("generator = 102"), 1);
  at->stop();
  expect_replay();
}

TEST_F(DuplicateShares, TheDatabaseTakesNoOtherAndItsVerifierFindsWhatIsNot) {
  auto at = host();
  ASSERT_NO_FATAL_FAILURE(fund_desks(*at));
  EXPECT_TRUE(taken(*at, post_of(1, {1})));
  EXPECT_FALSE(taken(*at, post_of(2, {1}, kNewcomer)));
  auto const insert = [](std::string const& values) {
    return "insert into leadex.lead_share (market_id, lead_no, generator, split_bp, at_us) values "
           "(7, " +
           values + ", 1)";
  };
  EXPECT_THROW(exec(insert("2, 103, 0")), pqxx::check_violation);
  EXPECT_THROW(exec(insert("2, 103, 10000")), pqxx::check_violation);
  EXPECT_THROW(exec(insert("2, 0, 5000")), pqxx::check_violation);
  EXPECT_THROW(exec(insert("1, 103, 5000")), pqxx::unique_violation);
  EXPECT_THROW(exec("update leadex.lead_share set split_bp = 1"), pqxx::sql_error);
  EXPECT_THROW(exec("delete from leadex.share_step"), pqxx::sql_error);
  ASSERT_EQ(run(*at, PlaceBid{1, {1, 0}, 3 * kUnit, false})->outcome.sold.size(), 1U);
  ASSERT_NO_FATAL_FAILURE(tick(*at));
  at->stop();
  ASSERT_EQ(ledger_problem(), "");
  auto const tamper = [&](std::string const& change) {
    exec("alter table leadex.lead_share disable trigger user; " + change +
         "; alter table leadex.lead_share enable trigger user");
    return ledger_problem().substr(0, 13);
  };
  EXPECT_EQ(tamper("update leadex.lead_share set split_bp = 3334"), "share_differs");
  EXPECT_EQ(tamper("update leadex.lead_share set split_bp = 3333, generator = 103"),
            "share_differs");
  EXPECT_EQ(tamper("update leadex.lead_share set generator = 101"), "share_differs");
  EXPECT_EQ(tamper("update leadex.lead_share set generator = 102"), "");
  EXPECT_EQ(tamper("delete from leadex.lead_share"), "share_differs");
}

/// What a sale comes to, in plain numbers.
struct TwinSale {
  std::int64_t generator{};
  std::int64_t gross{};
  std::int64_t fee{};
  std::int64_t credited{};
  std::int64_t held{};  // back of its net
  bool settled{};

  /// The commission that stays: what goes back of it is pro rata, half to even.
  [[nodiscard]] std::int64_t kept_fee() const {
    __int128 const product = static_cast<__int128>(fee) * credited;
    auto const floor = static_cast<std::int64_t>(product / gross);
    auto const twice = 2 * (product % gross);
    bool const up = twice > gross || (twice == gross && floor % 2 != 0);
    return fee - floor - (up ? 1 : 0);
  }
  [[nodiscard]] std::int64_t kept_net() const { return gross - credited - kept_fee(); }
};

struct TwinLead {
  std::int64_t generator{};
  std::int64_t person{};
  std::int64_t other{};  // who shares it
};

/// Random trades of leads that are brought twice, with restarts, against plain numbers.
template <class Fixture>
class RandomShares : public Fixture {
 protected:
  void trade(int moves) {
    auto at = this->host();
    ASSERT_NO_FATAL_FAILURE(this->fund_desks(*at));
    for (int i = 0; i < moves; ++i) {
      switch (below(9)) {
        case 0:
        case 1:
          ASSERT_NO_FATAL_FAILURE(bring(*at));
          break;
        case 2:
        case 3:
          ASSERT_NO_FATAL_FAILURE(bring_again(*at));
          break;
        case 4:
        case 5:
          ASSERT_NO_FATAL_FAILURE(buy(*at));
          break;
        case 6:
          if (below(2) == 0) ASSERT_NO_FATAL_FAILURE(this->tick(*at));
          break;
        case 7:
          ASSERT_NO_FATAL_FAILURE(claw_back(*at));
          break;
        default:
          if (below(4) == 0) ASSERT_NO_FATAL_FAILURE(compare(*at));
          if (below(4) == 0) at = restart(std::move(at));
      }
    }
    ASSERT_NO_FATAL_FAILURE(compare(*at));
    EXPECT_GT(shared_, moves / 100) << "hardly a lead was shared";
    at = restart(std::move(at));
    at->stop();
    this->expect_replay();
  }

 private:
  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n));
  }
  /// Work that comes due by itself may come between; so the state is compared where it stands
  /// still.
  std::unique_ptr<MarketHost> restart(std::unique_ptr<MarketHost> at) {
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(this->run(*at, Tick{Tick::all, 10'000}).has_value());
    return this->restarted(std::move(at));
  }
  TwinLead& any_lead() {
    auto entry = leads_.begin();
    std::advance(entry, below(std::ssize(leads_)));
    chosen_ = entry->first;
    return entry->second;
  }
  void bring(MarketHost& at) {
    auto const no = ++last_;
    auto const generator = kOwner + below(kGenerators);
    leads_[no] = {generator, no, 0};
    ASSERT_TRUE(this->taken(at, this->post_of(no, {no}, generator, kUnit + below(9 * kUnit))));
  }
  bool is_settled(std::int64_t lead_no) {
    return this->number("select count(*) from leadex.sale where state = 2 and lead_no = " +
                        std::to_string(lead_no)) > 0;
  }
  /// Settlement may come at any time, so only what is certain is expected.
  void bring_again(MarketHost& at) {
    if (leads_.empty()) return;
    auto& lead = any_lead();
    auto const generator = kOwner + below(kGenerators);
    bool const settled = is_settled(chosen_);
    bool const gone = this->template look<bool>(at, [this](auto const& view) {
      return view.engine.refusal_of({chosen_, {999, 1}}) == Refusal::lead_unknown;
    });
    ASSERT_FALSE(this->taken(at, this->post_of(++last_, {lead.person}, generator)));
    bool const still = !is_settled(chosen_);
    auto const other = this->number(
        "select coalesce(max(generator), 0) from leadex.lead_share "
        "where lead_no = " +
        std::to_string(chosen_));
    bool const may = lead.other == 0 && generator != lead.generator;
    if (!may || settled || gone) ASSERT_EQ(other, lead.other);
    if (may && still && !gone) ASSERT_EQ(other, generator);
    if (other != lead.other) ++shared_;
    lead.other = other;
  }
  void buy(MarketHost& at) {
    if (leads_.empty()) return;
    auto const& lead = any_lead();
    auto const bought =
        this->run(at, PlaceBid{chosen_, {1 + below(3), 0}, 45 * kUnit, below(3) == 0});
    ASSERT_TRUE(bought.has_value());
    for (auto const& share : bought->outcome.sold) {
      sales_[{chosen_, share.slot}] = {lead.generator, share.gross_micros, share.fee_micros};
    }
  }
  /// Of one that is settled; the twin takes its holdback first.
  void claw_back(MarketHost& at) {
    if (sales_.empty()) return;
    ASSERT_NO_FATAL_FAILURE(settle_all(at));
    auto entry = sales_.begin();
    std::advance(entry, below(std::ssize(sales_)));
    auto& [key, sale] = *entry;
    auto const left = sale.gross - sale.credited;
    if (left == 0) return;
    auto const amount = below(3) == 0 ? left : 1 + below(left);
    auto const net = sale.kept_net();
    ASSERT_EQ(this->run(at, this->order(key, amount))->outcome.refusal, Refusal::none);
    sale.credited += amount;
    sale.held -= std::min(sale.held, net - sale.kept_net());
  }
  void settle_all(MarketHost& at) {
    for (int i = 0; i < 3; ++i) ASSERT_NO_FATAL_FAILURE(this->tick(at));
    for (auto& [key, sale] : sales_) {
      if (!sale.settled && this->holdback_us_ != 0) sale.held = sale.kept_net() / 10;
      sale.settled = true;
    }
  }
  void compare(MarketHost& at) {
    ASSERT_NO_FATAL_FAILURE(settle_all(at));
    std::map<std::int64_t, std::int64_t> earned;
    std::map<std::int64_t, std::int64_t> held;
    for (auto const& [key, sale] : sales_) {
      auto const& lead = leads_.at(key.lead_no);
      auto const paid_out = sale.kept_net() - sale.held;
      auto const part = lead.other != 0 ? paid_out * kSplit / 10'000 : 0;
      earned[sale.generator] += paid_out - part;
      earned[lead.other] += part;
      held[sale.generator] += sale.held;
    }
    for (std::int64_t no = kOwner; no < kOwner + kGenerators; ++no) {
      ASSERT_EQ(this->earned(no), earned[no]) << "generator " << no;
      ASSERT_EQ(this->balance(AccountCode::generator_holdback, no), held[no]);
    }
    this->expect_true_books();
    ASSERT_EQ(this->ledger_problem(), "");
  }

  std::mt19937_64 random_{seed_of_run()};
  std::map<std::int64_t, TwinLead> leads_;
  std::map<SaleKey, TwinSale> sales_;
  std::int64_t last_{};
  std::int64_t chosen_{};
  std::int64_t shared_{};
};

int moves() { return full_run() ? 2'000 : 250; }

using RandomDuplicateShares = RandomShares<DuplicateShares>;
using RandomDuplicateSharesOfForgottenSales = RandomShares<DuplicateSharesOfForgottenSales>;

TEST_F(RandomDuplicateShares, FollowAPlainTwinReplayAndReload) { trade(moves()); }
TEST_F(RandomDuplicateSharesOfForgottenSales, FollowAPlainTwinReplayAndReload) { trade(moves()); }

}  // namespace
}  // namespace leadex::market
