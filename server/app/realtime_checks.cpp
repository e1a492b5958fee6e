#include "server/app/realtime_checks.hpp"

#include <array>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <exception>
#include <map>

#include "matching/market/barred.hpp"
#include "matching/quality/posted_checks.hpp"
#include "server/app/realtime_sample.hpp"
#include "server/app/source_standing.hpp"
#include "server/storage/pending.hpp"

namespace leadex::app {

namespace {

using boost::asio::awaitable;
using storage::CheckVerdict;
using storage::ChosenLead;
using storage::DecidedCheck;
using storage::NewRealtimeCheck;

constexpr int kPerJob = 100;
constexpr int kJobsPerRound = 50;
constexpr storage::DayNo kDaysBack = 3;
constexpr std::chrono::seconds kPatience{10};
constexpr int kOfferedAtOnce = 64;
constexpr std::chrono::seconds kReleaseTime{3};  // for one market; the others wait for it

struct Opening {
  MarketNo market{};
  privacy::KeyRing const* keys;
  crypto::PublicIdCodec const* ids;
};

/// Of these, those that two verifiers judge.
std::vector<std::int64_t> second_leads(storage::LotTx& tx, Opening const& with,
                                       std::vector<ChosenLead> const& leads) {
  auto const market = with.market;
  std::map<storage::DayNo, std::optional<crypto::HmacKey>> secrets;
  std::map<storage::DayNo, BasisPoints> shares;
  std::vector<std::int64_t> second;
  for (auto const& lead : leads) {
    auto const [place, fresh] = secrets.try_emplace(lead.day);
    if (fresh) {
      auto const day = tx.realtime().day(market, lead.day);
      if (!day) continue;
      shares[lead.day] = day->terms.second_opinion;
      place->second.emplace(open_day_secret(*with.keys, market, *day));
    }
    if (!place->second) continue;
    auto const id = with.ids->seal(LeadId{market, lead.lead_no});
    if (draws_second_of_lead(*place->second, id, shares[lead.day])) second.push_back(lead.lead_no);
  }
  return second;
}

void open_all(storage::LotTx& tx, Opening const& with, std::vector<ChosenLead> const& leads,
              std::int64_t first_no) {
  std::vector<NewRealtimeCheck> checks;
  std::map<storage::DayNo, std::vector<ChosenLead>> by_day;
  for (auto const& lead : leads) {
    checks.push_back({lead, first_no + std::ssize(checks)});
    by_day[lead.day].push_back(lead);
  }
  tx.realtime().open(with.market, checks);
  for (auto const& [day, of_day] : by_day) {
    tx.inspection().want_second(storage::running_lot(with.market, day),
                                second_leads(tx, with, of_day));
  }
}

market::Submission bulk(market::Command command) {
  market::Submission submission;
  submission.command = std::move(command);
  submission.lane = market::Lane::bulk;
  submission.deadline = std::chrono::steady_clock::now() + kPatience;
  return submission;
}

using MarketPtr = std::shared_ptr<market::MarketActor>;
using Answered = Result<market::Answer, market::SubmitError>;

/// Held ones, which their market has not seen.
void withdraw_held(storage::LotTx& tx, MarketNo market, std::vector<ChosenLead> const& leads) {
  for (auto const& lead : leads) {
    std::array const one{lead.lead_no};
    if (tx.lots().withdraw_checked(market, one) == 0) continue;
    tx.emit({market, storage::OwnEvent::lead_withdrawn, lead.tenant_no,
             static_cast<std::int16_t>(crypto::IdKind::lead), lead.lead_no});
  }
}

/// Takes a bad lead off for good, wherever it is. First its market, which then knows it so whatever
/// was read before; the row that a reload and later offers of it are read with comes second, since
/// a listing that a reload finds barred would not be taken off any more. @return false: to be done
/// again
awaitable<bool> take_off(LotServices services, MarketPtr market, DecidedCheck check) {
  auto const off = co_await market->submit(
      bulk(market::WithholdLeads{market::kEverybody, {check.lead.lead_no}}));
  if (!off || off->outcome.refusal != market::Refusal::none) co_return false;
  auto job = [check](storage::LotTx& tx) {
    LeadId const lead{check.check.market, check.lead.lead_no};
    tx.realtime().bar(lead);
    static_cast<void>(tx.rests().withdraw(lead));
    withdraw_held(tx, lead.market, {check.lead});
    return true;
  };
  auto const done = co_await services.store.transact(job);
  co_return done.has_value();
}

/// The check counts for its source, once.
bool count(storage::LotTx& tx, DecidedCheck const& check, BasisPoints acceptable) {
  if (!tx.realtime().mark_applied(check.check)) return false;
  if (check.verdict == CheckVerdict::bad) tx.realtime().credit_at(check.check, tx.now());
  if (check.verdict == CheckVerdict::unreachable) return true;
  auto const market = check.check.market;
  auto const tenant_no = check.lead.tenant_no;
  bool const bad = check.verdict == CheckVerdict::bad;
  auto const figures = tx.realtime().count(market, tenant_no, bad);
  bool const worse = bad && quality::surely_worse({figures.checked, figures.bad}, acceptable);
  if (worse) tx.realtime().begin_anew(market, tenant_no);
  count_posted(tx, market, tenant_no, {.bad = bad, .restricts = worse});
  return true;
}

awaitable<std::int64_t> apply_in(LotServices services, MarketPtr market) {
  auto const no = market->market_no();
  auto const settings = market->settings();
  if (!settings) co_return 0;
  BasisPoints const acceptable{settings->acceptable_bp};
  auto find = [no](storage::LotTx& tx) { return tx.realtime().decided(no, kPerJob); };
  auto const decided = co_await services.store.transact(find);
  if (!decided) co_return 0;
  std::int64_t applied = 0;
  for (auto const& check : *decided) {
    bool const bad = check.verdict == CheckVerdict::bad;
    if (bad && !co_await take_off(services, market, check)) continue;
    auto job = [check, acceptable](storage::LotTx& tx) { return count(tx, check, acceptable); };
    auto const counted = co_await services.store.transact(job);
    if (counted && *counted) ++applied;
  }
  co_return applied;
}

/// What became of held leads that were offered.
struct Offered {
  std::int64_t taken{};
  std::vector<ChosenLead> unfit;  // that the market will never take
  bool stopped{};                 // it takes nothing now

