#pragma once
// Metrics: the named counters, gauges and histograms of the process, made once and kept by
// reference, so hot paths look nothing up; any thread may change them. Labels are market
// names, routes and outcomes: a fixed, small set, never an id or anything of a person.

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace leadex {

/// Duration histogram of one (route, method), with one series per status seen.
class RouteMetrics {
 public:
  using Family = prometheus::Family<prometheus::Histogram>;
  RouteMetrics(Family& family, std::string route, std::string method);

  /// @param status  HTTP status; one outside 100 … 599 is counted as 599
  void observe(int status, std::chrono::nanoseconds duration);

 private:
  static constexpr int kStatusMin = 100;
  static constexpr int kStatusMax = 599;
  Family& family_;
  std::string route_;
  std::string method_;
  std::array<std::atomic<prometheus::Histogram*>, kStatusMax - kStatusMin + 1> by_status_{};
};

/// The series of one market's writer.
struct MarketMetrics {
  prometheus::Histogram& batch_size;        ///< decisions in a commit
  prometheus::Histogram& commit_seconds;    ///< body sent until COMMIT acknowledged
  prometheus::Gauge& queue_length;          ///< commands waiting
  prometheus::Counter& refused_full;        ///< commands refused because the queue was full
  prometheus::Counter& sales;               ///< awards committed
  prometheus::Gauge& clearing_age_seconds;  ///< of the oldest open intent
};

/// The series of one kind of background job.
struct JobMetrics {
  prometheus::Counter& runs;
  prometheus::Counter& failures;
  prometheus::Counter& items;
  prometheus::Histogram& duration_seconds;
};

class Metrics {
 public:
  /// Sets `leadex_build_info{version,commit}` to 1.
  Metrics(std::string_view version, std::string_view commit);

  /// `leadex_http_server_request_duration_seconds{route,method,status}`. Once per route when the
  /// router is built; the object lives as long as Metrics.
  [[nodiscard]] RouteMetrics& route(std::string_view route, std::string_view method);

  /// Once per market when its actor starts; the same market gets the same series.
  [[nodiscard]] MarketMetrics market(std::string_view market);

  /// `leadex_leads_total{market,outcome}`; keep the reference.
  [[nodiscard]] prometheus::Counter& leads(std::string_view market, std::string_view outcome);

  /// `leadex_jobs_…{job}`; once per job.
  [[nodiscard]] JobMetrics job(std::string_view job);

  /// `leadex_deliveries_total{kind,outcome}`; keep the reference.
  [[nodiscard]] prometheus::Counter& deliveries(std::string_view kind, std::string_view outcome);

  [[nodiscard]] prometheus::Gauge& http_connections() { return http_connections_; }
  [[nodiscard]] prometheus::Counter& ledger_imbalance() { return ledger_imbalance_; }
  [[nodiscard]] prometheus::Gauge& log_lines_dropped() { return log_lines_dropped_; }

  /// All series in the Prometheus text format 0.0.4, as /metrics answers. Blocks for its length.
  [[nodiscard]] std::string text() const;

 private:
  using Counters = prometheus::Family<prometheus::Counter>;
  using Gauges = prometheus::Family<prometheus::Gauge>;
  using Histograms = prometheus::Family<prometheus::Histogram>;

  prometheus::Registry registry_;
  Histograms& http_seconds_;
  Histograms& batch_size_;
  Histograms& commit_seconds_;
  Gauges& queue_length_;
  Counters& refused_full_;
  Counters& sales_;
  Gauges& clearing_age_;
  Counters& leads_;
  Counters& job_runs_;
  Counters& job_failures_;
  Counters& job_items_;
  Histograms& job_seconds_;
  Counters& deliveries_;
  prometheus::Gauge& http_connections_;
  prometheus::Counter& ledger_imbalance_;
  prometheus::Gauge& log_lines_dropped_;
  std::mutex routes_mutex_;
  std::map<std::pair<std::string, std::string>, RouteMetrics> routes_;
};

}  // namespace leadex
