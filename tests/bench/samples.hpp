#pragma once
// Samples: how long one kind of work took each time, in µs, printed as percentiles. One thread.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tests/bench/figures.hpp"

namespace leadex::bench {

/// Changes take no longer than it takes to read the processor's clock, so the wall clock times
/// them; their maximum, as searches, is in processor time of this thread, whoever else is busy.
class Samples {
 public:
  explicit Samples(std::string name) : name_(std::move(name)) {}
  template <class Work>
  void time_change(Work work) {
    auto const before = thread_cpu_seconds();
    auto const began = Clock::now();
    work();
    auto const wall = seconds_since(began);
    max_ = std::max(max_, (thread_cpu_seconds() - before) * 1e6);
    us_.push_back(wall * 1e6);
  }
  /// @return µs of this one
  template <class Work>
  double time_search(Work work) {
    auto const before = thread_cpu_seconds();
    work();
    auto const us = (thread_cpu_seconds() - before) * 1e6;
    add(us);
    return us;
  }
  void add(double us) {
    us_.push_back(us);
    max_ = std::max(max_, us);
  }
  void print(bool with_max = false) {
    if (us_.empty()) return;
    print_figure(name_ + ", p50", "µs", percentile(us_, 0.5));
    print_figure(name_ + ", p99", "µs", percentile(us_, 0.99));
    if (with_max) print_figure(name_ + ", max", "µs", max_);
  }

 private:
  std::string name_;
  std::vector<double> us_;
  double max_{};
};

}  // namespace leadex::bench
