#include "server/app/returned_wins.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "billing/values/check.hpp"
#include "matching/quality/returned_then_converted.hpp"
#include "server/observe/log.hpp"

namespace leadex::app {

namespace asio = boost::asio;
using quality::PersonDigest;
using storage::ReportedSale;
using storage::ReturnedSale;

namespace {

constexpr std::size_t kRowsMax = 20'000;
constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kDayUs = 86'400 * kSecondUs;

void log_too_many(MarketNo market, std::string_view what) {
  log::warn("truth.not_all_read", "there are more than a round reads; the oldest are left out")
      .field("market", std::int64_t{market})
      .field("what", what);
}

using Digests = std::map<std::int64_t, std::vector<PersonDigest>>;  // by lead

asio::awaitable<std::vector<ReturnedSale>> read_returned(storage::TruthReads& truth,
                                                         MarketNo market, std::int64_t since_us,
                                                         PastFindings past) {
  std::vector<ReturnedSale> kept;
  std::optional<std::int64_t> before;
  for (std::size_t read = 0; read < kRowsMax;) {
    auto const page = co_await truth.returned(market, before);
    if (!page || page->empty()) break;
    for (auto const& row : *page) {
      bool const wanted = row.stands && row.opened_us >= since_us;
      if (wanted && !past.had(row.buyer_no, row.lead_no)) kept.push_back(row);
    }
    if (page->back().opened_us < since_us) break;
    before = page->back().return_no;
    read += page->size();
    if (read >= kRowsMax) log_too_many(market, "returns");
  }
  co_return kept;
}

asio::awaitable<std::vector<ReportedSale>> read_reported(storage::TruthReads& truth,
                                                         MarketNo market, std::int64_t since_us,
                                                         std::set<std::int64_t> buyers) {
  std::vector<ReportedSale> kept;
  std::optional<std::int64_t> before;
  for (std::size_t read = 0; read < kRowsMax;) {
    auto const page = co_await truth.reported(market, before);
    if (!page || page->empty()) break;
    for (auto const& row : *page) {
      if (row.stands && row.told_us >= since_us && buyers.contains(row.buyer_no)) {
        kept.push_back(row);
      }
    }
    if (page->back().told_us < since_us) break;
    before = page->back().conversion_no;
    read += page->size();
    if (read >= kRowsMax) log_too_many(market, "conversions");
  }
  co_return kept;
}

/// Stands for the lead itself, so that it is known again when its contact is gone.
PersonDigest digest_of_lead(std::int64_t lead_no) {
  PersonDigest digest{};
  auto rest = static_cast<std::uint64_t>(lead_no);
  for (auto at = digest.rbegin(); rest != 0; ++at, rest >>= 8) *at = std::byte(rest & 0xFFU);
  return digest;
}

asio::awaitable<Digests> read_persons(UntruthServices services,
                                      std::shared_ptr<market::MarketActor> market,
                                      std::set<std::int64_t> leads) {
  auto const market_no = market->market_no();
  auto const settings = market->settings();
  Digests digests;
  for (auto const lead_no : leads) digests[lead_no] = {digest_of_lead(lead_no)};
  std::vector<std::int64_t> const all(leads.begin(), leads.end());
  constexpr std::size_t kPage = storage::TruthReads::kPageMax;
  for (std::size_t from = 0; from < all.size(); from += kPage) {
    auto const until = std::min(from + kPage, all.size());
    auto const contacts = co_await services.truth.contacts(
        market_no, {all.begin() + static_cast<std::ptrdiff_t>(from),
                    all.begin() + static_cast<std::ptrdiff_t>(until)});
    if (!contacts) break;
    for (auto const& sealed : *contacts) {
      for (auto const& text :
           services.persons({market_no, sealed.lead_no}, sealed, settings->country)) {
        PersonDigest digest{};
        LEADEX_CHECK(text.size() == digest.size());
        std::ranges::transform(text, digest.begin(), [](char c) { return std::byte(c); });
        digests[sealed.lead_no].push_back(digest);
      }
    }
  }
  co_return digests;
}

}  // namespace

asio::awaitable<std::vector<storage::NewFinding>> find_returned_wins(
    UntruthServices services, std::shared_ptr<market::MarketActor> market, std::int64_t since_us,
    PastFindings past) {
  auto const market_no = market->market_no();
  auto const returned =
      co_await read_returned(services.truth, market_no, since_us, std::move(past));
  std::set<std::int64_t> buyers;
  std::set<std::int64_t> leads;
  for (auto const& row : returned) {
    buyers.insert(row.buyer_no);
    leads.insert(row.lead_no);
  }
  if (buyers.empty()) co_return std::vector<storage::NewFinding>{};
  auto const reported =
      co_await read_reported(services.truth, market_no, since_us, std::move(buyers));
  for (auto const& row : reported) leads.insert(row.lead_no);
  if (reported.empty()) co_return std::vector<storage::NewFinding>{};
  auto const persons = co_await read_persons(services, market, std::move(leads));

  std::vector<quality::ReturnedLead> gone;
  std::map<std::int64_t, std::int32_t> sold_on;
  for (auto const& row : returned) {
    // Instants are told by the second, so a conversion may seem a moment too early.
    auto const sold_us = row.sold_us - row.sold_us % kSecondUs;
    sold_on[row.lead_no] = static_cast<std::int32_t>(row.sold_us / kDayUs);
    for (auto const& person : persons.at(row.lead_no)) {
      gone.push_back(
          {row.buyer_no, row.lead_no, row.generator_no, person, sold_us, row.as_duplicate});
    }
  }
  std::vector<quality::ReportedWin> wins;
  for (auto const& row : reported) {
    for (auto const& person : persons.at(row.lead_no)) {
      wins.push_back({row.buyer_no, row.lead_no, person, row.at_us, !row.confirmed});
    }
  }
  std::vector<storage::NewFinding> found;
  for (auto const& finding : quality::returned_then_converted(gone, wins)) {
    auto const day = sold_on.at(finding.lead_no);
    found.push_back({.finding = finding, .from_day = day, .until_day = day + 1});
  }
  co_return found;
}

}  // namespace leadex::app
