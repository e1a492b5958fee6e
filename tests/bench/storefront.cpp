// leadex-bench-storefront: searches over the open listings of one market, by the index and by
// looking at every listing.
//   --listings=N    (1000000)
//   --attributes=N  of the market, 1 to 32 (8)
//   --queries=N     of each kind (2000)
//   --seed=N        (1)

#include <algorithm>

#include "billing/values/check.hpp"
#include "matching/storefront/storefront.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/samples.hpp"
#include "tests/bench/shop_world.hpp"

namespace leadex::bench {

namespace {

namespace sf = storefront;
namespace tg = targeting;

constexpr std::size_t kPageSize = 50;

tg::Conjunction conjunction_of(tg::Expression const& expression) {
  auto const form = tg::to_normal_form(expression);
  LEADEX_CHECK(form.has_value());
  return form->empty() ? tg::Conjunction{} : form->front();
}

class Bench {
 public:
  Bench(std::int64_t count, std::int64_t attributes, std::size_t queries, std::uint64_t seed)
      : world_(attributes, seed), front_(world_.schema), queries_(queries) {
    Samples inserts("insert");
    for (std::int64_t lead = 1; lead <= count; ++lead) {
      listings_.push_back(world_.listing(lead));
      inserts.time_change([&] { front_.insert(entry(listings_.back())); });
    }
    inserts.print(true);
    print_bytes("bytes per listing");
  }

  // A tenth of the book comes, goes and changes its price.
  void time_changes() {
    Samples asks("set_ask");
    Samples removals("remove");
    Samples inserts("insert into freed rows");
    auto const moves = listings_.size() / 10;
    for (std::size_t i = 0; i < moves; ++i) {
      auto& changed = any_listing();
      changed.entry.ask_micros = std::max<std::int64_t>(changed.entry.ask_micros * 9 / 10, 1);
      asks.time_change([&] { front_.set_ask(changed.entry.lead_no, changed.entry.ask_micros); });
    }
    for (std::size_t i = 0; i < moves; ++i) {
      auto& gone = any_listing();
      removals.time_change([&] { front_.remove(gone.entry.lead_no); });
      gone = world_.listing(std::ssize(listings_) + 1 + static_cast<std::int64_t>(i));
      inserts.time_change([&] { front_.insert(entry(gone)); });
    }
    asks.print(true);
    removals.print(true);
    inserts.print(true);
    print_bytes("bytes per listing after changes");
  }

  void time_pages() {
    static constexpr std::string_view kOrderNames[] = {"ask", "score", "captured"};
    static constexpr std::string_view kShares[] = {"over 10 %", "1 to 10 %", "0.1 to 1 %",
                                                   "under 0.1 %"};
    for (std::size_t order = 0; order < sf::kOrders; ++order) {
      auto const sorted = "page by " + std::string{kOrderNames[order]};
      Samples all(sorted);
      std::vector<Samples> by_share;
      for (auto const share : kShares) by_share.emplace_back(sorted + ", " + std::string{share});
      for (std::size_t i = 0; i < queries_; ++i) {
        auto query = random_page(static_cast<sf::Order>(order));
        auto const matches = front_.facets({query.filter, {}, query.supply, kNowUs}).matches;
        auto const began = thread_cpu_seconds();
        std::size_t taken = 0;
        front_.page(query, [&](sf::Hit const& /*hit*/) { return ++taken > 0; });
        auto const us = (thread_cpu_seconds() - began) * 1e6;
        all.add(us);
        auto const share = static_cast<double>(matches) / static_cast<double>(listings_.size());
        by_share[share > 0.1 ? 0 : share > 0.01 ? 1 : share > 0.001 ? 2 : 3].add(us);
      }
      all.print(true);
      for (auto& samples : by_share) samples.print();
    }
  }

  void time_sweeps() {
    Samples sweeps("sweep of 64, any of up to 8 branches");
    for (std::size_t i = 0; i < queries_ / 4; ++i) {
      std::vector<tg::Expression> branches;
      for (auto n = 1 + world_.below(8); n > 0; --n) {
        branches.push_back(world_.filter(static_cast<std::size_t>(2 + world_.below(3))));
      }
      auto const tree = tg::any_of(std::move(branches));
      std::size_t taken = 0;
      sweeps.time_search([&] {
        front_.sweep({.expression = &tree, .after = random_place(sf::Order::ask), .now_us = kNowUs},
                     [&](sf::Hit const& /*hit*/) { return ++taken < 64; });
      });
    }
    sweeps.print(true);
  }

  void time_facets() {
    auto const& schema = world_.schema;
    std::vector<sf::FacetWish> const wishes{{*schema.find("state"), {}},
                                            {schema.temperature(), {}},
                                            {schema.vehicle(), {}},
                                            {schema.score(), {20, 40, 60, 80}}};
    for (std::size_t predicates = 0; predicates <= 4; ++predicates) {
      Samples samples("4 facets, " + std::to_string(predicates) + " predicates");
      for (std::size_t i = 0; i < queries_ / 4; ++i) {
        sf::FacetQuery query{conjunction_of(world_.filter(predicates)), wishes, sf::Supply::share,
                             kNowUs};
        samples.time_search([&] { (void)front_.facets(query); });
      }
      samples.print(true);
    }
  }

