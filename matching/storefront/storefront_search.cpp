// Sweeps and pages: a walk along the order while matches are frequent in it, else one pass over the
// columns that keeps the best places.

#include <algorithm>
#include <bit>

#include "billing/values/check.hpp"
#include "matching/storefront/storefront.hpp"

namespace leadex::storefront {
namespace {

constexpr std::int64_t kFirst = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
constexpr Place kBefore{kFirst, kFirst, kFirst};

constexpr std::size_t kStretch = 1024;     // places walked before the walk is judged
constexpr std::size_t kRowsPerPlace = 48;  // rows that a pass looks at while a walk does one
constexpr std::size_t kSweepWanted = 64;   // matches that a sweep is taken to want yet
constexpr std::size_t kBatchMin = 256;     // best places kept by a pass
constexpr std::size_t kBatchMax = 1 << 16;

struct Candidate {
  Place place;
  Slot slot{};
};

}  // namespace

void Storefront::sweep(SweepQuery const& query, Visit const& visit) const {
  auto const conjunctions = targeting::to_normal_form(*query.expression);
  LEADEX_CHECK(conjunctions.has_value());  // the expression is valid
  RowFilter filter(rows_, *conjunctions, query.supply, query.now_us);
  run({.order = Order::ask,
       .after = query.after.value_or(kBefore),
       .last = {query.ask_max, kLast, kLast},
       .wanted = kSweepWanted},
      filter, [&](Hit const& hit, std::size_t& /*wanted*/) { return visit(hit); });
}

void Storefront::page(PageQuery const& query, Visit const& visit) const {
  if (query.limit == 0) return;
  RowFilter filter(rows_, {&query.filter, 1}, query.supply, query.now_us);
  run({.order = query.order,
       .after = query.after.value_or(kBefore),
       .last = {kLast, kLast, kLast},
       .wanted = query.limit},
      filter, [&](Hit const& hit, std::size_t& wanted) {
        if (visit(hit)) --wanted;
        return wanted > 0;
      });
}

void Storefront::run(Search search, RowFilter& filter, Answer const& answer) const {
  if (filter.empty() || walk(search, filter, answer)) return;
  auto batch = std::clamp(2 * search.wanted, kBatchMin, kBatchMax);
  while (!scan(search, filter, batch, answer)) batch = std::min(8 * batch, kBatchMax);
}

// True: done. False: from search.after on a pass is expected to be quicker.
bool Storefront::walk(Search& search, RowFilter& filter, Answer const& answer) const {
  auto const& places = order(search.order);
  auto position = places.behind(rows_, search.after);
  std::size_t walked = 0;
  std::size_t hits = 0;
  for (;;) {
    auto const slots = places.take(position, 64);
    if (slots.empty()) return true;
    auto const picked = filter.pick(slots);
    for (auto bits = picked; bits != 0; bits &= bits - 1) {
      auto const slot = slots[static_cast<std::size_t>(std::countr_zero(bits))];
      auto const place = rows_.place(search.order, slot);
      if (place > search.last) return true;
      if (!answer({rows_.lead_no(slot), place}, search.wanted)) return true;
    }
    if (rows_.first_of(search.order, slots.back()) > search.last.first) return true;
    walked += slots.size();
    hits += static_cast<std::size_t>(std::popcount(picked));
    if (walked < kStretch) continue;
    if (search.wanted * walked > hits * (rows_.end() / kRowsPerPlace)) {
      search.after = rows_.place(search.order, slots.back());
      return false;
    }
    // What was seen long ago counts less: the order and the filter may hang together.
    walked /= 2;
    hits /= 2;
  }
}

// One pass over all rows for the first `batch` matches behind search.after. True: done. False:
// there are more, search.after has moved on.
bool Storefront::scan(Search& search, RowFilter& filter, std::size_t batch,
                      Answer const& answer) const {
  std::vector<Candidate> best;
  auto bound = search.last;
  std::array<std::int64_t, kBlockRows> firsts;
  bool more = false;
  auto const keep_batch = [&] {
    auto const last = best.begin() + static_cast<std::ptrdiff_t>(batch) - 1;
    std::ranges::nth_element(best, last, {}, &Candidate::place);
    best.resize(batch);
    bound = best.back().place;
    more = true;
  };
  for (Slot first = 0; first < rows_.end(); first += kBlockRows) {
    auto const block = filter.block(first);
    rows_.firsts_of(search.order, first, block, firsts);
    for (std::size_t w = 0; w < kBlockWords; ++w) {
      for (auto bits = block[w]; bits != 0; bits &= bits - 1) {
        auto const i = w * 64 + static_cast<std::size_t>(std::countr_zero(bits));
        if (firsts[i] > bound.first || firsts[i] < search.after.first) continue;
        auto const slot = first + static_cast<Slot>(i);
        auto const place = rows_.place(search.order, slot);
        if (place > bound || place <= search.after) continue;
        best.push_back({place, slot});
        if (best.size() == 2 * batch) keep_batch();
      }
    }
  }
  if (best.size() > batch) keep_batch();
  std::ranges::sort(best, {}, &Candidate::place);
  for (auto const& candidate : best) {
    if (!answer({rows_.lead_no(candidate.slot), candidate.place}, search.wanted)) return true;
  }
  if (more) search.after = best.back().place;
  return !more;
}

}  // namespace leadex::storefront
