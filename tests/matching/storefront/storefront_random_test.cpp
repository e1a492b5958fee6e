#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "matching/storefront/storefront.hpp"
#include "tests/matching/storefront/plain_storefront.hpp"
#include "tests/matching/targeting/random_targeting.hpp"

namespace leadex::storefront {
namespace {

namespace tg = targeting;

constexpr std::int64_t kNow = 1'800'000'000'000'000;
constexpr std::int64_t kDayUs = 24 * kCapturedStepUs;

bool full_run() { return std::getenv("LEADEX_TEST_FULL") != nullptr; }

std::uint64_t fresh_seed() {
  if (char const* given = std::getenv("LEADEX_TEST_SEED")) return std::strtoull(given, nullptr, 10);
  return std::random_device{}();
}

// Columns of every width, and the types in changing numbers.
tg::Schema random_schema(std::mt19937_64& random) {
  std::vector<tg::AttributeDef> defs;
  auto const count = random() % 9;
  for (std::size_t i = 0; i < count; ++i) {
    auto const name = "a" + std::to_string(i);
    switch (random() % 8) {
      case 0:
        defs.push_back(tg::choice_def(name, 1 + random() % 60));
        break;
      case 1:
        defs.push_back(tg::choice_def(name, 250 + random() % 20));
        break;
      case 2:
        defs.push_back(tg::plain_def(name, tg::AttributeType::boolean));
        break;
      case 3:
        defs.push_back(tg::plain_def(name, tg::AttributeType::text));
        break;
      case 4:
        defs.push_back(tg::integer_def(name, -20, 110));
        break;
      case 5:
        defs.push_back(tg::integer_def(name, 1, 40'000));
        break;
      case 6:
        defs.push_back(tg::integer_def(name, -3'000'000, 4'000'000));
        break;
      default:
        defs.push_back(tg::plain_def(name, tg::AttributeType::integer));
    }
  }
  return tg::Schema::make(defs).value();
}

class Book {
 public:
  Book(tg::Schema const& schema, std::uint64_t seed, std::int64_t leads)
      : schema_(schema), leads_(leads), front(schema), plain(schema), random(schema_, seed, 400) {}
  Book(Book const&) = delete;  // random looks into schema_
  Book& operator=(Book const&) = delete;

  void change() {
    auto const lead_no = 1 + random.below(leads_);
    bool const there = plain.listings.contains(lead_no);
    ASSERT_EQ(front.holds(lead_no), there);
    if (!there) return insert(lead_no);
    auto& entry = plain.listings.at(lead_no).entry;
    switch (random.below(5)) {
      case 0:
        ASSERT_TRUE(front.remove(lead_no));
        plain.listings.erase(lead_no);
        ASSERT_FALSE(front.remove(lead_no));
        break;
      case 1:
        entry.shares_left = static_cast<std::int32_t>(random.below(4));
        entry.whole = random.below(2) == 0;
        front.set_supply(lead_no, entry.shares_left, entry.whole);
        break;
      default:
        entry.ask_micros = ask();
        front.set_ask(lead_no, entry.ask_micros);
    }
  }

  void insert(std::int64_t lead_no) {
    auto values = random.lead();
    // Values that the schema does not admit any more.
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (random.below(300) == 0) values[i] = random.below(2) == 0 ? -7'000'000'000 : 5'000'000'000;
    }
    if (random.below(3) == 0) values[schema_.score()] = random.below(5);
    Entry entry;
    entry.lead_no = lead_no;
    entry.ask_micros = ask();
    entry.listed_us = kNow - random.below(3) * kDayUs;
    entry.captured_us = kNow + kDayUs - random.below(40 * kDayUs);
    entry.shares_left = static_cast<std::int32_t>(random.below(4));
    entry.whole = random.below(2) == 0;
    entry.values = values;
    front.insert(entry);
    plain.insert(entry);
  }

  // Some markets sell at few prices, so that many places differ by age and number alone.
  std::int64_t ask() { return (1 + random.below(leads_ % 2 == 0 ? 3 : 1'000'000)) * 10'000; }

  tg::Conjunction conjunction(int terms) {
    tg::Conjunction filter;
    for (std::size_t i = 0; i < schema_.size(); ++i) {
      if (random.below(static_cast<std::int64_t>(schema_.size())) >= terms) continue;
      auto const attribute = static_cast<tg::AttributeIndex>(i);
      auto predicate = random.predicate();
      while (predicate.attribute != attribute) predicate = random.predicate();
      auto set = tg::ValueSet::of(aged(std::move(predicate)));
      if (random.below(5) == 0) set = set.complement();
      filter.push_back({attribute, std::move(set)});
    }
    return filter;
  }

  // Ages as far apart as those of the listings.
  tg::Expression aged(tg::Expression node) {
    for (auto& child : node.children) child = aged(std::move(child));
    bool const leaf = node.kind == tg::ExpressionKind::in || node.kind == tg::ExpressionKind::range;
    if (!leaf || node.attribute != schema_.lead_age_s()) return node;
    auto const scale = [&](std::int64_t age) { return age * 40 * 86'400 / 1'000'000; };
    if (node.kind == tg::ExpressionKind::range) {
      if (node.low != tg::kIntegerMin) node.low = scale(node.low);
      if (node.high != tg::kIntegerMax) node.high = scale(node.high);
      return node;
    }
    for (auto& value : node.values) value = scale(value);
    return tg::in_list(node.attribute, node.values);
  }

  std::optional<Place> cursor(Order order) {
    if (plain.listings.empty() || random.below(3) == 0) return std::nullopt;
    auto found = plain.listings.lower_bound(1 + random.below(leads_));
    if (found == plain.listings.end()) found = plain.listings.begin();
    auto place = plain.place(order, found->second);
    if (random.below(3) == 0) place.third += random.below(3) - 1;  // a listing that has gone
    return place;
  }

  Supply supply() { return static_cast<Supply>(random.below(3)); }

 private:
  tg::Schema schema_;
  std::int64_t leads_;

 public:
  Storefront front;
  PlainStorefront plain;
  tg::RandomTargeting random;
};

void expect_same(std::vector<Hit> const& found, std::vector<Hit> const& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(found[i].lead_no, expected[i].lead_no);
    ASSERT_EQ(found[i].place, expected[i].place);
  }
}

// Returns the number of matches, as compare_page() does.
std::size_t compare_sweep(Book& book, int depth) {
  auto const tree = book.aged(book.random.valid_tree(depth));
  SweepQuery query;
  query.expression = &tree;
  query.after = book.cursor(Order::ask);
  query.supply = book.supply();
  query.now_us = kNow;
  if (book.random.below(2) == 0) query.ask_max = book.ask();
  auto expected = book.plain.search(Order::ask, query.supply, query.after, kNow,
                                    [&](auto const& values) { return tg::evaluate(tree, values); });
  std::erase_if(expected, [&](Hit const& hit) { return hit.place.first > query.ask_max; });
  auto const matches = expected.size();
  auto const most = book.random.below(2) == 0
                        ? std::size_t{1'000'000}
                        : static_cast<std::size_t>(1 + book.random.below(100));
  std::vector<Hit> found;
  book.front.sweep(query, [&](Hit const& hit) {
    found.push_back(hit);
    return found.size() < most;
  });
  expected.resize(std::min(matches, most));
  expect_same(found, expected);
  return matches;
}

std::size_t compare_page(Book& book) {
  PageQuery query;
  query.filter = book.conjunction(static_cast<int>(book.random.below(5)));
  query.order = static_cast<Order>(book.random.below(3));
  query.after = book.cursor(query.order);
  query.limit = static_cast<std::size_t>(book.random.below(120));
  query.supply = book.supply();
  query.now_us = kNow;
  auto const refuse = [](std::int64_t lead_no) { return lead_no % 7 == 0; };
  auto expected = book.plain.search(
      query.order, query.supply, query.after, kNow, [&](tg::AttributeValues const& values) {
        return std::ranges::all_of(query.filter, [&](tg::Term const& term) {
          return term.accepted.contains(values[term.attribute]);
        });
      });
  auto const matches = expected.size();
  std::erase_if(expected, [&](Hit const& hit) { return refuse(hit.lead_no); });
  expected.resize(std::min(query.limit, expected.size()));
  std::vector<Hit> found;
  book.front.page(query, [&](Hit const& hit) {
    if (refuse(hit.lead_no)) return false;
    found.push_back(hit);
    return true;
  });
  expect_same(found, expected);
  return matches;
}

void compare_facets(Book& book) {
  auto const& schema = book.front.schema();
  FacetQuery query;
  query.filter = book.conjunction(static_cast<int>(book.random.below(4)));
  query.supply = book.supply();
  query.now_us = kNow;
  for (std::size_t i = 0; i < schema.size(); ++i) {
    auto const attribute = static_cast<tg::AttributeIndex>(i);
    if (schema.at(attribute).type == tg::AttributeType::text || book.random.below(2) == 0) continue;
    FacetWish wish{attribute, {}};
    if (schema.at(attribute).type == tg::AttributeType::integer) {
      for (auto n = 1 + book.random.below(4); n > 0; --n) {
        wish.cuts.push_back(book.random.value(attribute));
      }
      std::ranges::sort(wish.cuts);
      wish.cuts.erase(std::ranges::unique(wish.cuts).begin(), wish.cuts.end());
    }
    query.wishes.push_back(wish);
  }
  ASSERT_EQ(book.front.facets(query), book.plain.facets(query));
}

void random_run(std::int64_t leads, int rounds, int changes) {
  auto const seed = fresh_seed();
  std::cout << "seed " << seed << "\n";
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  auto const schema = random_schema(random);
  Book book(schema, seed, leads);
  for (std::int64_t lead = 1; lead <= leads; lead += 2) book.insert(lead);
  std::size_t matches = 0;
  for (int round = 0; round < rounds && !::testing::Test::HasFailure(); ++round) {
    for (int i = 0; i < changes; ++i) book.change();
    ASSERT_EQ(book.front.size(), book.plain.listings.size());
    matches += compare_sweep(book, static_cast<int>(book.random.below(4)));
    matches += compare_page(book);
    compare_facets(book);
  }
  // The run must not pass by finding nothing.
  if (leads > 50) EXPECT_GT(matches, static_cast<std::size_t>(rounds));
}

TEST(StorefrontRandom, SmallBooksAgreeWithThePlainTwin) {
  for (int book = 0; book < (full_run() ? 300 : 30) && !HasFailure(); ++book) {
    random_run(1 + book * 17, 40, 20);
  }
}

TEST(StorefrontRandom, LargeBooksAgreeWithThePlainTwin) {
  for (int book = 0; book < (full_run() ? 30 : 3) && !HasFailure(); ++book) {
    random_run(12'000 + book, 25, 400);
  }
}

TEST(StorefrontRandom, AgreesWhileABookDrainsAndFillsAgain) {
  auto const seed = fresh_seed();
  std::cout << "seed " << seed << "\n";
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  Book book(random_schema(random), seed, 20'000);
  for (int turn = 0; turn < (full_run() ? 10 : 2); ++turn) {
    for (std::int64_t lead = 1; lead <= 9'000; ++lead) book.insert(lead);
    for (int i = 0; i < 10; ++i) compare_page(book);
    auto const full = book.front.bytes();
    for (std::int64_t lead = 9'000; lead >= 1; --lead) {
      auto const victim = turn % 2 == 0 ? lead : 9'001 - lead;
      if (victim % 900 == 0) compare_page(book);
      ASSERT_TRUE(book.front.remove(victim));
      book.plain.listings.erase(victim);
    }
    EXPECT_EQ(book.front.size(), 0u);
    EXPECT_EQ(compare_page(book), 0u);
    EXPECT_LT(book.front.bytes(), full);
  }
}

}  // namespace
}  // namespace leadex::storefront
