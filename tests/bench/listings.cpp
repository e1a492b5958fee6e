// leadex-bench-listings: what the server's market does for buyers who look around, over the open
// listings of one market's engine: pages and facets as the handlers ask for them, purchases and
// sweeps as commands. Without HTTP, database and the rows that a page shows.
//   --listings=N  (1000000)
//   --queries=N   of each kind (2000)
//   --seed=N      (1)

#include <unistd.h>

#include <array>
#include <fstream>

#include "billing/values/check.hpp"
#include "matching/market/engine.hpp"
#include "server/api/v1/listing_facets.hpp"
#include "server/api/v1/listing_query.hpp"
#include "tests/bench/samples.hpp"
#include "tests/bench/shop_world.hpp"
#include "tests/bench/trade_world.hpp"

namespace leadex::bench {

namespace {

namespace tg = targeting;

constexpr std::int64_t kDayUs = 86'400 * kUnit;
constexpr std::int64_t kAttributes = 8;
constexpr std::int64_t kBuyers = 200;
constexpr std::int64_t kGenerators = 50;
constexpr std::size_t kPage = 50;       // what a page has unless asked otherwise
constexpr std::size_t kPageMost = 500;  // and at most
constexpr std::int64_t kShares = 4;
constexpr std::array<std::string_view, 3> kSorts{"ask", "-score", "-captured_at"};

/// Of this process now.
double resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  std::int64_t pages{};
  statm >> pages >> pages;
  return static_cast<double>(pages) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

/// Any text of this market, so that texts of filters are texts of leads.
std::string word(std::int64_t number) { return "w" + std::to_string(number); }

class Bench {
 public:
  Bench(std::int64_t listings, std::size_t queries, std::uint64_t seed)
      : world_(kAttributes, seed), count_(listings), queries_(queries) {
    for (std::int64_t i = 0; i < kPostcodes; ++i) LEADEX_CHECK(words_.intern(word(i)) == i);
    settings_.rules = rules();
    settings_.visibility.assign(settings_.rules.attributes.size(), market::Visibility::exact);
    begin(engine_, settings_.rules, kNowUs - 30 * kDayUs);
  }

  /// A month of leads that nobody wanted at once.
  void fill() {
    auto const before = resident_bytes();
    Samples offers("lead offered and listed");
    for (std::int64_t no = 1; no <= count_; ++no) {
      now_us_ = kNowUs - 30 * kDayUs + 30 * kDayUs / count_ * no;
      auto const lead = offer(no);
      offers.time_change([&] { apply(lead); });
    }
    now_us_ = kNowUs;
    LEADEX_CHECK(engine_.listing_count() == static_cast<std::size_t>(count_));
    auto const count = static_cast<double>(count_);
    print_figure("listings", "listings", count);
    print_figure("engine, resident", "bytes per listing", (resident_bytes() - before) / count);
    print_figure("of it the storefront", "bytes per listing",
                 static_cast<double>(engine_.shop().bytes()) / count);
    offers.print(true);
  }

  /// What GET /v1/listings does on the market's strand; reading the filter comes before.
  void time_pages() {
    Samples all("page of 50, any sort");
    Samples reading("filter of a page read");
    for (auto const sort : kSorts) {
      auto const name = "page of 50 by " + std::string{sort};
      Samples first(name + ", the first");
      Samples further(name + ", from a cursor");
      for (std::size_t i = 0; i < queries_; ++i) {
        api::ListingSearch search;
        auto const fields = random_fields();
        reading.time_search([&] { search = read(fields, sort, kPage); });
        if (world_.below(2) == 0) {
          all.add(first.time_search([&] { (void)look(search); }));
          continue;
        }
        search.after = random_place(search);
        all.add(further.time_search([&] { (void)look(search); }));
      }
      first.print(true);
      further.print(true);
    }
    all.print(true);
    reading.print();
  }

