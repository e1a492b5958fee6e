// Deals, tiers, orders that are not by price, and the price rules: run_auction() beyond one route
// by price.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <set>

#include "tests/matching/auction/brute_auction.hpp"

namespace leadex::auction {
namespace {

using Numbers = std::vector<std::int64_t>;

Candidate bid_of(std::int64_t no, std::int64_t bid, Exclusivity exclusivity = Exclusivity::shared) {
  Candidate candidate;
  candidate.campaign_no = no;
  candidate.buyer_no = no;
  candidate.bid = Money{bid};
  candidate.exclusivity = exclusivity;
  return candidate;
}
AuctionInput book_of(std::vector<Candidate> candidates, std::int32_t max_shares = 4) {
  AuctionInput input;
  input.candidates = std::move(candidates);
  input.max_shares = max_shares;
  return input;
}
Numbers winners_of(AuctionInput const& input) {
  Numbers numbers;
  auto const result = run_auction(input).value();
  for (auto const& winner : result.winners) numbers.push_back(winner.campaign_no);
  return numbers;
}
Numbers prices_of(AuctionInput const& input) {
  Numbers prices;
  auto const result = run_auction(input).value();
  for (auto const& winner : result.winners) prices.push_back(winner.price.micros);
  return prices;
}

// One route after the other, each as the rules say it, the slow way.
class PlainRoutes {
 public:
  explicit PlainRoutes(AuctionInput input) : input_(std::move(input)) {
    std::set<std::int32_t> tiers;
    std::vector<Candidate> deals;
    for (auto const& candidate : input_.candidates) {
      tiers.insert(candidate.tier);
      if (!candidate.deal) continue;
      auto agreed = candidate;
      agreed.bid = *candidate.deal;
      agreed.exclusive_bid.reset();
      agreed.exclusivity =
          candidate.deal_is_exclusive ? Exclusivity::exclusive : Exclusivity::shared;
      deals.push_back(agreed);
    }
    auto rules = input_;
    rules.reserve = Money{0};
    rules.rule = PriceRule::first_price;
    rules.routing = Routing::price;
    hold(rules, deals);
    for (auto const tier : tiers) {
      std::vector<Candidate> members;
      for (auto const& candidate : input_.candidates) {
        if (candidate.tier == tier) members.push_back(candidate);
      }
      hold(input_, members);
    }
  }

  Numbers winners;
  Numbers prices;

 private:
  void hold(AuctionInput const& rules, std::vector<Candidate> members) {
    if (whole_sold_) return;
    std::erase_if(members,
                  [&](auto const& candidate) { return buyers_.contains(candidate.buyer_no); });
    auto route = rules;
    route.candidates = std::move(members);
    route.shares_sold = input_.shares_sold;
    route.owners_max_shares = input_.owners_max_shares;
    if (rules.routing == Routing::price) {
      BruteAuction const brute(route);
      auto const best = brute.best();
      for (auto const* member : best.members)
        take(*member, brute.price_of(*member), best.exclusive);
    } else {
      in_turn(route);
    }
  }

  void take(Candidate const& winner, std::int64_t price, bool exclusive) {
    winners.push_back(winner.campaign_no);
    prices.push_back(price);
    buyers_.insert(winner.buyer_no);
    whole_sold_ = whole_sold_ || exclusive;
    input_.shares_sold += 1;
    input_.owners_max_shares = std::min(input_.owners_max_shares, winner.max_shares);
  }

  // A book with this candidate alone tells what it can have and pays.
  struct Alone {
    std::int64_t share{};  // 0: cannot have it
    std::int64_t whole{};
    std::int64_t share_value{};
    std::int64_t whole_value{};
  };
  static Alone alone(AuctionInput route, Candidate candidate) {
    Alone found;
    auto const exclusivity = candidate.exclusivity;
    for (auto const kind : {Exclusivity::shared, Exclusivity::exclusive}) {
      if (exclusivity != Exclusivity::any && exclusivity != kind) continue;
      candidate.exclusivity = kind;
      route.candidates = {candidate};
      BruteAuction const brute(route);
      if (brute.best().members.empty()) continue;
      bool const whole = kind == Exclusivity::exclusive;
      (whole ? found.whole : found.share) = brute.price_of(*brute.best().members[0]);
      (whole ? found.whole_value : found.share_value) = brute.best().value;
    }
    return found;
  }

