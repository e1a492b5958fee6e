#include <algorithm>

#include "billing/values/check.hpp"
#include "matching/targeting/normal_form.hpp"

namespace leadex::targeting {

ValueSet ValueSet::of(Expression const& predicate) {
  ValueSet set;
  if (predicate.kind == ExpressionKind::in) {
    for (auto const value : predicate.values) set.append({value, value});
    return set;
  }
  LEADEX_CHECK(predicate.kind == ExpressionKind::range);
  // An open end reaches to the end of the axis, as evaluate() does it.
  set.append({predicate.low == kIntegerMin ? kValueMin : predicate.low,
              predicate.high == kIntegerMax ? kValueMax : predicate.high});
  return set;
}

ValueSet ValueSet::everything() {
  ValueSet set;
  set.intervals_.push_back({kValueMin, kValueMax});
  set.missing_ = true;
  return set;
}

bool ValueSet::contains(std::int64_t value) const {
  if (value == kMissing) return missing_;
  auto const next = std::ranges::upper_bound(intervals_, value, {}, &Interval::low);
  return next != intervals_.begin() && std::prev(next)->high >= value;
}

bool ValueSet::intersects(std::int64_t low, std::int64_t high) const {
  auto const next = std::ranges::upper_bound(intervals_, high, {}, &Interval::low);
  return next != intervals_.begin() && std::prev(next)->high >= low;
}

bool ValueSet::covers(std::int64_t low, std::int64_t high) const {
  auto const next = std::ranges::upper_bound(intervals_, low, {}, &Interval::low);
  return next != intervals_.begin() && std::prev(next)->high >= high;
}

bool ValueSet::is_everything() const {
  return missing_ && intervals_.size() == 1 && intervals_[0] == Interval{kValueMin, kValueMax};
}

ValueSet ValueSet::complement() const {
  ValueSet set;
  set.missing_ = !missing_;
  std::int64_t from = kValueMin;
  for (auto const& interval : intervals_) {
    if (interval.low > from) set.intervals_.push_back({from, interval.low - 1});
    if (interval.high == kValueMax) return set;
    from = interval.high + 1;
  }
  set.intervals_.push_back({from, kValueMax});
  return set;
}

ValueSet ValueSet::intersect(ValueSet const& other) const {
  ValueSet set;
  set.missing_ = missing_ && other.missing_;
  auto a = intervals_.begin();
  auto b = other.intervals_.begin();
  while (a != intervals_.end() && b != other.intervals_.end()) {
    auto const low = std::max(a->low, b->low);
    auto const high = std::min(a->high, b->high);
    if (low <= high) set.append({low, high});
    (a->high < b->high ? a : b)++;
  }
  return set;
}

ValueSet ValueSet::unite(ValueSet const& other) const {
  ValueSet set;
  set.missing_ = missing_ || other.missing_;
  auto a = intervals_.begin();
  auto b = other.intervals_.begin();
  while (a != intervals_.end() || b != other.intervals_.end()) {
    bool const take_a = b == other.intervals_.end() || (a != intervals_.end() && a->low <= b->low);
    set.append(*(take_a ? a : b)++);
  }
  return set;
}

void ValueSet::append(Interval interval) {
  if (!intervals_.empty()) {
    auto& last = intervals_.back();
    if (last.high == kValueMax || interval.low <= last.high + 1) {
      last.high = std::max(last.high, interval.high);
      return;
    }
  }
  intervals_.push_back(interval);
}

}  // namespace leadex::targeting
