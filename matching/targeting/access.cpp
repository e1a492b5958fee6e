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
// Texts gain more, as their rows leave all to be asked.
constexpr std::uint64_t kWorthMax = kWhole / 5;
constexpr std::uint64_t kTextWorthMax = kWhole * 6 / 10;
std::uint64_t values_of(AttributeDef const& def, std::uint64_t texts) {
  switch (def.type) {
    case AttributeType::choice:
      return def.choices.size();
    case AttributeType::boolean:
      return 2;
    case AttributeType::text:
      return texts;
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

TextCounts::TextCounts(Schema const& schema, TermPool const& pool, std::span<TermRef const> sample)
    : counts_(schema.size(), kMany) {
  std::vector<std::vector<std::int64_t>> listed(schema.size());
  for (auto const ref : sample) {
    pool.all_terms(ref, [&](TermView const& term) {
      bool const text = schema.at(term.attribute()).type == AttributeType::text;
      if (!text || !term.count_up_to(kAccessValuesMax)) return true;
      for_each_value(term, [&](std::int64_t value) { listed[term.attribute()].push_back(value); });
      return true;
    });
  }
  for (std::size_t i = 0; i < listed.size(); ++i) {
    auto& values = listed[i];
    auto const all = values.size();
    std::ranges::sort(values);
    values.erase(std::ranges::unique(values).begin(), values.end());
    if (values.size() * 2 < all) counts_[i] = values.size();
  }
}

AttributeIndex choose_access(Conjunction const& terms, Schema const& schema,
                             TextCounts const& texts) {
  auto chosen = kNoAttribute;
  auto least = kWhole;
  for (auto const& term : terms) {
    auto const values = values_in(term.accepted);
    if (!values) continue;
    auto const cost =
        kWhole * *values / values_of(schema.at(term.attribute), texts.of(term.attribute)) +
        kCopyCost * (std::max<std::uint64_t>(*values, 1) - 1);
    bool const text = schema.at(term.attribute).type == AttributeType::text;
    if (cost >= std::min(least, text ? kTextWorthMax : kWorthMax)) continue;
    least = cost;
    chosen = term.attribute;
  }
  return chosen;
}

}  // namespace leadex::targeting