  void in_turn(AuctionInput const& route) {
    std::vector<std::pair<Candidate, Alone>> order;
    for (auto const& candidate : route.candidates) {
      order.emplace_back(candidate, alone(route, candidate));
    }
    std::erase_if(order, [](auto const& one) { return one.second.share + one.second.whole == 0; });
    auto const value = [&](auto const& one) {
      auto const whole = one.first.exclusivity == Exclusivity::exclusive ||
                                 (one.first.exclusivity == Exclusivity::any)
                             ? one.second.whole_value
                             : 0;
      return std::max(whole, one.second.share_value);
    };
    auto const by = [&](auto key) {
      std::stable_sort(order.begin(), order.end(), [&](auto const& a, auto const& b) {
        auto const left = key(a.first);
        auto const right = key(b.first);
        return left != right ? left < right : a.first.campaign_no < b.first.campaign_no;
      });
    };
    switch (route.routing) {
      case Routing::weight:  // the twin's weights divide evenly: no fractions to compare
        by([](auto const& candidate) { return candidate.served * 60 / candidate.weight; });
        break;
      case Routing::round_robin:
        by([](auto const& candidate) { return candidate.turn; });
        break;
      case Routing::waterfall:
        by([](auto const& candidate) { return candidate.campaign_no; });
        break;
      default: {
        std::stable_sort(order.begin(), order.end(), [&](auto const& a, auto const& b) {
          return value(a) != value(b) ? value(a) > value(b)
                                      : a.first.campaign_no < b.first.campaign_no;
        });
        auto const front =
            std::min<std::size_t>(order.size(), static_cast<std::size_t>(route.hybrid_n));
        std::stable_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(front),
                         [](auto const& a, auto const& b) {
                           return a.first.turn != b.first.turn
                                      ? a.first.turn < b.first.turn
                                      : a.first.campaign_no < b.first.campaign_no;
                         });
      }
    }
    if (order.empty()) return;
    std::vector<std::pair<Candidate, Alone>> shares;
    auto const& first = order.front();
    if (first.second.share != 0) {
      for (auto const& one : order) {
        auto const owners = route.shares_sold + static_cast<std::int32_t>(shares.size()) + 1;
        bool const room =
            owners <= std::min({route.max_shares, route.owners_max_shares, one.first.max_shares}) &&
            std::ranges::all_of(shares, [&](auto const& share) {
              return owners <= share.first.max_shares && share.first.buyer_no != one.first.buyer_no;
            });
        if (one.second.share != 0 && room) shares.push_back(one);
      }
    }
    std::int64_t brings = 0;
    for (auto const& share : shares) brings += share.second.share_value;
    if (first.second.whole != 0 && first.second.whole_value > brings) {
      return take(first.first, first.second.whole, true);
    }
    for (auto const& share : shares) take(share.first, share.second.share, false);
  }

  AuctionInput input_;
  std::set<std::int64_t> buyers_;
  bool whole_sold_{};
};

AuctionInput random_routes(std::mt19937_64& random) {
  auto const between = [&](std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(high - low + 1));
  };
  constexpr std::array<std::int32_t, 6> kWeights{1, 2, 3, 4, 5, 6};
  auto input = book_of({}, static_cast<std::int32_t>(between(1, 5)));
  auto const count = between(0, 9);
  auto const bid_max = between(1, 3) == 1 ? 100'000 : between(2, 12);
  auto const tiers = between(1, 3);
  for (std::int64_t i = 0; i < count; ++i) {
    auto candidate =
        bid_of((i * 7 + 3) % 11 + 1, between(1, bid_max), static_cast<Exclusivity>(between(0, 2)));
    candidate.buyer_no = between(1, 8);
    if (between(0, 2) == 0) candidate.exclusive_bid = Money{between(1, bid_max * 3)};
    if (between(0, 1) == 0) candidate.max_shares = static_cast<std::int32_t>(between(1, 5));
    candidate.tier = static_cast<std::int32_t>(between(1, tiers));
    candidate.turn = between(0, 3);
    candidate.served = between(0, 6);
    candidate.weight = kWeights.at(static_cast<std::size_t>(between(0, 5)));
    if (between(0, 4) == 0) {
      candidate.deal = Money{between(1, bid_max)};
      candidate.deal_is_exclusive = between(0, 1) == 0;
    }
    if (between(0, 5) == 0) {
      candidate.worth_ppb = between(0, kWorthWhole);
      candidate.reserve_on_value = true;
    }
    input.candidates.push_back(candidate);
  }
  input.reserve = Money{between(0, 1) == 0 ? 0 : between(0, bid_max)};
  input.routing = static_cast<Routing>(between(0, 4));
  input.hybrid_n = static_cast<std::int32_t>(between(1, 4));
  if (input.routing == Routing::price) input.rule = static_cast<PriceRule>(between(0, 2));
  if (input.routing != Routing::price && between(0, 2) == 0) input.rule = PriceRule::fixed;
  if (input.rule == PriceRule::fixed) input.fixed_price = Money{between(1, bid_max)};
  if (between(0, 4) == 0) {
    input.shares_sold = static_cast<std::int32_t>(between(0, 4));
    input.owners_max_shares = static_cast<std::int32_t>(between(1, 5));
  }
  return input;
}