  /// A buyer reads on and on; and the longest pages.
  void time_reading_on() {
    Samples pages("page of 50, a buyer reading on");
    Samples longest("page of 500, any sort");
    for (std::size_t i = 0; i < queries_ / 20 + 1; ++i) {
      auto search = read(random_fields(), any_sort(), kPage);
      for (std::size_t page = 0; page < 20; ++page) {
        api::ListingHits found;
        pages.time_search([&] { found = look(search); });
        if (found.next.empty()) break;
        search.after = found.next;
      }
    }
    for (std::size_t i = 0; i < queries_ / 4 + 1; ++i) {
      auto const search = read(random_fields(), any_sort(), kPageMost);
      longest.time_search([&] { (void)look(search); });
    }
    pages.print(true);
    longest.print(true);
  }

  void time_facets() {
    static constexpr std::array<std::string_view, 3> kWishes{
        "state", "state,own_home,score:20:40:60:80",
        "state,own_home,product,vehicle,temperature,age:25:35:45:55:65,score:50,household:2:4"};
    Samples all("facets, any");
    for (auto const wish : kWishes) {
      auto const count = std::to_string(std::ranges::count(wish, ',') + 1);
      Samples samples("facets of " + count);
      for (std::size_t i = 0; i < queries_ / 4 + 1; ++i) {
        auto const search = read(random_fields(), kSorts[0], kPage);
        auto normal = tg::to_normal_form(search.filter);
        LEADEX_CHECK(normal.has_value());
        if (normal->empty()) continue;
        auto wishes = api::read_facets(wish, schema(), settings_.visibility);
        LEADEX_CHECK(wishes.has_value());
        storefront::FacetQuery query{std::move(normal->front()), std::move(*wishes),
                                     storefront::Supply::share, now_us_};
        all.add(samples.time_search([&] { (void)engine_.shop().facets(query); }));
      }
      samples.print(true);
    }
    all.print(true);
  }

