#include "tests/bench/targeting_workload.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "billing/values/check.hpp"

namespace leadex::bench {
namespace {

namespace tg = targeting;

constexpr double kPlainBook = 10'000;  // campaigns; see by_place

// splitmix64
std::uint64_t next(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15U;
  auto mixed = state;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
  return mixed ^ (mixed >> 31);
}

std::int64_t below(std::int64_t n, std::uint64_t& state) {
  return static_cast<std::int64_t>(next(state) % static_cast<std::uint64_t>(n));
}

std::size_t share_of(std::int64_t count, std::int64_t percent) {
  return static_cast<std::size_t>((count * percent + 50) / 100);
}

// A predicate lets `passes` of the leads through, or the rest when it is negated; all together let
// through what the hits ask for.
double passing_share(TargetingKnobs const& knobs, double campaigns) {
  auto const wanted =
      static_cast<double>(knobs.hits) * 100 / (campaigns * static_cast<double>(knobs.eligible));
  auto const each = std::pow(std::min(wanted, 1.0), 1.0 / static_cast<double>(knobs.predicates));
  auto const negated = static_cast<double>(knobs.negations) / 100;
  return std::clamp((each - negated) / (1 - 2 * negated), 0.002, 1.0);
}

}  // namespace

TargetingWorkload::TargetingWorkload(TargetingKnobs const& knobs) : knobs_(knobs) {
  auto const campaigns = static_cast<double>(knobs.campaigns);
  bool const by_place = knobs.by_place != 0 && campaigns > kPlainBook;
  passes_ = passing_share(knobs, by_place ? kPlainBook : campaigns);
  auto const values = static_cast<double>(knobs.values);
  domain_ = std::max(knobs.values, std::lround(values / passes_));
  places_ = by_place ? std::max(knobs.values, std::lround(values * campaigns / kPlainBook)) : 0;
  integers_ = share_of(knobs.attributes, knobs.ranges);
  texts_ = share_of(knobs.attributes, knobs.texts);
  std::vector<tg::AttributeDef> defs(static_cast<std::size_t>(knobs.attributes));
  for (std::size_t i = 0; i < defs.size(); ++i) {
    auto& def = defs[i];
    def.name = "attribute_" + std::to_string(i);
    if (i < integers_) {
      def.type = tg::AttributeType::integer;
      def.minimum = 0;
      def.maximum = kIntegers - 1;
    } else if (i >= integers_ + texts_) {
      def.type = tg::AttributeType::choice;
      auto const choices = std::min<std::int64_t>(domain_, tg::kChoicesMax);
      for (std::int64_t c = 0; c < choices; ++c) def.choices.push_back(std::to_string(c));
    }
  }
  if (places_ != 0) defs.emplace_back().name = "place";
  auto made = tg::Schema::make(std::move(defs));
  LEADEX_CHECK(made.has_value());
  schema_ = std::move(*made);
}

std::uint64_t TargetingWorkload::stream(std::uint64_t kind, std::uint64_t no,
                                        std::uint64_t more) const {
  auto state = static_cast<std::uint64_t>(knobs_.seed) * 4 + kind;
  state = next(state) ^ no;
  state = next(state) ^ more;
  return next(state);
}

tg::Expression TargetingWorkload::list(std::size_t attribute, std::int64_t domain,
                                       std::uint64_t& state) const {
  std::vector<std::int64_t> values;
  while (static_cast<std::int64_t>(values.size()) < std::min(knobs_.values, domain)) {
    auto const value = below(domain, state);
    if (std::ranges::find(values, value) == values.end()) values.push_back(value);
  }
  return tg::in_list(static_cast<tg::AttributeIndex>(attribute), std::move(values));
}

tg::Expression TargetingWorkload::predicate(std::size_t attribute, std::uint64_t& state) const {
  bool const negated = below(100, state) < knobs_.negations;
  tg::Expression made;
  if (attribute < integers_) {
    auto const step = std::max<std::int64_t>(kIntegers / knobs_.bounds, 1);
    auto const width = std::max(std::lround(passes_ * static_cast<double>(kIntegers / step)), 1L);
    auto const low = below(kIntegers / step - width + 1, state);
    made = tg::in_range(static_cast<tg::AttributeIndex>(attribute), low * step,
                        (low + width) * step - 1);
  } else {
    auto const texts = attribute < integers_ + texts_;
    made =
        list(attribute, texts ? domain_ : std::min<std::int64_t>(domain_, tg::kChoicesMax), state);
  }
  return negated ? tg::not_of(std::move(made)) : made;
}

tg::Expression TargetingWorkload::tree(tg::CampaignSlot slot, std::uint64_t edits) const {
  auto state = stream(0, slot, edits);
  std::vector<std::size_t> attributes(static_cast<std::size_t>(knobs_.attributes));
  for (std::size_t i = 0; i < attributes.size(); ++i) attributes[i] = i;
  std::vector<tg::Expression> children;
  auto const count = std::min(static_cast<std::size_t>(knobs_.predicates), attributes.size());
  for (std::size_t i = 0; i < count; ++i) {
    auto const left = static_cast<std::int64_t>(attributes.size() - i);
    std::swap(attributes[i], attributes[i + static_cast<std::size_t>(below(left, state))]);
    children.push_back(predicate(attributes[i], state));
  }
  if (places_ != 0) {
    children.push_back(list(static_cast<std::size_t>(knobs_.attributes), places_, state));
  }
  return tg::all_of(std::move(children));
}

tg::Rank TargetingWorkload::rank(tg::CampaignSlot slot, std::uint64_t edits) const {
  auto state = stream(1, slot, edits);
  return {1'000'000 + 10'000 * below(2'000, state), slot};  // bids in whole cents
}

bool TargetingWorkload::eligible(tg::CampaignSlot slot) const {
  auto state = stream(2, slot, 0);
  return below(100, state) < knobs_.eligible;
}

tg::AttributeValues TargetingWorkload::lead(std::uint64_t no) const {
  auto state = stream(3, no, 0);
  auto values = schema_.blank();
  for (std::size_t i = 0; i < static_cast<std::size_t>(knobs_.attributes); ++i) {
    auto const choice = i >= integers_ + texts_;
    values[i] = i < integers_ ? below(kIntegers, state)
                : choice      ? below(std::min<std::int64_t>(domain_, tg::kChoicesMax), state)
                              : below(domain_, state);
  }
  if (places_ != 0) values[static_cast<std::size_t>(knobs_.attributes)] = below(places_, state);
  return values;
}

}  // namespace leadex::bench