TEST(Routes, AgreeWithThePlainTwinOnRandomBooks) {
  std::uint64_t seed = std::random_device{}();
  if (char const* given = std::getenv("LEADEX_TEST_SEED")) seed = std::strtoull(given, nullptr, 10);
  std::cout << "seed " << seed << "\n";
  std::mt19937_64 random(seed);
  std::array<int, 9> losses{};
  std::array<int, 5> sold_by{};
  for (int i = 0; i < 100'000 && !::testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed << " book " << i);
    auto const input = random_routes(random);
    PlainRoutes const twin(input);
    auto const result = run_auction(input).value();
    EXPECT_EQ(winners_of(input), twin.winners);
    EXPECT_EQ(prices_of(input), twin.prices);
    std::int64_t revenue = 0;
    for (auto const price : twin.prices) revenue += price;
    EXPECT_EQ(result.revenue.micros, revenue);
    EXPECT_EQ(result.ranking.size(), input.candidates.size());
    for (std::size_t at = 0; at < input.candidates.size(); ++at) {
      auto const& placing = result.placings[at];
      EXPECT_EQ(result.ranking.at(static_cast<std::size_t>(placing.rank - 1)), at);
      auto const& no = input.candidates[at].campaign_no;
      bool const won = std::ranges::find(twin.winners, no) != twin.winners.end();
      EXPECT_EQ(placing.loss == LossReason::none, won);
      ++losses.at(static_cast<std::size_t>(placing.loss));
    }
    if (!twin.winners.empty()) ++sold_by.at(static_cast<std::size_t>(input.routing));
  }
  for (auto const seen : losses) EXPECT_GT(seen, 0);  // every reason came up
  for (auto const seen : sold_by) EXPECT_GT(seen, 1000);
}

TEST(Routes, AThresholdOfATierByPriceWinsAndOneMicroLessDoesNot) {
  std::mt19937_64 random(11);
  int looked_at = 0;
  for (int i = 0; i < 20'000 && !::testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE(i);
    auto input = random_routes(random);
    if (input.routing != Routing::price) continue;
    auto const result = run_auction(input).value();
    for (std::size_t at = 0; at < input.candidates.size(); ++at) {
      auto const& placing = result.placings[at];
      if (placing.loss == LossReason::none || !placing.min_to_win) continue;
      auto changed = input;
      auto& candidate = changed.candidates[at];
      auto const wins = [&] {
        auto const numbers = winners_of(changed);
        return std::ranges::find(numbers, candidate.campaign_no) != numbers.end();
      };
      candidate.bid = *placing.min_to_win;
      EXPECT_TRUE(wins());
      ++looked_at;
      if (candidate.bid.micros == 1) continue;
      candidate.bid.micros -= 1;
      EXPECT_FALSE(wins());
    }
  }
  EXPECT_GT(looked_at, 1000);
}

