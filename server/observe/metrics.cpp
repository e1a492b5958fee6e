#include "server/observe/metrics.hpp"

#include <prometheus/text_serializer.h>

#include <sstream>

namespace leadex {

namespace {

using Buckets = prometheus::Histogram::BucketBoundaries;

// The HTTP buckets of the OpenTelemetry conventions, in seconds.
Buckets http_buckets() {
  return {0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10};
}
Buckets commit_buckets() {
  return {0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1, 5};
}
Buckets batch_buckets() { return {1, 2, 4, 8, 16, 32, 64, 96, 128}; }
Buckets job_buckets() { return {0.01, 0.1, 0.5, 1, 5, 30, 120, 600}; }

double seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>{duration}.count();
}

prometheus::Family<prometheus::Counter>& counters(prometheus::Registry& registry, char const* name,
                                                  char const* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}
prometheus::Family<prometheus::Gauge>& gauges(prometheus::Registry& registry, char const* name,
                                              char const* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}
prometheus::Family<prometheus::Histogram>& histograms(prometheus::Registry& registry,
                                                      char const* name, char const* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

}  // namespace

RouteMetrics::RouteMetrics(Family& family, std::string route, std::string method)
    : family_{family}, route_{std::move(route)}, method_{std::move(method)} {}

void RouteMetrics::observe(int status, std::chrono::nanoseconds duration) {
  if (status < kStatusMin || status > kStatusMax) status = kStatusMax;
  auto& slot = by_status_.at(static_cast<std::size_t>(status - kStatusMin));
  auto* series = slot.load(std::memory_order_acquire);
  if (series == nullptr) {  // two threads may both come here: the family gives them the same series
    series =
        &family_.Add({{"route", route_}, {"method", method_}, {"status", std::to_string(status)}},
                     http_buckets());
    slot.store(series, std::memory_order_release);
  }
  series->Observe(seconds(duration));
}

Metrics::Metrics(std::string_view version, std::string_view commit)
    : http_seconds_{histograms(registry_, "leadex_http_server_request_duration_seconds",
                               "Time from a request's first byte to its answer's last.")},
      batch_size_{histograms(registry_, "leadex_market_batch_size",
                             "Decisions in one commit of a market.")},
      commit_seconds_{histograms(registry_, "leadex_market_commit_seconds",
                                 "Time from sending a batch to its acknowledged commit.")},
      queue_length_{gauges(registry_, "leadex_market_queue_length",
                           "Commands waiting for a market's writer.")},
      refused_full_{counters(registry_, "leadex_market_refused_full_total",
                             "Commands refused because the market's queue was full.")},
      sales_{counters(registry_, "leadex_sales_total", "Awards committed.")},
      clearing_age_{gauges(registry_, "leadex_clearing_age_seconds",
                           "Age of the oldest money between the platform and a market.")},
      leads_{counters(registry_, "leadex_leads_total", "Leads by what became of them at intake.")},
      job_runs_{counters(registry_, "leadex_jobs_runs_total", "Runs of a background job.")},
      job_failures_{counters(registry_, "leadex_jobs_failures_total", "Runs that failed.")},
      job_items_{counters(registry_, "leadex_jobs_items_total", "Items a job has worked on.")},
      job_seconds_{histograms(registry_, "leadex_jobs_duration_seconds", "Time a run took.")},
      deliveries_{counters(registry_, "leadex_deliveries_total",
                           "Outgoing deliveries by kind and outcome.")},
      http_connections_{gauges(registry_, "leadex_http_connections", "Open connections.").Add({})},
      ledger_imbalance_{counters(registry_, "leadex_ledger_imbalance_total",
                                 "Times a ledger check found books that do not balance.")
                            .Add({})},
      log_lines_dropped_{gauges(registry_, "leadex_log_lines_dropped",
                                "Log lines dropped since the start because the queue was full.")
                             .Add({})} {
  gauges(registry_, "leadex_build_info", "Always 1; the labels name the running build.")
      .Add({{"version", std::string{version}}, {"commit", std::string{commit}}})
      .Set(1);
}

RouteMetrics& Metrics::route(std::string_view route, std::string_view method) {
  std::lock_guard const lock{routes_mutex_};
  std::pair key{std::string{route}, std::string{method}};
  return routes_.try_emplace(key, http_seconds_, key.first, key.second).first->second;
}

MarketMetrics Metrics::market(std::string_view market) {
  prometheus::Labels const labels{{"market", std::string{market}}};
  return {batch_size_.Add(labels, batch_buckets()),
          commit_seconds_.Add(labels, commit_buckets()),
          queue_length_.Add(labels),
          refused_full_.Add(labels),
          sales_.Add(labels),
          clearing_age_.Add(labels)};
}

prometheus::Counter& Metrics::leads(std::string_view market, std::string_view outcome) {
  return leads_.Add({{"market", std::string{market}}, {"outcome", std::string{outcome}}});
}

JobMetrics Metrics::job(std::string_view job) {
  prometheus::Labels const labels{{"job", std::string{job}}};
  return {job_runs_.Add(labels), job_failures_.Add(labels), job_items_.Add(labels),
          job_seconds_.Add(labels, job_buckets())};
}

prometheus::Counter& Metrics::deliveries(std::string_view kind, std::string_view outcome) {
  return deliveries_.Add({{"kind", std::string{kind}}, {"outcome", std::string{outcome}}});
}

std::string Metrics::text() const {
  std::ostringstream out;
  prometheus::TextSerializer{}.Serialize(out, registry_.Collect());
  return std::move(out).str();
}

}  // namespace leadex
