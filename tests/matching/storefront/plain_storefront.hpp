#pragma once
// The slow, plain twin of Storefront: a map of listings, evaluate and sort. Test code; one thread.

#include <algorithm>
#include <map>
#include <vector>

#include "matching/storefront/query.hpp"
#include "matching/targeting/expression.hpp"

namespace leadex::storefront {

struct PlainListing {
  Entry entry;
  targeting::AttributeValues values;
};

class PlainStorefront {
 public:
  explicit PlainStorefront(targeting::Schema schema) : schema_(std::move(schema)) {}

  void insert(Entry const& entry) {
    auto& listing = listings[entry.lead_no];
    listing.entry = entry;
    listing.values.assign(entry.values.begin(), entry.values.end());
    listing.entry.values = {};
  }

  [[nodiscard]] targeting::AttributeValues values(PlainListing const& listing,
                                                  std::int64_t now_us) const {
    auto values = listing.values;
    values[schema_.lead_age_s()] = std::clamp<std::int64_t>(
        (now_us - listing.entry.captured_us) / 1'000'000, 0, 1'000'000'000);
    return values;
  }

  [[nodiscard]] Place place(Order order, PlainListing const& listing) const {
    auto const& entry = listing.entry;
    if (order == Order::ask) return {entry.ask_micros, entry.listed_us, entry.lead_no};
    if (order == Order::captured) {
      return {-(entry.captured_us / 3'600'000'000), 0, -entry.lead_no};
    }
    auto const score = listing.values[schema_.score()];
    return {score == targeting::kMissing ? kNoScorePlace : -score, 0, -entry.lead_no};
  }

  [[nodiscard]] static bool supplied(Supply supply, Entry const& entry) {
    if (supply == Supply::any) return true;
    return supply == Supply::whole ? entry.whole : entry.shares_left > 0;
  }

  /// All that match, in order.
  template <class Matches>
  [[nodiscard]] std::vector<Hit> search(Order order, Supply supply, std::optional<Place> after,
                                        std::int64_t now_us, Matches matches) const {
    std::vector<Hit> hits;
    for (auto const& [lead_no, listing] : listings) {
      auto const at = place(order, listing);
      if (after && at <= *after) continue;
      if (!supplied(supply, listing.entry) || !matches(values(listing, now_us))) continue;
      hits.push_back({lead_no, at});
    }
    std::ranges::sort(hits, {}, &Hit::place);
    return hits;
  }

  [[nodiscard]] Facets facets(FacetQuery const& query) const {
    Facets found;
    for (auto const& wish : query.wishes) found.facets.push_back(blank(wish));
    for (auto const& [lead_no, listing] : listings) {
      if (!supplied(query.supply, listing.entry)) continue;
      auto const all = values(listing, query.now_us);
      auto const fits = [&](std::optional<targeting::AttributeIndex> left_out) {
        return std::ranges::all_of(query.filter, [&](targeting::Term const& term) {
          return term.attribute == left_out || term.accepted.contains(all[term.attribute]);
        });
      };
      found.matches += fits(std::nullopt) ? 1 : 0;
      for (std::size_t i = 0; i < query.wishes.size(); ++i) {
        auto const& wish = query.wishes[i];
        if (fits(wish.attribute)) count(found.facets[i], wish, all[wish.attribute]);
      }
    }
    return found;
  }

  std::map<std::int64_t, PlainListing> listings;

 private:
  [[nodiscard]] Facet blank(FacetWish const& wish) const {
    Facet facet;
    auto const& def = schema_.at(wish.attribute);
    facet.counts.resize(!wish.cuts.empty()                              ? wish.cuts.size() + 1
                        : def.type == targeting::AttributeType::boolean ? 2
                                                                        : def.choices.size());
    return facet;
  }

  static void count(Facet& facet, FacetWish const& wish, std::int64_t value) {
    if (value == targeting::kMissing) {
      ++facet.missing;
      return;
    }
    if (!wish.cuts.empty()) {
      ++facet.counts[static_cast<std::size_t>(
          std::ranges::count_if(wish.cuts, [&](std::int64_t cut) { return cut <= value; }))];
      return;
    }
    bool const listed = value >= 0 && value < std::ssize(facet.counts);
    ++(listed ? facet.counts[static_cast<std::size_t>(value)] : facet.other);
  }

  targeting::Schema schema_;
};

}  // namespace leadex::storefront
