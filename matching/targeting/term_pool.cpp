#include "matching/targeting/term_pool.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "billing/values/check.hpp"

namespace leadex::targeting {
namespace {

// First byte of a term; the two upper bits are the logarithm of the width of an offset.
constexpr std::uint8_t kMissingFlag = 1;
constexpr std::uint8_t kOpenLowFlag = 2;
constexpr std::uint8_t kOpenHighFlag = 4;
constexpr std::uint8_t kPointsFlag = 8;
constexpr unsigned kWidthShift = 6;

void put_varint(std::vector<std::byte>& out, std::uint64_t number) {
  for (; number >= 128; number >>= 7) out.push_back(static_cast<std::byte>(number | 128));
  out.push_back(static_cast<std::byte>(number));
}

std::uint64_t take_varint(std::byte const*& from) {
  std::uint64_t number = 0;
  for (unsigned shift = 0;; shift += 7) {
    auto const byte = std::to_integer<std::uint64_t>(*from++);
    number |= (byte & 127) << shift;
    if (byte < 128) return number;
  }
}

// Small negative numbers stay short.
std::uint64_t folded(std::int64_t number) {
  return (static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63);
}
std::int64_t unfolded(std::uint64_t number) {
  return static_cast<std::int64_t>((number >> 1) ^ (~(number & 1) + 1));
}

std::uint64_t distance(std::int64_t from, std::int64_t to) {
  return static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from);
}

void put_offset(std::vector<std::byte>& out, std::uint64_t offset, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) {
    out.push_back(static_cast<std::byte>(offset >> (8 * i)));
  }
}

// The smallest and the largest finite end of a set; {0, 0} when it has none.
Interval finite_span(std::vector<Interval> const& intervals) {
  if (intervals.empty()) return {0, 0};
  auto const& first = intervals.front();
  auto const& last = intervals.back();
  if (intervals.size() == 1 && first == Interval{kValueMin, kValueMax}) return {0, 0};
  return {first.low != kValueMin ? first.low : first.high,
          last.high != kValueMax ? last.high : last.low};
}

void put_term(std::vector<std::byte>& out, Term const& term) {
  auto const& intervals = term.accepted.intervals();
  bool const open_low = !intervals.empty() && intervals.front().low == kValueMin;
  bool const open_high = !intervals.empty() && intervals.back().high == kValueMax;
  bool const points = std::ranges::all_of(
      intervals, [](Interval const& interval) { return interval.low == interval.high; });
  auto const span = finite_span(intervals);
  auto const reach = distance(span.low, span.high);
  unsigned log_width = 0;
  while (log_width < 3 && (reach >> (8U << log_width)) != 0) ++log_width;
  unsigned const flags = (term.accepted.accepts_missing() ? kMissingFlag : 0U) |
                         (open_low ? kOpenLowFlag : 0U) | (open_high ? kOpenHighFlag : 0U) |
                         (points ? kPointsFlag : 0U) | (log_width << kWidthShift);
  out.push_back(static_cast<std::byte>(flags));
  put_varint(out, term.attribute);
  put_varint(out, intervals.size());
  put_varint(out, folded(span.low));
  auto const width = std::size_t{1} << log_width;
  for (auto const& [low, high] : intervals) {
    put_offset(out, low == kValueMin ? 0 : distance(span.low, low), width);
  }
  if (points) return;
  for (auto const& [low, high] : intervals) {
    put_offset(out, high == kValueMax ? 0 : distance(span.low, high), width);
  }
}

}  // namespace

std::byte const* TermView::read(std::byte const* from) {
  auto const flags = std::to_integer<unsigned>(*from++);
  missing_ = (flags & kMissingFlag) != 0;
  open_low_ = (flags & kOpenLowFlag) != 0;
  open_high_ = (flags & kOpenHighFlag) != 0;
  points_ = (flags & kPointsFlag) != 0;
  width_ = static_cast<std::uint8_t>(1U << (flags >> kWidthShift));
  attribute_ = static_cast<AttributeIndex>(take_varint(from));
  count_ = static_cast<std::uint32_t>(take_varint(from));
  base_ = unfolded(take_varint(from));
  ends_ = from;
  return from + std::size_t{width_} * count_ * (points_ ? 1 : 2);
}

