#include "matching/storefront/storefront.hpp"

#include <gtest/gtest.h>

#include "tests/matching/targeting/random_targeting.hpp"

namespace leadex::storefront {
namespace {

namespace tg = targeting;

constexpr std::int64_t kNow = 1'800'000'000'000'000;
constexpr std::int64_t kSecondUs = 1'000'000;
constexpr tg::AttributeIndex kState = 0;
constexpr tg::AttributeIndex kAge = 1;
constexpr tg::AttributeIndex kOwnHome = 2;
constexpr tg::AttributeIndex kPostcode = 3;

/// A storefront of tg::test_schema() with short words for what the tests do.
struct Shop {
  Shop() : schema(tg::test_schema()), front(schema) {}

  using Values = std::vector<std::pair<tg::AttributeIndex, std::int64_t>>;
  void put(std::int64_t lead_no, std::int64_t ask, Values const& named = {},
           std::int64_t captured_us = kNow, std::int64_t listed_us = kNow) {
    auto values = schema.blank();
    for (auto const& [attribute, value] : named) values[attribute] = value;
    Entry entry;
    entry.lead_no = lead_no;
    entry.ask_micros = ask;
    entry.listed_us = listed_us;
    entry.captured_us = captured_us;
    entry.values = values;
    front.insert(entry);
  }

  std::vector<std::int64_t> sweep(tg::Expression const& tree) const {
    return sweep({.expression = &tree, .now_us = kNow});
  }
  std::vector<std::int64_t> sweep(SweepQuery const& query) const {
    std::vector<std::int64_t> leads;
    front.sweep(query, [&](Hit const& hit) {
      leads.push_back(hit.lead_no);
      return true;
    });
    return leads;
  }
  std::vector<std::int64_t> page(Order order, tg::Conjunction filter = {},
                                 std::optional<Place> after = {}, std::size_t limit = 100) const {
    PageQuery query;
    query.filter = std::move(filter);
    query.order = order;
    query.after = after;
    query.limit = limit;
    query.now_us = kNow;
    std::vector<std::int64_t> leads;
    front.page(query, [&](Hit const& hit) {
      leads.push_back(hit.lead_no);
      return true;
    });
    return leads;
  }

