#include "server/app/realtime_checks.hpp"

#include <array>
#include <chrono>
#include <map>

#include "matching/market/barred.hpp"
#include "matching/quality/posted_checks.hpp"
#include "server/app/realtime_sample.hpp"
#include "server/app/source_standing.hpp"
#include "server/observe/log.hpp"

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

/// Where a verifier's word is another than the one that returns have for it.
std::string return_reason(std::string_view reason) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kReasons{
      {{"wrong_number", "wrong_number"},
       {"wrong_person", "wrong_number"},
       {"disconnected", "disconnected_number"},
       {"denied_request", "never_requested"},
       {"invalid_email", "invalid_email"},
       {"underage", "underage"}}};
  for (auto const& [said, returned] : kReasons) {
    if (said == reason) return std::string{returned};
  }
  return "bogus";
}

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

/// Gives one sale's price back. @return false when the market did not take it now
awaitable<bool> credit(MarketPtr market, DecidedCheck check, storage::CreditableSale sale) {
  auto const lead_no = check.lead.lead_no;
  if (sale.return_no != 0) {
    auto const answer =
        co_await market->submit(bulk(market::AcceptReturn{sale.return_no, check.lead.tenant_no}));
    co_return answer.has_value();
  }
  if (!sale.delivered) {
    // Whether it was delivered meanwhile, the next look tells.
    auto const answer = co_await market->submit(bulk(market::RefuseDelivery{lead_no, sale.slot}));
    co_return answer && answer->outcome.refusal == market::Refusal::none;
  }
  market::OpenReturn command;
  command.lead_no = lead_no;
  command.slot = sale.slot;
  command.buyer_no = sale.buyer_no;
  command.reason = return_reason(check.reason);
  command.proven = true;
  auto const answer = co_await market->submit(bulk(std::move(command)));
  if (!answer) co_return false;
  if (answer->outcome.refusal != market::Refusal::none) {
    log::info("realtime_check.not_credited", "a sale of a lead found bad cannot come back any more")
        .field("market", std::int64_t{check.check.market})
        .field("lead_no", lead_no);
  }
  co_return true;
}

/// A held one, which its market has not seen.
void withdraw_held(storage::LotTx& tx, LeadId lead, std::int64_t tenant_no) {
  std::array const leads{lead.no};
  if (tx.lots().withdraw_checked(lead.market, leads) == 0) return;
  tx.emit({lead.market, storage::OwnEvent::lead_withdrawn, tenant_no,
           static_cast<std::int16_t>(crypto::IdKind::lead), lead.no});
}

/// Takes a bad lead off for good and credits its buyers. @return false: to be done again
awaitable<bool> undo(LotServices services, MarketPtr market, DecidedCheck check) {
  auto const lead = LeadId{check.check.market, check.lead.lead_no};
  auto const off =
      co_await market->submit(bulk(market::WithholdLeads{market::kEverybody, {lead.no}}));
  if (!off) co_return false;
  auto look = [lead, tenant_no = check.lead.tenant_no](storage::LotTx& tx) {
    static_cast<void>(tx.rests().withdraw(lead));
    withdraw_held(tx, lead, tenant_no);
    return tx.realtime().creditable(lead);
  };
  auto const sales = co_await services.store.transact(look);
  if (!sales) co_return false;
  bool all = true;
  for (auto const& sale : *sales) {
    if (!co_await credit(market, check, sale)) all = false;
  }
  co_return all;
}

/// The check counts for its source, once.
bool count(storage::LotTx& tx, DecidedCheck const& check, BasisPoints acceptable) {
  if (!tx.realtime().mark_applied(check.check)) return false;
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
    if (bad && !co_await undo(services, market, check)) continue;
    auto job = [check, acceptable](storage::LotTx& tx) { return count(tx, check, acceptable); };
    auto const counted = co_await services.store.transact(job);
    if (counted && *counted) ++applied;
  }
  co_return applied;
}

}  // namespace

awaitable<std::int64_t> RealtimeChecks::open() {
  std::int64_t opened = 0;
  for (auto const& market : services_.markets.all()) {
    if (market->ready()) opened += co_await open_in(market->market_no());
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
  std::int64_t released = 0;
  std::int64_t after = 0;
  for (int run = 0; run < kJobsPerRound; ++run) {
    auto find = [no = market->market_no(), after](storage::LotTx& tx) {
      return tx.realtime().to_release(no, after, kPerJob);
    };
    auto const leads = co_await services_.store.transact(find);
    if (!leads || leads->empty()) break;
    for (auto const& lead : *leads) {
      if (co_await offer(market, lead)) ++released;
    }
    after = leads->back().lead_no;
  }
  co_return released;
}

awaitable<bool> RealtimeChecks::offer(MarketPtr market, market::OfferLead lead) {
  LeadId const id{market->market_no(), lead.lead_no};
  auto const settings = market->settings();
  auto find = [id](storage::LotTx& tx) { return tx.lots().sealed_lead(id); };
  auto const sealed = co_await services_.store.transact(find);
  if (!settings || !sealed || !*sealed) co_return false;  // erased: it stays where it is
  auto const withheld = co_await rights_.withholding(persons_(id, **sealed, settings->country));
  if (!withheld) co_return false;
  std::set<std::int64_t> buyers(lead.withheld.begin(), lead.withheld.end());
  buyers.insert(withheld->begin(), withheld->end());
  lead.withheld.assign(buyers.begin(), buyers.end());
  if (market::barred(lead)) {
    auto job = [id](storage::LotTx& tx) {
      std::array const leads{id.no};
      return tx.lots().withdraw_checked(id.market, leads);
    };
    static_cast<void>(co_await services_.store.transact(job));
    co_return false;
  }
  auto const answer = co_await market->submit(bulk(std::move(lead)));
  co_return answer && answer->outcome.refusal == market::Refusal::none;
}

awaitable<std::int64_t> apply_realtime_verdicts(LotServices services) {
  std::int64_t applied = 0;
  for (auto const& market : services.markets.all()) {
    if (market->ready()) applied += co_await apply_in(services, market);
  }
  co_return applied;
}

}  // namespace leadex::app
