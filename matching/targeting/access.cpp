#include "matching/targeting/access.hpp"

#include <algorithm>
#include <optional>

namespace leadex::targeting {
namespace {

// Costs are parts of a book that looks at every conjunction for every lead.
constexpr std::uint64_t kWhole = 1 << 16;
// What one more copy of a conjunction costs, in memory and in work when it changes.
constexpr std::uint64_t kCopyCost = kWhole / 100;
// Worth it below that: with clusters by long lists a lead meets many clusters, each of them large.
constexpr std::uint64_t kWorthMax = kWhole / 5;
// How many texts there are is not known here; that many, all the same.
constexpr std::uint64_t kTextsGuessed = 4096;

std::uint64_t values_of(AttributeDef const& def) {
  switch (def.type) {
    case AttributeType::choice:
      return def.choices.size();
    case AttributeType::boolean:
      return 2;
    case AttributeType::text:
      return kTextsGuessed;
    case AttributeType::integer:
      break;
  }
  return static_cast<std::uint64_t>(def.maximum - def.minimum) + 1;
}

// Nothing when they are more than kAccessValuesMax.
std::optional<std::uint64_t> values_in(ValueSet const& accepted) {
  std::uint64_t count = accepted.accepts_missing() ? 1 : 0;
  for (auto const& [low, high] : accepted.intervals()) {
    auto const more = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
    if (more >= kAccessValuesMax) return std::nullopt;
    count += more + 1;
    if (count > kAccessValuesMax) return std::nullopt;
  }
  return count;
}

}  // namespace

AttributeIndex choose_access(Conjunction const& terms, Schema const& schema) {
  auto chosen = kNoAttribute;
  auto least = kWorthMax;
  for (auto const& term : terms) {
    auto const values = values_in(term.accepted);
    if (!values) continue;
    auto const cost = kWhole * *values / values_of(schema.at(term.attribute)) +
                      kCopyCost * (std::max<std::uint64_t>(*values, 1) - 1);
    if (cost >= least) continue;
    least = cost;
    chosen = term.attribute;
  }
  return chosen;
}

}  // namespace leadex::targeting
