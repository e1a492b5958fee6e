#include "server/app/buyer_tests.hpp"

#include <algorithm>
#include <limits>

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

void Comparisons::add(std::span<EventCounts const> counts) {
  auto const segment = [](EventCounts const& c) {
    return std::tuple{c.day, c.generator_no, c.vehicle};
  };
  while (!counts.empty()) {
    auto const end = std::ranges::find_if(
        counts, [&](EventCounts const& c) { return segment(c) != segment(counts.front()); });
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
}

void Holdouts::add(std::span<storage::VerifiedSale const> sales) {
  for (auto const& sale : sales) {
    if (auto* const test = tests_.of(sale.buyer_no, sale.day)) test->add(sale.reported);
  }
}

void ReturnShares::add(std::span<EventCounts const> counts) {
  for (auto const& c : counts) {
    for (auto* const sum :
         {&days_[{c.buyer_no, c.generator_no, c.day}], &all_[{c.generator_no, c.day}]}) {
      sum->leads += c.leads;
      sum->events += c.events;
    }
  }
}

ReturnShares::ByGenerator ReturnShares::sum(std::optional<std::int64_t> buyer_no,
                                            std::int32_t from) const {
  ByGenerator sums;
  auto const add = [&](std::int64_t generator_no, std::int32_t day, Sum const& part) {
    if (day < from) return;
    auto& sum = sums[generator_no];
    sum.leads += part.leads;
    sum.events += part.events;
  };
  if (!buyer_no) {
    for (auto const& [key, part] : all_) add(key.first, key.second, part);
    return sums;
  }
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  for (auto at = days_.lower_bound({*buyer_no, kLeast, 0}); at != days_.end(); ++at) {
    auto const& [buyer, generator_no, day] = at->first;
    if (buyer != *buyer_no) break;
    add(generator_no, day, at->second);
  }
  return sums;
}

std::vector<storage::NewFinding> ReturnShares::findings(std::int32_t until) const {
  std::vector<storage::NewFinding> found;
  std::map<std::int32_t, ByGenerator> totals;  // by first day: mostly one
  std::set<std::int64_t> buyers;
  for (auto const& [key, part] : days_) {
    if (part.events > 0) buyers.insert(std::get<0>(key));
  }
  for (auto const buyer_no : buyers) {
    auto const from = past_.first_day(buyer_no, FindingKind::returns_above_mix, first_);
    if (!from || *from >= until) continue;
    auto const [total, fresh] = totals.try_emplace(*from);
    if (fresh) total->second = sum(std::nullopt, *from);
    std::vector<quality::SellerShare> shares;
    for (auto const& [generator_no, own] : sum(buyer_no, *from)) {
      auto const& all = total->second.at(generator_no);
      shares.push_back(
          {generator_no, {own.leads, own.events, all.leads - own.leads, all.events - own.events}});
    }
    auto const finding = quality::returns_finding(buyer_no, shares, {});
    if (finding) found.push_back({.finding = *finding, .from_day = *from, .until_day = until});
  }
  return found;
}

}  // namespace leadex::app
