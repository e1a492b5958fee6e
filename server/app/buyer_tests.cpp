#include "server/app/buyer_tests.hpp"

#include <algorithm>

namespace leadex::app {

using quality::FindingKind;
using storage::EventCounts;

PastFindings::PastFindings(std::vector<storage::PastCases> const& cases) {
  for (auto const& past : cases) {
    if (past.lead_no != 0) leads_.insert({past.buyer_no, past.lead_no});
    auto& last = last_[{past.buyer_no, past.kind}];
    last.open = last.open || past.open;
    last.decided_day = std::max(last.decided_day, past.decided_day);  // none is the least
  }
}

std::optional<std::int32_t> PastFindings::first_day(std::int64_t buyer_no, FindingKind kind,
                                                    std::int32_t first) const {
  auto const found = last_.find({buyer_no, kind});
  if (found == last_.end()) return first;
  auto const& last = found->second;
  if (last.open) return std::nullopt;
  return last.decided_day ? std::max(first, *last.decided_day + 1) : first;
}

bool Comparisons::add(std::span<EventCounts const> counts) {
  if (waits_) return false;
  auto const open = std::ranges::find_if(counts, [](EventCounts const& c) { return c.open > 0; });
  if (open != counts.end()) {
    waits_ = true;
    auto const day = open->day;
    auto const end =
        std::ranges::find_if(counts, [day](EventCounts const& c) { return c.day == day; });
    counts = counts.first(static_cast<std::size_t>(end - counts.begin()));
  }
  while (!counts.empty()) {
    auto const& first = counts.front();
    auto const end = std::ranges::find_if(counts, [&first](EventCounts const& c) {
      return c.day != first.day || c.segment != first.segment;
    });
    auto const one = counts.first(static_cast<std::size_t>(end - counts.begin()));
    counts = counts.subspan(one.size());
    std::int64_t leads = 0;
    std::int64_t events = 0;
    for (auto const& buyer : one) {
      leads += buyer.leads;
      events += buyer.events;
    }
    for (auto const& buyer : one) {
      auto* const test = tests_.of(buyer.buyer_no, buyer.day);
      if (test == nullptr) continue;
      test->add({buyer.leads, buyer.events, leads - buyer.leads, events - buyer.events});
    }
  }
  return !waits_;
}

void Holdouts::add(std::span<storage::VerifiedSale const> sales) {
  for (auto const& sale : sales) {
    if (sale.open) tests_.wait(sale.buyer_no, sale.day);
    if (auto* const test = tests_.of(sale.buyer_no, sale.day)) test->add(sale.reported);
  }
}

bool ReturnShares::add(std::span<EventCounts const> counts) {
  for (auto const& c : counts) {
    if (c.open > 0) closed_ = false;
    if (!closed_) break;
    auto const [at, fresh] = own_.try_emplace(c.buyer_no);
    auto& own = at->second;
    if (fresh) own.from = past_.first_day(c.buyer_no, FindingKind::returns_above_mix, first_);
    Sum const part{c.leads, c.events};
    if (own.from && c.day >= *own.from) own.sums[c.segment].add(part);
    all_[c.day][c.segment].add(part);
  }
  return closed_;
}

ReturnShares::BySegment ReturnShares::sum_from(std::int32_t day) const {
  BySegment sums;
  for (auto at = all_.lower_bound(day); at != all_.end(); ++at) {
    for (auto const& [segment, part] : at->second) sums[segment].add(part);
  }
  return sums;
}

std::vector<storage::NewFinding> ReturnShares::findings(std::int32_t until) const {
  std::vector<storage::NewFinding> found;
  if (!closed_) return found;
  std::map<std::int32_t, BySegment> totals;  // by first day: mostly one
  for (auto const& [buyer_no, own] : own_) {
    bool const returned = std::ranges::any_of(
        own.sums, [](auto const& of_segment) { return of_segment.second.events > 0; });
    if (!returned) continue;
    auto const [total, fresh] = totals.try_emplace(*own.from);
    if (fresh) total->second = sum_from(*own.from);
    std::vector<quality::SellerShare> shares;
    for (auto const& [segment, sum] : own.sums) {
      auto const& all = total->second.at(segment);
      shares.push_back({segment.generator_no,
                        {sum.leads, sum.events, all.leads - sum.leads, all.events - sum.events}});
    }
    auto const finding = quality::returns_finding(buyer_no, shares, {});
    if (finding) found.push_back({.finding = *finding, .from_day = *own.from, .until_day = until});
  }
  return found;
}

}  // namespace leadex::app