TEST(SecondPrice, AWinnerPaysTheBestLosersBid) {
  auto input = book_of({bid_of(1, 100), bid_of(2, 90), bid_of(3, 60), bid_of(4, 50)}, 2);
  input.rule = PriceRule::second_price;
  EXPECT_EQ(winners_of(input), (Numbers{1, 2}));
  EXPECT_EQ(prices_of(input), (Numbers{60, 60}));
  input.reserve = Money{70};
  EXPECT_EQ(prices_of(input), (Numbers{70, 70}));
}

TEST(SecondPrice, NobodyPaysMoreThanItsBidAndALonelyBidderPaysTheReserve) {
  auto input = book_of({bid_of(1, 100), bid_of(2, 20)}, 2);
  input.rule = PriceRule::second_price;
  input.reserve = Money{5};
  EXPECT_EQ(prices_of(input), (Numbers{5, 5}));  // both have a share, nobody is left out
  input.candidates.push_back(bid_of(3, 110, Exclusivity::exclusive));
  // 100 + 20 beat 110 as long as the two bring 110: 90 and 20.
  EXPECT_EQ(prices_of(input), (Numbers{90, 20}));
}

TEST(SecondPrice, AnExclusiveWinnerPaysWhatTheSharesWouldHaveBrought) {
  auto input = book_of({bid_of(1, 200, Exclusivity::exclusive), bid_of(2, 60), bid_of(3, 50)});
  input.rule = PriceRule::second_price;
  EXPECT_EQ(prices_of(input), (Numbers{110}));
}

TEST(SecondPrice, ByExpectedValueAWinnerPaysTheLeastBidOfThatValue) {
  auto sure = bid_of(1, 30);
  auto unsure = bid_of(2, 100);  // paid on an event, one time in two
  unsure.worth_ppb = kWorthWhole / 2;
  unsure.reserve_on_value = true;
  auto input = book_of({sure, unsure}, 1);
  input.rule = PriceRule::second_price;
  EXPECT_EQ(winners_of(input), (Numbers{2}));
  EXPECT_EQ(prices_of(input), (Numbers{60}));  // worth 30
  EXPECT_EQ(run_auction(input).value().placings[0].min_to_win, Money{50});
}

TEST(Reserve, IsHeldAgainstTheValueOfABidThatIsPaidOnAnEvent) {
  auto unsure = bid_of(1, 100);
  unsure.worth_ppb = kWorthWhole / 10;
  auto input = book_of({unsure});
  input.reserve = Money{20};
  EXPECT_EQ(winners_of(input), (Numbers{1}));
  input.candidates[0].reserve_on_value = true;
  EXPECT_EQ(winners_of(input), Numbers{});
  auto const placing = run_auction(input).value().placings[0];
  EXPECT_EQ(placing.loss, LossReason::below_reserve);
  EXPECT_EQ(placing.min_to_win, Money{200});
}

TEST(FixedPrice, EverybodyPaysItAndTheEarlierCampaignsComeFirst) {
  auto input = book_of({bid_of(1, 40), bid_of(2, 90), bid_of(3, 39), bid_of(4, 50)}, 2);
  input.rule = PriceRule::fixed;
  input.fixed_price = Money{40};
  EXPECT_EQ(winners_of(input), (Numbers{1, 2}));
  EXPECT_EQ(prices_of(input), (Numbers{40, 40}));
  auto const result = run_auction(input).value();
  EXPECT_EQ(result.placings[2].loss, LossReason::below_reserve);
  EXPECT_EQ(result.placings[2].min_to_win, std::nullopt);  // two are there before it
  input.candidates.push_back(bid_of(5, 90, Exclusivity::exclusive));
  EXPECT_EQ(winners_of(input), (Numbers{5}));  // the whole lead costs 2 × 40, as two shares do
  EXPECT_EQ(prices_of(input), (Numbers{80}));
}

TEST(Tiers, TheSmallerTierComesFirstWhateverTheOthersBid) {
  auto input = book_of({bid_of(1, 10), bid_of(2, 100), bid_of(3, 200, Exclusivity::exclusive)}, 2);
  input.candidates[0].tier = 1;
  input.candidates[1].tier = 2;
  input.candidates[2].tier = 2;
  EXPECT_EQ(winners_of(input), (Numbers{1, 2}));  // what tier 1 leaves goes on
  auto const result = run_auction(input).value();
  EXPECT_EQ(result.placings[2].loss, LossReason::earlier_route);
  EXPECT_EQ(result.placings[2].min_to_win, std::nullopt);
  EXPECT_EQ(result.placings[0].rank, 1);
}

