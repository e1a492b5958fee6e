#include "billing/attribution/attribution.hpp"

#include <algorithm>
#include <iterator>

namespace leadex {

namespace {

/// Places of the touches that count, in the order in which they happened.
std::vector<std::size_t> in_order(std::span<Timestamp const> touched, Timestamp captured_at) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < touched.size(); ++i) {
    if (touched[i] <= captured_at) places.push_back(i);
  }
  std::ranges::stable_sort(places, {}, [&](std::size_t place) { return touched[place]; });
  return places;
}

/// Of fifths that are cut into as many parts as there are touches between the first and the last.
std::vector<AttributionShare> by_position(std::span<std::size_t const> places) {
  std::vector<AttributionShare> shares;
  auto const between = std::ssize(places) - 2;
  for (auto const place : places) shares.push_back({place, 1});
  if (between > 0) shares.front().weight = shares.back().weight = 2 * between;
  return shares;
}

}  // namespace

std::optional<AttributionRule> attribution_rule_named(std::string_view name) {
  auto const found = std::ranges::find(kAttributionRules, name);
  if (found == kAttributionRules.end()) return std::nullopt;
  return static_cast<AttributionRule>(found - kAttributionRules.begin());
}

std::vector<AttributionShare> attribute(AttributionRule rule, std::span<Timestamp const> touched,
                                        Timestamp captured_at) {
  auto const places = in_order(touched, captured_at);
  if (places.empty()) return {{kOwnSource, 1}};
  switch (rule) {
    case AttributionRule::first:
      return {{places.front(), 1}};
    case AttributionRule::last:
      return {{places.back(), 1}};
    case AttributionRule::linear: {
      std::vector<AttributionShare> shares;
      for (auto const place : places) shares.push_back({place, 1});
      return shares;
    }
    case AttributionRule::position:
      break;
  }
  return by_position(places);
}

std::vector<Money> split_by(std::span<AttributionShare const> shares, Money whole) {
  std::vector<std::int64_t> weights;
  weights.reserve(shares.size());
  std::ranges::transform(shares, std::back_inserter(weights), &AttributionShare::weight);
  return split_largest_remainder(whole, weights);
}

}  // namespace leadex