  tg::Schema schema;
  Storefront front;
};

tg::Term term(tg::Expression const& predicate) {
  return {predicate.attribute, tg::ValueSet::of(predicate)};
}

using Leads = std::vector<std::int64_t>;

TEST(Storefront, EmptyStorefrontAnswersNothing) {
  Shop const shop;
  EXPECT_EQ(shop.sweep(tg::all_of({})), Leads{});
  EXPECT_EQ(shop.page(Order::score), Leads{});
  auto const facets = shop.front.facets({{}, {{kOwnHome, {}}}, Supply::share, kNow});
  EXPECT_EQ(facets, (Facets{0, {Facet{{0, 0}, 0, 0}}}));
}

TEST(Storefront, EmptyFilterShowsAllByAskThenAgeOfListingThenLead) {
  Shop shop;
  shop.put(5, 200, {}, kNow, kNow);
  shop.put(4, 200, {}, kNow, kNow - 1);
  shop.put(9, 100, {}, kNow, kNow);
  shop.put(3, 200, {}, kNow, kNow);
  EXPECT_EQ(shop.page(Order::ask), (Leads{9, 4, 3, 5}));
  EXPECT_EQ(shop.sweep(tg::all_of({})), (Leads{9, 4, 3, 5}));
}

TEST(Storefront, ScoresComeBestFirstYoungerLeadsFirstAndNoScoreLast) {
  Shop shop;
  auto const score = shop.schema.score();
  shop.put(1, 1, {{score, 40}});
  shop.put(2, 1, {});
  shop.put(3, 1, {{score, -7}});
  shop.put(4, 1, {{score, 40}});
  shop.put(5, 1, {{score, 2'000'000}});  // more than scores may be today
  EXPECT_EQ(shop.page(Order::score), (Leads{5, 4, 1, 3, 2}));
}

TEST(Storefront, OrderByCaptureTellsNoMoreThanTheHour) {
  Shop shop;
  auto const hour = kNow - kNow % kCapturedStepUs;
  shop.put(1, 1, {}, hour + 20 * kSecondUs);
  shop.put(2, 1, {}, hour + 10 * kSecondUs);
  shop.put(3, 1, {}, hour - 1);
  shop.put(4, 1, {}, hour + kCapturedStepUs);
  EXPECT_EQ(shop.page(Order::captured), (Leads{4, 2, 1, 3}));
}

TEST(Storefront, MissingValueMeetsOnlyTheNegationOfAPredicate) {
  Shop shop;
  shop.put(1, 1, {{kState, 2}, {kAge, 30}});
  shop.put(2, 2, {});
  EXPECT_EQ(shop.sweep(tg::equal_to(kState, 2)), Leads{1});
  EXPECT_EQ(shop.sweep(tg::not_of(tg::equal_to(kState, 2))), Leads{2});
  EXPECT_EQ(shop.sweep(tg::in_range(kAge, std::nullopt, std::nullopt)), Leads{1});
  EXPECT_EQ(shop.sweep(tg::not_of(tg::in_range(kAge, 31, std::nullopt))), (Leads{1, 2}));
}

TEST(Storefront, TextNeverSeenMatchesNothing) {
  Shop shop;
  shop.put(1, 1, {{kPostcode, 7}});
  EXPECT_EQ(shop.sweep(tg::equal_to(kPostcode, 8)), Leads{});
  EXPECT_EQ(shop.sweep(tg::in_list(kPostcode, {6, 7, 8})), Leads{1});
  EXPECT_EQ(shop.sweep(tg::not_of(tg::equal_to(kPostcode, 8))), Leads{1});
}

TEST(Storefront, ListOfTextsNobodyKnowsMatchesNothing) {
  Shop shop;
  shop.put(1, 1, {{kPostcode, 7}});
  // What decode_known() leaves of a question about unknown texts.
  EXPECT_EQ(shop.sweep(tg::in_list(kPostcode, {})), Leads{});
  EXPECT_EQ(shop.sweep(tg::not_of(tg::in_list(kPostcode, {}))), Leads{1});
  EXPECT_EQ(shop.sweep(tg::any_of({tg::in_list(kPostcode, {}), tg::equal_to(kPostcode, 7)})),
            Leads{1});
}

TEST(Storefront, TextIdAboveFourBytesIsFoundAndForgottenWithItsListing) {
  Shop shop;
  constexpr std::int64_t kLarge = 5'000'000'000;
  shop.put(1, 1, {{kPostcode, kLarge}});
  EXPECT_EQ(shop.sweep(tg::equal_to(kPostcode, kLarge)), Leads{1});
  EXPECT_EQ(shop.sweep(tg::equal_to(kPostcode, kLarge + 1)), Leads{});
  EXPECT_TRUE(shop.front.remove(1));
  shop.put(2, 1, {{kPostcode, 4}});  // takes the row
  EXPECT_EQ(shop.sweep(tg::equal_to(kPostcode, kLarge)), Leads{});
}

TEST(Storefront, LeadAgeCountsWholeSecondsAndNeverBelowZero) {
  Shop shop;
  auto const age = shop.schema.lead_age_s();
  shop.put(1, 1, {}, kNow - 10 * kSecondUs);         // 10 s
  shop.put(2, 2, {}, kNow - 11 * kSecondUs + 1);     // 10 s
  shop.put(3, 3, {}, kNow - 11 * kSecondUs);         // 11 s
  shop.put(4, 4, {}, kNow - 10 * kSecondUs + 1);     // 9 s
  shop.put(5, 5, {}, kNow + 60 * kSecondUs);         // 0 s
  shop.put(6, 6, {}, kNow - 1'700'000'000'000'000);  // held to the oldest age
  EXPECT_EQ(shop.sweep(tg::equal_to(age, 10)), (Leads{1, 2}));
  EXPECT_EQ(shop.sweep(tg::in_range(age, std::nullopt, 9)), (Leads{4, 5}));
  EXPECT_EQ(shop.sweep(tg::in_range(age, 11, std::nullopt)), (Leads{3, 6}));
  EXPECT_EQ(shop.sweep(tg::equal_to(age, 0)), Leads{5});
  EXPECT_EQ(shop.sweep(tg::in_range(age, kLeadAgeClamp_s, std::nullopt)), Leads{6});
  EXPECT_EQ(shop.sweep(tg::in_range(age, kLeadAgeClamp_s + 1, std::nullopt)), Leads{});
  // A second later all are a second older.
  auto const tree = tg::equal_to(age, 11);
  EXPECT_EQ(shop.sweep({.expression = &tree, .now_us = kNow + kSecondUs}), (Leads{1, 2}));
}

TEST(Storefront, CursorOfAListingThatHasGoneGoesOnWhereItStood) {
  Shop shop;
  for (std::int64_t lead = 1; lead <= 9; ++lead) shop.put(lead, lead / 3);
  auto const after = Place{1, kNow, 4};
  EXPECT_EQ(shop.page(Order::ask, {}, after, 3), (Leads{5, 6, 7}));
  EXPECT_TRUE(shop.front.remove(4));
  EXPECT_TRUE(shop.front.remove(5));
  EXPECT_EQ(shop.page(Order::ask, {}, after, 3), (Leads{6, 7, 8}));
  EXPECT_EQ(shop.page(Order::ask, {}, Place{3, kNow, 9}), Leads{});
}

TEST(Storefront, RefusedListingsDoNotEndAPage) {
  Shop shop;
  for (std::int64_t lead = 1; lead <= 2'000; ++lead) shop.put(lead, lead);
  PageQuery query;
  query.limit = 3;
  Leads shown;
  shop.front.page(query, [&](Hit const& hit) {
    if (hit.lead_no <= 1'500) return false;
    shown.push_back(hit.lead_no);
    return true;
  });
  EXPECT_EQ(shown, (Leads{1'501, 1'502, 1'503}));
}

TEST(Storefront, PageOfNothingVisitsNothing) {
  Shop shop;
  shop.put(1, 1);
  EXPECT_EQ(shop.page(Order::ask, {}, {}, 0), Leads{});
}

TEST(Storefront, SweepBuysUpToItsHighestAskInclusive) {
  Shop shop;
  for (std::int64_t lead = 1; lead <= 5; ++lead) shop.put(lead, lead * 10);
  auto const all = tg::all_of({});
  EXPECT_EQ(shop.sweep({.expression = &all, .ask_max = 30, .now_us = kNow}), (Leads{1, 2, 3}));
  EXPECT_EQ(shop.sweep({.expression = &all, .after = Place{20, kNow, 2}, .ask_max = 39}), Leads{3});
}

TEST(Storefront, ListingFollowsItsFallingAsk) {
  Shop shop;
  shop.put(1, 30);
  shop.put(2, 20);
  shop.front.set_ask(1, 10);
  EXPECT_EQ(shop.page(Order::ask), (Leads{1, 2}));
  shop.front.set_ask(1, 20);  // the same ask and age: by number
  EXPECT_EQ(shop.page(Order::ask), (Leads{1, 2}));
  EXPECT_TRUE(shop.front.remove(1));
  EXPECT_FALSE(shop.front.remove(1));
}

TEST(Storefront, ListingWithoutSharesIsNotShownAndNotWholeIsNotSoldExclusively) {
  Shop shop;
  shop.put(1, 1);
  shop.put(2, 2);
  shop.front.set_supply(1, 0, false);
  shop.front.set_supply(2, 1, false);
  auto const all = tg::all_of({});
  EXPECT_EQ(shop.page(Order::ask), Leads{2});
  EXPECT_EQ(shop.sweep({.expression = &all, .supply = Supply::any}), (Leads{1, 2}));
  EXPECT_EQ(shop.sweep({.expression = &all, .supply = Supply::whole}), Leads{});
  shop.front.set_supply(1, 3, true);  // its sale was voided
  EXPECT_EQ(shop.page(Order::ask), (Leads{1, 2}));
  EXPECT_EQ(shop.sweep({.expression = &all, .supply = Supply::whole}), Leads{1});
}

TEST(Storefront, RareMatchIsFoundWhereverItStandsInTheOrder) {
  Shop shop;
  constexpr std::int64_t kCount = 30'000;
  for (std::int64_t lead = 1; lead <= kCount; ++lead) {
    shop.put(lead, lead, {{kAge, lead % 80 + 20}, {kState, lead > kCount - 40 ? 3 : 1}});
  }
  EXPECT_EQ(shop.sweep(tg::equal_to(kState, 3)).size(), 40u);
  EXPECT_EQ(shop.page(Order::ask, {term(tg::equal_to(kState, 3))}, {}, 2),
            (Leads{kCount - 39, kCount - 38}));
  EXPECT_EQ(shop.page(Order::ask, {term(tg::equal_to(kState, 3)), term(tg::equal_to(kAge, 20))}),
            Leads{kCount});
  // Many, but all of them at the far end of the order.
  auto const dear = tg::any_of({tg::equal_to(kState, 3), tg::equal_to(kAge, 99)});
  EXPECT_EQ(shop.sweep(dear).size(), 40u + kCount / 80 - 1);  // one is both
}

TEST(Storefront, FacetLeavesItsOwnFilterOut) {
  Shop shop;
  shop.put(1, 1, {{kState, 0}, {kOwnHome, 1}});
  shop.put(2, 1, {{kState, 0}, {kOwnHome, 0}});
  shop.put(3, 1, {{kState, 1}, {kOwnHome, 1}});
  shop.put(4, 1, {{kOwnHome, 1}});
  shop.put(5, 1, {{kState, 99}, {kOwnHome, 1}});  // a choice of an older schema
  FacetQuery query;
  query.filter = {term(tg::equal_to(kState, 0)), term(tg::equal_to(kOwnHome, 1))};
  query.wishes = {{kState, {}}, {kOwnHome, {}}};
  auto const found = shop.front.facets(query);
  EXPECT_EQ(found.matches, 1);
  EXPECT_EQ(found.facets[0].counts[0], 1);  // of those who own their home
  EXPECT_EQ(found.facets[0].counts[1], 1);
  EXPECT_EQ(found.facets[0].missing, 1);
  EXPECT_EQ(found.facets[0].other, 1);
  EXPECT_EQ(found.facets[1], (Facet{{1, 1}, 0, 0}));  // of state 0
}

TEST(Storefront, BandsBeginAtTheirCutsAndMissingIsApart) {
  Shop shop;
  auto const score = shop.schema.score();
  auto const age = shop.schema.lead_age_s();
  std::int64_t lead = 0;
  for (auto const value : {-5, 39, 40, 69, 70, 100}) {
    ++lead;
    shop.put(lead, 1, {{score, value}}, kNow - lead * 3'600 * kSecondUs);
  }
  shop.put(++lead, 1);
  FacetQuery query;
  query.wishes = {{score, {40, 70}}, {age, {1, 3 * 3'600}}};
  query.now_us = kNow;
  auto const found = shop.front.facets(query);
  EXPECT_EQ(found.matches, 7);
  EXPECT_EQ(found.facets[0], (Facet{{2, 2, 2}, 1, 0}));
  EXPECT_EQ(found.facets[1], (Facet{{1, 2, 4}, 0, 0}));
}

TEST(Storefront, FreedRowsAreUsedAgain) {
  Shop shop;
  for (std::int64_t lead = 1; lead <= 5'000; ++lead) shop.put(lead, lead % 7);
  auto const full = shop.front.bytes();
  for (std::int64_t lead = 5'001; lead <= 60'000; ++lead) {
    ASSERT_TRUE(shop.front.remove(lead - 5'000));
    shop.put(lead, lead % 7);
  }
  EXPECT_EQ(shop.front.size(), 5'000u);
  EXPECT_LT(shop.front.bytes(), full + full / 4);
}

TEST(Storefront, ArrivalsInAnyOrderLeaveChunksWellFilled) {
  constexpr std::int64_t kCount = 40'960;  // whole segments
  constexpr std::size_t kBytesMax = 150;
  for (int way = 0; way < 4; ++way) {
    Shop shop;
    for (std::int64_t i = 0; i < kCount; ++i) {
      // Ascending, descending, a gap filled downwards, and scattered.
      auto const half = kCount / 2;
      auto const ask = way == 0   ? i
                       : way == 1 ? kCount - i
                       : way == 2 ? (i < half ? i * 2 : 2 * (kCount - i) + 1)
                                  : i * 7'919 % kCount;
      shop.put(i + 1, ask + 1, {{kAge, 20 + i % 60}}, kNow - ask * kSecondUs);
    }
    EXPECT_LT(shop.front.bytes() / kCount, kBytesMax) << "way " << way;
    EXPECT_EQ(shop.sweep(tg::equal_to(kAge, 20)).size(), static_cast<std::size_t>(kCount / 60 + 1));
  }
}

TEST(StorefrontDeathTest, WrongCallsStopTheProcess) {
  Shop shop;
  shop.put(1, 1);
  EXPECT_DEATH(shop.put(1, 1), "holds");
  EXPECT_DEATH(shop.front.set_ask(2, 1), "slot");
  EXPECT_DEATH(shop.front.set_supply(2, 1, true), "slot");
  Entry entry;
  entry.lead_no = 2;
  EXPECT_DEATH(shop.front.insert(entry), "values");
}

}  // namespace
}  // namespace leadex::storefront