TEST(Deals, ComeBeforeAllTiersAtTheAgreedPrice) {
  auto input = book_of({bid_of(1, 10), bid_of(2, 100)}, 1);
  input.reserve = Money{50};
  input.candidates[0].deal = Money{30};
  EXPECT_EQ(winners_of(input), (Numbers{1}));
  EXPECT_EQ(prices_of(input), (Numbers{30}));
  EXPECT_TRUE(run_auction(input).value().winners[0].by_deal);
  input.candidates[0].deal_is_exclusive = true;
  input.max_shares = 4;
  EXPECT_EQ(winners_of(input), (Numbers{1}));
}

TEST(RoundRobin, GivesEachOfThreeExactlyEveryThirdLead) {
  auto input = book_of({bid_of(1, 10), bid_of(2, 30), bid_of(3, 20)}, 1);
  input.routing = Routing::round_robin;
  std::map<std::int64_t, int> wins;
  for (std::int64_t auction_no = 1; auction_no <= 300; ++auction_no) {
    auto const winner = winners_of(input).at(0);
    EXPECT_EQ(winner, (auction_no - 1) % 3 + 1);
    ++wins[winner];
    input.candidates.at(static_cast<std::size_t>(winner - 1)).turn = auction_no;
  }
  EXPECT_EQ(wins, (std::map<std::int64_t, int>{{1, 100}, {2, 100}, {3, 100}}));
}

TEST(Weight, SharesTheLeadsAsTheWeightsStand) {
  auto input = book_of({bid_of(1, 10), bid_of(2, 30), bid_of(3, 20)}, 1);
  input.routing = Routing::weight;
  input.candidates[0].weight = 5;
  input.candidates[1].weight = 3;
  input.candidates[2].weight = 2;
  for (int i = 0; i < 1000; ++i) {
    ++input.candidates.at(static_cast<std::size_t>(winners_of(input).at(0) - 1)).served;
  }
  EXPECT_EQ(input.candidates[0].served, 500);
  EXPECT_EQ(input.candidates[1].served, 300);
  EXPECT_EQ(input.candidates[2].served, 200);
}

TEST(Hybrid, TheBestByPriceTakeTurnsAndTheOthersWait) {
  auto input = book_of({bid_of(1, 10), bid_of(2, 30), bid_of(3, 20)}, 1);
  input.routing = Routing::hybrid;
  input.hybrid_n = 2;
  EXPECT_EQ(winners_of(input), (Numbers{2}));
  input.candidates[1].turn = 1;
  EXPECT_EQ(winners_of(input), (Numbers{3}));
  auto const result = run_auction(input).value();
  EXPECT_EQ(result.placings[0].loss, LossReason::outbid);
  EXPECT_EQ(result.placings[1].loss, LossReason::not_its_turn);
}

TEST(Routes, SecondPriceNeedsAnOrderByPrice) {
  auto input = book_of({bid_of(1, 10)});
  input.rule = PriceRule::second_price;
  input.routing = Routing::waterfall;
  EXPECT_EQ(run_auction(input).error(), AuctionError::setting_invalid);
  input.routing = Routing::hybrid;
  input.rule = PriceRule::first_price;
  input.hybrid_n = 0;
  EXPECT_EQ(run_auction(input).error(), AuctionError::setting_invalid);
  input.hybrid_n = 1;
  input.candidates[0].weight = 0;
  EXPECT_EQ(run_auction(input).error(), AuctionError::candidate_invalid);
}

TEST(Routes, OnlyTheFirstRanksAreExplained) {
  auto input = book_of({bid_of(1, 10), bid_of(2, 20), bid_of(3, 30), bid_of(4, 5)}, 1);
  input.explained_max = 2;
  auto const result = run_auction(input).value();
  EXPECT_EQ(result.placings[1].min_to_win, Money{30});  // equal bids: the earlier campaign
  EXPECT_EQ(result.placings[0].min_to_win, std::nullopt);
  EXPECT_EQ(result.placings[0].loss, LossReason::outbid);
  EXPECT_EQ(result.placings[0].rank, 3);
}

}  // namespace
}  // namespace leadex::auction