std::int64_t TermView::at(std::size_t i) const {
  auto const* const from = ends_ + i * width_;
  std::uint64_t offset = 0;
  switch (width_) {
    case 1:
      offset = std::to_integer<std::uint64_t>(*from);
      break;
    case 2: {
      std::uint16_t two = 0;
      std::memcpy(&two, from, sizeof two);
      offset = two;
      break;
    }
    case 4: {
      std::uint32_t four = 0;
      std::memcpy(&four, from, sizeof four);
      offset = four;
      break;
    }
    default:
      std::memcpy(&offset, from, sizeof offset);
  }
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(base_) + offset);
}

bool TermView::contains(std::int64_t value) const {
  if (value == kMissing) return missing_;
  std::size_t from = 0;  // intervals before it start at or below the value
  std::size_t to = count_;
  while (from < to) {
    auto const middle = (from + to) / 2;
    (low(middle) <= value ? from : to) = low(middle) <= value ? middle + 1 : middle;
  }
  return from != 0 && high(from - 1) >= value;
}

std::optional<std::uint32_t> TermView::count_up_to(std::uint32_t limit) const {
  std::uint64_t count = missing_ ? 1 : 0;
  if (count_ > limit) return std::nullopt;
  for (std::size_t i = 0; i < count_; ++i) {
    auto const more = distance(low(i), high(i));
    if (more >= limit) return std::nullopt;
    count += more + 1;
  }
  if (count > limit) return std::nullopt;
  return static_cast<std::uint32_t>(count);
}

std::size_t TermPool::class_of(std::size_t bytes) {
  auto const units = (bytes + kUnit - 1) / kUnit;
  if (units <= kSmallUnits) return units - 1;
  return kSmallUnits + static_cast<std::size_t>(std::bit_width((units - 1) / kSmallUnits)) - 1;
}

std::size_t TermPool::units_of(std::size_t size_class) {
  if (size_class < kSmallUnits) return size_class + 1;
  return kSmallUnits << (size_class - kSmallUnits + 1);
}

TermRef TermPool::add(Conjunction const& terms) {
  packed_.assign(kLengthBytes, std::byte{});
  for (auto const& term : terms) put_term(packed_, term);
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    packed_[i] = static_cast<std::byte>(packed_.size() >> (8 * i));
  }
  auto const ref = take(packed_.size());
  std::ranges::copy(packed_, block(ref));
  return ref;
}

// A block goes back to the list of its class; the list runs through the free blocks themselves.
void TermPool::release(TermRef ref) {
  auto* const freed = block(ref);
  auto& head = free_[class_of(length(freed))];
  std::memcpy(freed, &head, sizeof head);
  head = ref;
}

TermRef TermPool::take(std::size_t bytes) {
  auto const size_class = class_of(bytes);
  LEADEX_CHECK(size_class < kClasses);  // limits of validate() keep conjunctions far below
  auto& head = free_[size_class];
  if (head != kNone) {
    auto const ref = head;
    std::memcpy(&head, block(ref), sizeof head);
    return ref;
  }
  auto const units = units_of(size_class);
  if (units > kChunkUnits) {  // has a chunk to itself
    chunks_.push_back(std::make_unique<std::byte[]>(units * kUnit));
    return static_cast<TermRef>((chunks_.size() - 1) * kChunkUnits);
  }
  if (open_units_ + units > kChunkUnits) {
    chunks_.push_back(std::make_unique<std::byte[]>(kChunkUnits * kUnit));
    open_chunk_ = chunks_.size() - 1;
    open_units_ = 0;
  }
  auto const ref = static_cast<TermRef>(open_chunk_ * kChunkUnits + open_units_);
  open_units_ += units;
  return ref;
}

}  // namespace leadex::targeting
