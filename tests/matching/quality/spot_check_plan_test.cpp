#include "matching/quality/spot_check_plan.hpp"

#include <gtest/gtest.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <chrono>
#include <iostream>
#include <random>

#include "matching/quality/hypergeometric.hpp"

namespace leadex::quality {
namespace {

using boost::multiprecision::cpp_int;

SpotCheckSettings settings_of(std::int32_t acceptable, std::int32_t rejectable, std::int32_t seller,
                              std::int32_t buyer) {
  return {BasisPoints{acceptable}, BasisPoints{rejectable}, BasisPoints{seller},
          BasisPoints{buyer}};
}

// Pascal's triangle, so that the twin divides nothing.
std::vector<std::vector<cpp_int>> triangle(std::size_t size) {
  std::vector<std::vector<cpp_int>> rows(size + 1);
  for (std::size_t n = 0; n <= size; ++n) {
    rows[n].assign(n + 1, 1);
    for (std::size_t k = 1; k < n; ++k) rows[n][k] = rows[n - 1][k - 1] + rows[n - 1][k];
  }
  return rows;
}

class Twin {
 public:
  explicit Twin(std::size_t size) : rows_(triangle(size)) {}

  cpp_int choose(std::int64_t n, std::int64_t k) const {
    if (k < 0 || k > n) return 0;
    return rows_[static_cast<std::size_t>(n)][static_cast<std::size_t>(k)];
  }
  // Number of samples of n with at most c bad rows.
  cpp_int ways(std::int64_t lot, std::int64_t bad, std::int64_t n, std::int64_t c) const {
    cpp_int sum = 0;
    for (std::int64_t k = 0; k <= c; ++k) sum += choose(bad, k) * choose(lot - bad, n - k);
    return sum;
  }
  SpotCheckPlan plan(std::int64_t lot, SpotCheckSettings const& s) const {
    auto const few = lot * s.acceptable_rate.bp / 10'000;
    auto const many = (lot * s.rejectable_rate.bp + 9'999) / 10'000;
    for (std::int64_t n = 0; n <= lot; ++n) {
      auto const all = choose(lot, n);
      for (std::int64_t c = 0; c <= n; ++c) {
        bool const seller = ways(lot, few, n, c) * 10'000 >= all * (10'000 - s.seller_risk.bp);
        bool const buyer = ways(lot, many, n, c) * 10'000 <= all * s.buyer_risk.bp;
        if (seller && buyer) return {lot, n, c};
      }
    }
    return {lot, -1, -1};
  }

