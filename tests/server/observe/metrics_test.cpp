#include "server/observe/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace leadex {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

TEST(Metrics, TheBuildIsNamed) {
  Metrics const metrics{"0.1.0", "abc123"};
  auto const text = metrics.text();
  EXPECT_THAT(text, HasSubstr("# TYPE leadex_build_info gauge"));
  EXPECT_THAT(text, HasSubstr("leadex_build_info{commit=\"abc123\",version=\"0.1.0\"} 1"));
}

TEST(Metrics, RequestsAreCountedByRouteMethodAndStatus) {
  Metrics metrics{"0", "0"};
  auto& route = metrics.route("/v1/leads", "POST");
  route.observe(201, 3ms);
  route.observe(201, 30ms);
  route.observe(503, 1s);
  auto const text = metrics.text();
  std::string const series = "leadex_http_server_request_duration_seconds";
  EXPECT_THAT(text,
              HasSubstr(series + "_count{method=\"POST\",route=\"/v1/leads\",status=\"201\"} 2"));
  EXPECT_THAT(text,
              HasSubstr(series + "_count{method=\"POST\",route=\"/v1/leads\",status=\"503\"} 1"));
  EXPECT_THAT(text,
              HasSubstr(series + "_bucket{method=\"POST\",route=\"/v1/leads\",status=\"201\"," +
                        "le=\"0.005\"} 1"));
  EXPECT_THAT(text, Not(HasSubstr("status=\"200\"")));
}

TEST(Metrics, AStatusOutsideHttpIsCountedAsOneSeries) {
  Metrics metrics{"0", "0"};
  auto& route = metrics.route("/", "GET");
  for (int const status : {-1, 0, 99, 600, 1'000'000}) route.observe(status, 1ms);
  EXPECT_THAT(metrics.text(), HasSubstr("status=\"599\"} 5"));
}

TEST(Metrics, TheSameNameGivesTheSameSeries) {
  Metrics metrics{"0", "0"};
  EXPECT_EQ(&metrics.route("/v1/leads", "POST"), &metrics.route("/v1/leads", "POST"));
  EXPECT_NE(&metrics.route("/v1/leads", "POST"), &metrics.route("/v1/leads", "GET"));
  EXPECT_EQ(&metrics.leads("m", "sold"), &metrics.leads("m", "sold"));
  EXPECT_EQ(&metrics.market("m").sales, &metrics.market("m").sales);
  EXPECT_EQ(&metrics.job("settlement").runs, &metrics.job("settlement").runs);
}

TEST(Metrics, MarketsAndJobsHaveTheirSeries) {
  Metrics metrics{"0", "0"};
  auto const market = metrics.market("auto-insurance.us.usd");
  market.batch_size.Observe(64);
  market.commit_seconds.Observe(0.003);
  market.sales.Increment();
  metrics.leads("auto-insurance.us.usd", "accepted").Increment(7);
  metrics.job("settlement").runs.Increment();
  metrics.ledger_imbalance().Increment();
  auto const text = metrics.text();
  EXPECT_THAT(text, HasSubstr("leadex_market_batch_size_sum{market=\"auto-insurance.us.usd\"} 64"));
  EXPECT_THAT(text,
              HasSubstr("leadex_market_commit_seconds_count{market=\"auto-insurance.us.usd\"} 1"));
  EXPECT_THAT(text, HasSubstr("leadex_sales_total{market=\"auto-insurance.us.usd\"} 1"));
  EXPECT_THAT(
      text,
      HasSubstr("leadex_leads_total{market=\"auto-insurance.us.usd\",outcome=\"accepted\"} 7"));
  EXPECT_THAT(text, HasSubstr("leadex_jobs_runs_total{job=\"settlement\"} 1"));
  EXPECT_THAT(text, HasSubstr("leadex_ledger_imbalance_total 1"));
}

TEST(Metrics, ThreadsMeetingAtANewStatusLoseNothing) {
  Metrics metrics{"0", "0"};
  auto& route = metrics.route("/", "GET");
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&route] {
      for (int i = 0; i < 1000; ++i) route.observe(200 + i % 10, 1ms);
    });
  }
  threads.clear();
  EXPECT_THAT(metrics.text(), HasSubstr("status=\"209\"} 400"));
}

}  // namespace
}  // namespace leadex