  void note(market::OfferLead const& lead, Answered const& answer) {
    using market::Refusal;
    using market::SubmitError;
    auto const refusal = answer ? answer->outcome.refusal : Refusal::none;
    // Its person is on the exchange's list, or another lead's by now, or the tables refuse it.
    bool const never = answer
                           ? refusal == Refusal::lead_unknown || refusal == Refusal::version_unknown
                           : answer.error() == SubmitError::duplicate ||
                                 answer.error() == SubmitError::internal_invariant;
    if (never) unfit.push_back({lead.lead_no, lead.generator_no, 0});
    if (answer && refusal == Refusal::none) ++taken;
    if (!answer && !never) stopped = true;
  }
};

struct Flying {
  market::OfferLead lead;
  storage::Pending<Answered> answer;
};

/// All at once. A lead's persons go with it: its market looks whether anybody keeps them out.
awaitable<Offered> offer_all(MarketPtr market, std::vector<market::Submission> all) {
  auto const executor = co_await boost::asio::this_coro::executor;
  std::vector<Flying> flying;
  flying.reserve(all.size());
  for (auto& submission : all) {
    auto lead = std::get<market::OfferLead>(submission.command);
    flying.push_back({std::move(lead), {executor, market->submit(std::move(submission))}});
  }
  Offered offered;
  std::exception_ptr thrown;
  for (auto& one : flying) {
    try {
      offered.note(one.lead, co_await one.answer.wait());
    } catch (...) {
      thrown = std::current_exception();
    }
  }
  if (thrown) std::rethrow_exception(thrown);
  co_return offered;
}

/// Withdraws held leads that were erased.
awaitable<void> withdraw_erased(LotServices services, MarketNo market) {
  for (int run = 0; run < kJobsPerRound; ++run) {
    auto job = [market](storage::LotTx& tx) {
      auto const leads = tx.realtime().erased(market, kPerJob);
      withdraw_held(tx, market, leads);
      return std::ssize(leads);
    };
    auto const done = co_await services.store.transact(job);
    if (!done || *done < kPerJob) co_return;
  }
}

}  // namespace

awaitable<std::int64_t> RealtimeChecks::open() {
  std::int64_t opened = 0;
  for (auto const& market : services_.markets.all()) {
    if (market->ready()) {
      opened += co_await open_in(market->market_no());
    } else {
      looked_through_.erase(market->market_no());
    }
  }
  co_return opened;
}

awaitable<std::int64_t> RealtimeChecks::open_in(MarketNo market) {
  bool const all = !looked_through_.contains(market);
  auto find = [market, all](storage::LotTx& tx) {
    return tx.realtime().chosen(market, all ? 0 : day_of(tx.now()) - kDaysBack, kPerJob);
  };
  std::int64_t opened = 0;
  for (int run = 0; run < kJobsPerRound; ++run) {
    auto const leads = co_await services_.store.transact(find);
    if (!leads) co_return opened;
    if (leads->empty()) {
      looked_through_.insert(market);
      break;
    }
    auto const first = co_await services_.numbers.reserve_later(
        market, storage::NumberKind::spot_check, std::ssize(*leads));
    if (!first) co_return opened;
    Opening const with{market, &services_.keys, &ids_};
    auto job = [with, found = *leads, first_no = *first](storage::LotTx& tx) {
      open_all(tx, with, found, first_no);
      return true;
    };
    if (!co_await services_.store.transact(job)) co_return opened;
    opened += std::ssize(*leads);
  }
  co_return opened;
}

awaitable<std::int64_t> RealtimeChecks::release() {
  std::int64_t released = 0;
  for (auto const& market : services_.markets.all()) {
    if (market->ready()) released += co_await release_in(market);
  }
  co_return released;
}

awaitable<std::int64_t> RealtimeChecks::release_in(MarketPtr market) {
  auto const settings = market->settings();
  if (!settings) co_return 0;
  auto const no = market->market_no();
  co_await withdraw_erased(services_, no);
  auto const until = std::chrono::steady_clock::now() + kReleaseTime;
  std::int64_t released = 0;
  std::int64_t after = 0;
  while (std::chrono::steady_clock::now() < until) {
    auto find = [no, after](storage::LotTx& tx) {
      return tx.realtime().to_release(no, after, kOfferedAtOnce);
    };
    auto const leads = co_await services_.store.transact(find);
    if (!leads || leads->empty()) break;
    after = leads->back().offer.lead_no;
    std::vector<market::Submission> all;
    for (auto const& lead : *leads) {
      auto submission = bulk(lead.offer);
      submission.persons = persons_({no, lead.offer.lead_no}, lead.sealed, settings->country);
      // One that does not open is nobody's to buy.
      if (!submission.persons.empty()) all.push_back(std::move(submission));
    }
    auto const offered = co_await storage::on_strand(offer_all(market, std::move(all)));
    released += offered.taken;
    if (!offered.unfit.empty()) {
      auto job = [no, unfit = offered.unfit](storage::LotTx& tx) {
        withdraw_held(tx, no, unfit);
        return true;
      };
      static_cast<void>(co_await services_.store.transact(job));  // else the next round does it
    }
    if (offered.stopped) break;
  }
  co_return released;
}

awaitable<std::int64_t> apply_realtime_verdicts(LotServices services) {
  std::int64_t applied = 0;
  for (auto const& market : services.markets.all()) {
    if (market->ready()) applied += co_await apply_in(services, market);
  }
  co_return applied;
}

}  // namespace leadex::app