  /// Desks buy by filter: one in four whole leads, one in four by a filter of several branches.
  void time_purchases() {
    for (std::int64_t buyer = 1; buyer <= kBuyers; ++buyer) {
      apply(market::FundBudget{{buyer, 0}, ++intents_, 1'000'000'000 * kUnit});
    }
    Samples shares("purchase of 1 to 64 shares by filter");
    Samples whole("purchase of 1 to 64 whole leads by filter");
    std::size_t bought = 0;
    for (std::size_t i = 0; i < queries_; ++i) {
      std::vector<tg::Expression> branches;
      for (auto n = world_.below(4) == 0 ? 2 + world_.below(3) : 1; n > 0; --n) {
        branches.push_back(world_.filter(static_cast<std::size_t>(1 + world_.below(4))));
      }
      bool const exclusive = world_.below(4) == 0;
      market::Purchase const purchase{{1 + world_.below(kBuyers), 0},
                                      encoded(tg::any_of(std::move(branches))),
                                      1 + world_.below(64),
                                      world_.ask() * (exclusive ? kShares : 1),
                                      exclusive};
      (exclusive ? whole : shares).time_search([&] { bought += apply(purchase).sold.size(); });
    }
    shares.print(true);
    whole.print(true);
    print_figure("leads a purchase bought", "leads",
                 static_cast<double>(bought) / static_cast<double>(queries_));
  }

  /// New campaigns that buy listings go over all that rests, 64 sales at a time.
  void time_sweeps() {
    Samples slices("slice of a campaign's sweep, 64 sales at most");
    std::size_t bought = 0;
    std::size_t sliced = 0;
    for (std::int64_t no = 1; no <= static_cast<std::int64_t>(queries_ / 40 + 1); ++no) {
      market::UpsertCampaign made;
      made.campaign_no = no;
      made.buyer_no = kBuyers + no;
      made.version = 1;
      made.terms.bid_micros = (150 + world_.below(400)) * kUnit / 100;
      made.terms.exclusivity = auction::Exclusivity::shared;
      made.terms.buys_listings = true;
      made.terms.targeting = encoded(world_.filter(static_cast<std::size_t>(2 + world_.below(3))));
      apply(made);
      apply(market::FundBudget{{made.buyer_no, no}, ++intents_, 1'000'000 * kUnit});
      for (bool more = true; more;) {
        market::Outcome outcome;
        slices.time_search([&] { outcome = apply(market::SweepListings{no}); });
        more = outcome.more;
        bought += outcome.sold.size();
        ++sliced;
      }
    }
    slices.print(true);
    print_figure("leads a slice bought", "leads",
                 static_cast<double>(bought) / static_cast<double>(sliced));
    print_figure("leads all sweeps bought", "leads", static_cast<double>(bought));
  }

 private:
  market::MarketRules rules() const {
    auto made = TradeWorld::rules(kShares);
    made.attributes.clear();
    for (std::size_t i = 0; i < schema().market_size(); ++i) {
      made.attributes.push_back(schema().at(static_cast<tg::AttributeIndex>(i)));
    }
    made.listing_ttl_us = 60 * kDayUs;
    return made;
  }

  market::OfferLead offer(std::int64_t no) {
    auto const made = world_.listing(no);
    market::OfferLead lead;
    lead.lead_no = no;
    lead.generator_no = kBuyers * 10 + 1 + world_.below(kGenerators);
    lead.version = settings_.rules.version;
    lead.score = made.values[schema().score()];
    lead.vehicle = static_cast<std::int32_t>(made.values[schema().vehicle()]);
    lead.reason = word(made.values[schema().source_reason()]);
    lead.captured_us = now_us_ - world_.below(kDayUs);
    lead.ask_micros = made.entry.ask_micros;
    for (std::size_t i = 0; i < schema().market_size(); ++i) {
      lead.attributes.push_back(text_of(static_cast<tg::AttributeIndex>(i), made.values[i]));
    }
    return lead;
  }

  market::AttributeText text_of(tg::AttributeIndex attribute, std::int64_t value) const {
    using Kind = market::AttributeText::Kind;
    auto const& def = schema().at(attribute);
    if (value == tg::kMissing) return {};
    if (def.type == tg::AttributeType::text) return {Kind::text, 0, word(value)};
    if (def.type != tg::AttributeType::choice) return {Kind::number, value, {}};
    return {Kind::text, 0, def.choices.at(static_cast<std::size_t>(value))};
  }

  /// Predicates as a buyer puts them into the query, on up to four attributes; one query in eight
  /// asks for what one listing has.
  api::QueryFields random_fields() {
    std::vector<tg::AttributeIndex> attributes;
    for (std::size_t i = 0; i < schema().size(); ++i) {
      auto const attribute = static_cast<tg::AttributeIndex>(i);
      if (schema().at(attribute).type != tg::AttributeType::text) attributes.push_back(attribute);
    }
    for (auto i = attributes.size(); i > 1; --i) {
      auto const other = static_cast<std::size_t>(world_.below(static_cast<std::int64_t>(i)));
      std::swap(attributes[i - 1], attributes[other]);
    }
    api::QueryFields fields;
    bool const as_one = world_.below(8) == 0;
    tg::AttributeValues values;
    if (as_one) {
      market::unpack(any_listing().packed, schema().market_size(), values);
      std::erase_if(attributes, [&](auto at) {
        return at >= schema().market_size() || values[at] == tg::kMissing;
      });
    }
    attributes.resize(std::min(attributes.size(), static_cast<std::size_t>(world_.below(5))));
    for (auto const attribute : attributes) {
      if (as_one) {
        fields.emplace_back(schema().at(attribute).name, shown(attribute, values[attribute]));
      } else {
        add_predicate(attribute, fields);
      }
    }
    return fields;
  }

  std::string shown(tg::AttributeIndex attribute, std::int64_t value) const {
    auto const& def = schema().at(attribute);
    if (def.type == tg::AttributeType::boolean) return value == 0 ? "false" : "true";
    if (def.type == tg::AttributeType::integer) return std::to_string(value);
    return def.choices.at(static_cast<std::size_t>(value));
  }

  void add_predicate(tg::AttributeIndex attribute, api::QueryFields& fields) {
    auto const& def = schema().at(attribute);
    if (attribute == schema().lead_age_s()) {
      fields.emplace_back(def.name + "[lte]", std::to_string((1 + world_.below(30)) * 86'400));
    } else if (attribute == schema().score()) {
      fields.emplace_back(def.name + "[gte]", std::to_string(world_.below(90)));
    } else if (def.type == tg::AttributeType::integer) {
      auto const low = world_.value(attribute);
      fields.emplace_back(def.name + "[gte]", std::to_string(low));
      if (world_.below(3) == 0) {
        fields.emplace_back(def.name + "[lte]", std::to_string(low + (def.maximum - low) / 4));
      }
    } else {
      bool const flag = def.type == tg::AttributeType::boolean;
      std::string list;
      for (auto n = flag ? 1 : 1 + world_.below(4); n > 0; --n) {
        list += (list.empty() ? "" : ",") + shown(attribute, world_.value(attribute));
      }
      fields.emplace_back(def.name, std::move(list));
    }
  }

  api::ListingSearch read(api::QueryFields const& fields, std::string_view sort,
                          std::size_t limit) const {
    auto filter = api::read_listing_filter(fields, schema(), settings_.visibility);
    LEADEX_CHECK(filter.has_value());
    return {std::move(*filter), schema(), api::listing_order(sort), {}, limit};
  }

  [[nodiscard]] api::ListingHits look(api::ListingSearch const& search) const {
    auto found = api::search_listings({engine_, settings_, engine_.command_no(), now_us_}, search);
    LEADEX_CHECK(!found.outdated);
    return found;
  }

  /// The place of any listing in that order, as a page that ended with it would tell.
  std::vector<std::int64_t> random_place(api::ListingSearch const& search) {
    auto const& listing = any_listing();
    switch (search.order) {
      case storefront::Order::ask:
        return {listing.asked_micros, listing.listed_us, listing.lead_no};
      case storefront::Order::score:
        return {-listing.score, 0, -listing.lead_no};
      case storefront::Order::captured:
        break;
    }
    return {-(listing.captured_us / storefront::kCapturedStepUs), 0, -listing.lead_no};
  }

  /// Before anything is sold every lead rests.
  market::Listing const& any_listing() {
    auto const* const listing = engine_.listing(1 + world_.below(count_));
    LEADEX_CHECK(listing != nullptr);
    return *listing;
  }

  std::string encoded(tg::Expression const& tree) const {
    auto const bytes = tg::encode(tree, schema(), words_);
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
  }

  market::Outcome apply(market::Command const& command) {
    auto applied = engine_.apply(from_unix_micros(now_us_), command);
    LEADEX_CHECK(applied.outcome.refusal == market::Refusal::none);
    return std::move(applied.outcome);
  }

  [[nodiscard]] tg::Schema const& schema() const { return world_.schema; }
  std::string_view any_sort() { return kSorts.at(static_cast<std::size_t>(world_.below(3))); }

  ShopWorld world_;
  std::int64_t count_;
  std::size_t queries_;
  tg::TextInterner words_;
  market::MarketSettings settings_;
  market::Engine engine_;
  std::int64_t now_us_{};
  std::int64_t intents_{};
};

int run(std::span<char* const> arguments) {
  auto const listings = count_option(arguments, "listings", 1'000'000);
  auto const queries = static_cast<std::size_t>(count_option(arguments, "queries", 2000));
  auto const seed = static_cast<std::uint64_t>(count_option(arguments, "seed", 1));
  Bench bench(listings, queries, seed);
  bench.fill();
  bench.time_pages();
  bench.time_reading_on();
  bench.time_facets();
  bench.time_purchases();
  bench.time_sweeps();
  return 0;
}

}  // namespace

}  // namespace leadex::bench

int main(int argc, char** argv) {
  return leadex::bench::run({argv, static_cast<std::size_t>(argc)});
}
