#include "server/app/forget_persons.hpp"

#include <chrono>
#include <map>
#include <utility>

#include "matching/market/barred.hpp"
#include "server/app/withhold_leads.hpp"
#include "server/observe/log.hpp"

namespace leadex::app {

namespace asio = boost::asio;
using asio::awaitable;
using storage::EraseCause;
using storage::OpenRequest;
using storage::PersonLead;
using storage::RequestKind;

namespace {

constexpr int kRequests = 50;
constexpr int kPage = 200;
constexpr int kAgedPage = 1000;
constexpr int kAgedPages = 10;
constexpr int kVisitors = 10'000;
constexpr int kVisitorSlices = 100;
constexpr auto kPatience = std::chrono::seconds{10};

auto deadline() { return std::chrono::steady_clock::now() + kPatience; }

/// Leads that their persons' claims do not name any more are taken off by number.
awaitable<bool> take_off(market::MarketHost& markets, std::vector<PersonLead> leads) {
  std::map<MarketNo, std::vector<std::int64_t>> by_market;
  for (auto const& lead : leads) by_market[lead.id.market].push_back(lead.id.no);
  for (auto const& [market_no, numbers] : by_market) {
    auto const market = markets.find(market_no);
    if (!market) co_return false;
    market::Submission submission;
    submission.command = market::WithholdLeads{market::kEverybody, numbers};
    submission.lane = market::Lane::bulk;
    submission.deadline = deadline();
    auto const answer = co_await market->submit(std::move(submission));
    if (!answer) co_return false;
  }
  co_return true;
}

/// Sales that wait for their delivery are voided while there is still something to deliver: nobody
/// is charged for what cannot be read. The lead is off by then, so nobody else gets it.
awaitable<bool> void_undelivered(ForgetServices const& services, LeadId lead) {
  auto const slots = co_await services.store.undelivered(lead);
  if (!slots) co_return false;
  if (slots->empty()) co_return true;
  auto const market = services.markets.find(lead.market);
  if (!market) co_return false;
  for (auto const slot : *slots) {
    market::Submission submission;
    submission.command = market::RefuseDelivery{lead.no, slot};
    submission.lane = market::Lane::bulk;
    submission.deadline = deadline();
    // That it was delivered or voided meanwhile is an answer, too.
    auto const answer = co_await market->submit(std::move(submission));
    if (!answer) co_return false;
  }
  co_return true;
}

/// Destroys a lead's key and all that its person could be found by.
awaitable<bool> erase_lead(ForgetServices const& services, PersonLead lead,
                           std::vector<std::string> known, EraseCause cause) {
  auto const held = co_await services.store.held({0, storage::Role::admin}, lead.id);
  if (!held) co_return false;
  if (*held) {
    for (auto& digest : services.persons(lead.id, (*held)->sealed, (*held)->country)) {
      known.push_back(std::move(digest));
    }
  }
  auto const erased = co_await services.store.erase(lead.id, std::move(known), cause);
  co_return erased.has_value();
}

awaitable<bool> do_lead(ForgetServices const& services, OpenRequest const& request,
                        PersonLead const& lead) {
  if (request.kind == RequestKind::erasure) {
    if (!co_await void_undelivered(services, lead.id)) co_return false;
    co_return co_await erase_lead(services, lead, request.digests, EraseCause::request);
  }
  auto const revoked = co_await services.store.revoke(lead.id, request.counts_from);
  co_return revoked.has_value();
}

/// A page of one request's leads. @return how many were done; nothing when something failed
awaitable<std::optional<std::int64_t>> do_page(ForgetServices const& services,
                                               OpenRequest const& request,
                                               std::vector<PersonLead> const& page) {
  if (!co_await take_off(services.markets, page)) co_return std::nullopt;
  std::int64_t done = 0;
  for (auto const& lead : page) {
    if (lead.generator_no == 0) continue;  // claimed by an upload that has not stored it
    if (!co_await do_lead(services, request, lead)) co_return std::nullopt;
    ++done;
  }
  co_return done;
}

/// @return how many leads were done
awaitable<std::int64_t> work_off(ForgetServices const& services, OpenRequest request) {
  // From here on every market refuses the person, and knows of each lead that came before.
  auto const told =
      co_await withhold_leads(services.markets, market::kEverybody, request.digests, deadline());
  if (!told) co_return 0;
  std::int64_t done = 0;
  for (LeadId after{};;) {
    auto const page = co_await services.store.leads_of(request.digests, after, kPage);
    if (!page) co_return done;
    if (page->empty()) break;
    after = page->back().id;
    auto const some = co_await do_page(services, request, *page);
    if (!some) co_return done;
    done += *some;
    if (*some > 0 && !co_await services.store.note_leads(request.no, request.leads + done)) {
      co_return done;
    }
  }
  auto const left = co_await services.store.drop_claims(request.digests);
  bool const whole = left && (*left == 0 || request.kind == RequestKind::opt_out);
  if (whole) (void)co_await services.store.finish(request.no);
  co_return done;
}

/// In slices of a transaction each, so that the writers of clicks never wait long.
awaitable<std::int64_t> forget_visitors(storage::PrivacyStore& store) {
  std::int64_t done = 0;
  for (int slice = 0; slice < kVisitorSlices; ++slice) {
    auto const some = co_await store.forget_visitors(kVisitors);
    if (!some) {
      log::warn("privacy.visitors", "visitors of more than a day ago are not forgotten yet");
      break;
    }
    done += *some;
    if (*some < kVisitors) break;
  }
  co_return done;
}

}  // namespace

awaitable<std::int64_t> forget_persons(ForgetServices services) {
  auto const open = co_await services.store.open_requests(kRequests);
  if (!open) co_return 0;
  std::int64_t done = 0;
  for (auto const& request : *open) done += co_await work_off(services, request);
  if (done > 0) log::info("privacy.forgotten", "leads of persons who asked").field("leads", done);
  co_return done;
}

awaitable<std::int64_t> Retention::run() {
  std::int64_t done = 0;
  for (int page = 0; page < kAgedPages; ++page) {
    auto const aged = co_await services_.store.past_retention(after_, kAgedPage);
    if (!aged) co_return done;
    for (auto const& lead : aged->leads) {
      if (!co_await erase_lead(services_, lead, {}, EraseCause::retention)) co_return done;
      ++done;
    }
    after_ = aged->last.value_or(LeadId{});
    if (!aged->last) break;
  }
  co_return done + co_await forget_visitors(services_.store);
}

}  // namespace leadex::app
