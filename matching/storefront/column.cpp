#include "matching/storefront/column.hpp"

#include <algorithm>

#include "matching/storefront/query.hpp"

namespace leadex::storefront {
namespace {

using targeting::AttributeType;

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr Code kSignBit = Code{1} << 63;

// Distance from `base` up to `value`, which is not below it; fits whatever the two are.
Code distance(std::int64_t base, std::int64_t value) {
  return static_cast<Code>(value) - static_cast<Code>(base);
}

std::uint8_t width_for(Code span) {
  if (span < 0xff) return 1;
  if (span < 0xffff) return 2;
  return span < 0xffff'ffff ? 4 : 8;
}

void append(std::vector<CodeInterval>& codes, CodeInterval next) {
  if (!codes.empty() && next.low <= codes.back().high + 1) {
    codes.back().high = std::max(codes.back().high, next.high);
  } else {
    codes.push_back(next);
  }
}

}  // namespace

Column Column::of(targeting::AttributeDef const& def) {
  Column column;
  column.type = def.type;
  switch (def.type) {
    case AttributeType::choice:
      column.span = def.choices.size();
      break;
    case AttributeType::boolean:
      column.span = 2;
      break;
    case AttributeType::integer:
      column.base = def.minimum;
      column.span = distance(def.minimum, def.maximum) + 1;
      break;
    case AttributeType::text:
      column.span = 0xffff'fffe;  // ids count from 0, so that four bytes do
      break;
  }
  column.width = width_for(column.span);
  return column;
}

Column Column::of_moments() {
  Column column;
  column.type = AttributeType::integer;
  column.width = 8;
  column.moments = true;
  return column;
}

Code Column::code_of(std::int64_t value) const {
  if (moments) return static_cast<Code>(value) ^ kSignBit;
  if (value == targeting::kMissing) return 0;
  if (value < base || distance(base, value) >= span) return other();
  return distance(base, value) + 1;
}

std::int64_t Column::value_of(Code code) const {
  if (moments) return static_cast<std::int64_t>(code ^ kSignBit);
  if (code == 0) return targeting::kMissing;
  return static_cast<std::int64_t>(static_cast<Code>(base) + code - 1);
}

std::vector<CodeInterval> Column::codes_of(targeting::ValueSet const& accepted) const {
  std::vector<CodeInterval> codes;
  if (accepted.accepts_missing()) codes.push_back({0, 0});
  auto const last = static_cast<std::int64_t>(static_cast<Code>(base) + span - 1);
  for (auto const& interval : accepted.intervals()) {
    auto const low = std::max(interval.low, base);
    auto const high = std::min(interval.high, last);
    if (low <= high) append(codes, {code_of(low), code_of(high)});
  }
  return codes;
}

std::vector<CodeInterval> Column::codes_of_ages(targeting::ValueSet const& ages,
                                                std::int64_t now_us) const {
  // Ages of `low` to `high` seconds: older leads were captured earlier, so ends change places.
  std::vector<CodeInterval> codes;
  for (auto interval = ages.intervals().rbegin(); interval != ages.intervals().rend(); ++interval) {
    auto const low = std::max<std::int64_t>(interval->low, 0);
    auto const high = std::min(interval->high, kLeadAgeClamp_s);
    if (low > high) continue;
    Code first = 0;
    Code last = ~Code{0};
    if (high < kLeadAgeClamp_s) first = code_of(now_us - (high + 1) * kSecondUs + 1);
    if (low > 0) last = code_of(now_us - low * kSecondUs);
    append(codes, {first, last});
  }
  return codes;
}

}  // namespace leadex::storefront