  /// The yardstick: every listing evaluated, the best kept.
  void time_scan() {
    auto const rounds = std::max<std::size_t>(queries_ / 200, 3);
    double plain = 0;
    double index = 0;
    for (std::size_t i = 0; i < rounds; ++i) {
      auto const filter = world_.filter(static_cast<std::size_t>(world_.below(5)));
      sf::PageQuery query;
      query.filter = conjunction_of(filter);
      query.limit = kPageSize;
      query.now_us = kNowUs;
      std::vector<std::int64_t> found;
      auto began = thread_cpu_seconds();
      front_.page(query, [&](sf::Hit const& hit) {
        found.push_back(hit.lead_no);
        return true;
      });
      index += thread_cpu_seconds() - began;
      began = thread_cpu_seconds();
      auto const expected = plain_page(filter);
      plain += thread_cpu_seconds() - began;
      LEADEX_CHECK(found == expected);
    }
    print_figure("plain scan, page by ask", "µs", plain * 1e6 / static_cast<double>(rounds));
    print_figure("plain scan ÷ page by ask", "×", plain / index);
  }

 private:
  static sf::Entry entry(ShopListing const& listing) {
    auto made = listing.entry;
    made.values = listing.values;
    return made;
  }
  ShopListing& any_listing() {
    return listings_[static_cast<std::size_t>(world_.below(std::ssize(listings_)))];
  }
  void print_bytes(std::string const& name) {
    print_figure(name, "bytes",
                 static_cast<double>(front_.bytes()) / static_cast<double>(front_.size()));
  }

  sf::Place random_place(sf::Order order) {
    auto const& listing = any_listing();
    auto const& entry = listing.entry;
    switch (order) {
      case sf::Order::ask:
        return {entry.ask_micros, entry.listed_us, entry.lead_no};
      case sf::Order::score:
        return {-listing.values[world_.schema.score()], 0, -entry.lead_no};
      case sf::Order::captured:
        break;
    }
    return {-(entry.captured_us / sf::kCapturedStepUs), 0, -entry.lead_no};
  }

  sf::PageQuery random_page(sf::Order order) {
    sf::PageQuery query;
    // One in eight asks for what one listing alone has.
    if (world_.below(8) == 0) {
      auto const& listing = any_listing();
      for (std::size_t i = 0; i < std::min<std::size_t>(world_.schema.market_size(), 5); ++i) {
        auto const attribute = static_cast<tg::AttributeIndex>(i);
        if (listing.values[i] == tg::kMissing) continue;
        query.filter.push_back(
            {attribute, tg::ValueSet::of(tg::equal_to(attribute, listing.values[i]))});
      }
    } else {
      query.filter = conjunction_of(world_.filter(static_cast<std::size_t>(world_.below(5))));
    }
    query.order = order;
    query.limit = kPageSize;
    query.now_us = kNowUs;
    if (world_.below(2) == 0) query.after = random_place(order);
    return query;
  }

  std::vector<std::int64_t> plain_page(tg::Expression const& filter) const {
    std::vector<std::pair<sf::Place, std::int64_t>> best;
    auto const& schema = world_.schema;
    tg::AttributeValues values;
    for (auto const& listing : listings_) {
      values = listing.values;
      values[schema.lead_age_s()] = (kNowUs - listing.entry.captured_us) / 1'000'000;
      if (!tg::evaluate(filter, values)) continue;
      auto const& entry = listing.entry;
      sf::Place const place{entry.ask_micros, entry.listed_us, entry.lead_no};
      if (best.size() == kPageSize && best.front().first < place) continue;
      best.emplace_back(place, entry.lead_no);
      std::ranges::push_heap(best);
      if (best.size() <= kPageSize) continue;
      std::ranges::pop_heap(best);
      best.pop_back();
    }
    std::ranges::sort(best);
    std::vector<std::int64_t> leads;
    for (auto const& [place, lead_no] : best) leads.push_back(lead_no);
    return leads;
  }

  ShopWorld world_;
  sf::Storefront front_;
  std::size_t queries_;
  std::vector<ShopListing> listings_;
};

int run(std::span<char* const> arguments) {
  auto const count = count_option(arguments, "listings", 1'000'000);
  auto const attributes = std::min<std::int64_t>(count_option(arguments, "attributes", 8), 32);
  auto const queries = static_cast<std::size_t>(count_option(arguments, "queries", 2000));
  auto const seed = static_cast<std::uint64_t>(count_option(arguments, "seed", 1));
  Bench bench(count, attributes, queries, seed);
  bench.time_changes();
  bench.time_pages();
  bench.time_sweeps();
  bench.time_facets();
  bench.time_scan();
  return 0;
}

}  // namespace

}  // namespace leadex::bench

int main(int argc, char** argv) {
  return leadex::bench::run({argv, static_cast<std::size_t>(argc)});
}