 private:
  std::vector<std::vector<cpp_int>> rows_;
};

TEST(SpotCheckPlan, GivesThePublishedPlans) {
  auto const settings = settings_of(100, 500, 500, 1000);
  struct Row {
    std::int64_t lot, sample, accept;
  };
  for (auto const& [lot, sample, accept] :
       {Row{50, 27, 0}, Row{100, 58, 1}, Row{495, 98, 2}, Row{500, 123, 3}, Row{1000, 128, 3},
        Row{5000, 131, 3}}) {
    EXPECT_EQ(plan_spot_check(lot, settings).value(), (SpotCheckPlan{lot, sample, accept}));
  }
}

TEST(SpotCheckPlan, IsTheSmallestThatKeepsBothRisksForEverySmallLot) {
  Twin const twin(120);
  for (auto const& settings :
       {settings_of(100, 500, 500, 1000), settings_of(1000, 2000, 500, 1000),
        settings_of(0, 1, 1, 1), settings_of(2500, 5000, 2500, 2500),
        settings_of(4999, 5000, 5000, 5000), settings_of(9000, 10'000, 9'999, 9'999),
        settings_of(3000, 9000, 100, 1)}) {
    for (std::int64_t lot = 1; lot <= 60; ++lot) {
      ASSERT_EQ(plan_spot_check(lot, settings).value(), twin.plan(lot, settings))
          << lot << " " << settings.acceptable_rate.bp;
    }
  }
}

TEST(SpotCheckPlan, AgreesWithTheTwinOnRandomSettings) {
  auto const seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  std::mt19937 random(seed);
  auto const below = [&](std::int32_t n) {
    return static_cast<std::int32_t>(random() % static_cast<std::uint32_t>(n));
  };
  Twin const twin(40);
  for (int i = 0; i < 1500; ++i) {
    // Round risks on small lots meet the limits exactly now and then.
    auto const step = below(2) == 0 ? 1 : 500;
    auto const risk = [&] { return std::max(1, below(9'999 / step) * step); };
    auto const acceptable = below(9'999);
    auto const rejectable = acceptable + 1 + below(10'000 - acceptable);
    auto const settings = settings_of(acceptable, rejectable, risk(), risk());
    auto const lot = 1 + below(40);
    ASSERT_EQ(plan_spot_check(lot, settings).value(), twin.plan(lot, settings))
        << "seed " << seed << " lot " << lot << " " << acceptable << "/" << rejectable << "/"
        << settings.seller_risk.bp << "/" << settings.buyer_risk.bp;
  }
}

TEST(SpotCheckPlan, ARiskMetExactlyIsKept) {
  // Two rows, one bad at the rejectable rate: one draw passes it with probability exactly 1/2.
  EXPECT_EQ(plan_spot_check(2, settings_of(0, 5000, 500, 5000)).value(), (SpotCheckPlan{2, 1, 0}));
  EXPECT_EQ(plan_spot_check(2, settings_of(0, 5000, 500, 4999)).value(), (SpotCheckPlan{2, 2, 0}));
}

TEST(SpotCheckPlan, NeighbouringRatesEndInTheFullCheck) {
  EXPECT_EQ(plan_spot_check(100, settings_of(100, 200, 1, 1)).value(),
            (SpotCheckPlan{100, 100, 1}));
  EXPECT_EQ(plan_spot_check(1, settings_of(100, 500, 500, 1000)).value(), (SpotCheckPlan{1, 1, 0}));
}

TEST(SpotCheckPlan, AnEmptyLotNeedsNoCheck) {
  EXPECT_EQ(plan_spot_check(0, SpotCheckSettings{}).value(), (SpotCheckPlan{0, 0, 0}));
}

TEST(SpotCheckPlan, TheLargestLotsTakeBoundedTime) {
  auto const started = std::chrono::steady_clock::now();
  EXPECT_EQ(plan_spot_check(kLotSizeMax, settings_of(100, 500, 500, 1000)).value(),
            (SpotCheckPlan{kLotSizeMax, 132, 3}));
  auto const near = plan_spot_check(kLotSizeMax, settings_of(5000, 5001, 1, 1)).value();
  EXPECT_GT(near.sample_size, 9'000'000);
  auto const wide = plan_spot_check(kLotSizeMax, settings_of(100, 101, 500, 1000)).value();
  EXPECT_GT(wide.sample_size, 4'000'000);
  auto const took = std::chrono::steady_clock::now() - started;
  std::cout << "near " << near.sample_size << "/" << near.acceptance_number << ", wide "
            << wide.sample_size << "/" << wide.acceptance_number << ", "
            << std::chrono::duration_cast<std::chrono::milliseconds>(took).count() << " ms\n";
  EXPECT_LT(took, std::chrono::seconds(60));  // sanitizers on a busy machine included
}

TEST(SpotCheckPlan, RefusesSettingsWithTheirCode) {
  auto const error_of = [](std::int64_t lot, SpotCheckSettings const& settings) {
    return plan_spot_check(lot, settings).error();
  };
  EXPECT_EQ(error_of(10, settings_of(500, 500, 500, 1000)), PlanError::rates_invalid);
  EXPECT_EQ(error_of(10, settings_of(600, 500, 500, 1000)), PlanError::rates_invalid);
  EXPECT_EQ(error_of(10, settings_of(-1, 500, 500, 1000)), PlanError::rates_invalid);
  EXPECT_EQ(error_of(10, settings_of(100, 10'001, 500, 1000)), PlanError::rates_invalid);
  EXPECT_EQ(error_of(10, settings_of(100, 500, 0, 1000)), PlanError::risk_invalid);
  EXPECT_EQ(error_of(10, settings_of(100, 500, 500, 10'000)), PlanError::risk_invalid);
  EXPECT_EQ(error_of(-1, SpotCheckSettings{}), PlanError::lot_size_invalid);
  EXPECT_EQ(error_of(kLotSizeMax + 1, SpotCheckSettings{}), PlanError::lot_size_invalid);
}

TEST(SpotCheckPlan, SimulatedLotsKeepBothRisks) {
  auto const plan = plan_spot_check(500, settings_of(100, 500, 500, 1000)).value();
  std::mt19937_64 random(20'260'101);  // fixed: the bounds below are statistical
  auto const pass_share = [&](int bad_rows) {
    constexpr int kRuns = 20'000;
    int passed = 0;
    for (int run = 0; run < kRuns; ++run) {
      int bad_left = bad_rows;
      int bad_seen = 0;
      for (std::int64_t drawn = 0; drawn < plan.sample_size; ++drawn) {
        auto const left = static_cast<std::uint64_t>(plan.lot_size - drawn);
        if (random() % left < static_cast<std::uint64_t>(bad_left)) {
          --bad_left;
          ++bad_seen;
        }
      }
      passed += bad_seen <= plan.acceptance_number ? 1 : 0;
    }
    return passed * 10'000 / kRuns;
  };
  EXPECT_GE(pass_share(5), 9'500 - 50);
  EXPECT_LE(pass_share(25), 1'000 + 70);
  EXPECT_GE(pass_share(25), 500);  // and the sample is not larger than it need be
}

TEST(Hypergeometric, WideAndIntegerJudgesAgreeWithTheTwin) {
  Twin const twin(24);
  for (std::int64_t lot = 1; lot <= 24; lot += 3) {
    for (std::int64_t bad = 0; bad <= lot; ++bad) {
      for (std::int64_t n = 0; n <= lot; ++n) {
        for (std::int64_t c = 0; c <= n; ++c) {
          for (auto const limit : {1, 500, 2500, 5000, 9'500, 10'000}) {
            cpp_int const difference =
                twin.ways(lot, bad, n, c) * 10'000 - twin.choose(lot, n) * limit;
            auto const side =
                difference == 0 ? Side::at : (difference < 0 ? Side::below : Side::above);
            ASSERT_EQ(compare_exactly(lot, bad, n, c, BasisPoints{limit}), side);
            ASSERT_EQ(compare_in_integers(lot, bad, n, c, BasisPoints{limit}), side);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace leadex::quality
