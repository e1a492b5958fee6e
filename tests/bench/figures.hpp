#pragma once
// Figures of benchmark programs: medians, percentiles, and the lines that deploy/bench collects
// from the rounds of a run. One thread.

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace leadex::bench {

using Clock = std::chrono::steady_clock;

[[nodiscard]] inline double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

/// Seconds of processor that this thread has used: what a single thread costs, whoever else is
/// busy.
[[nodiscard]] inline double thread_cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// The value below which `share` (0 … 1) of the samples lie; sorts them. 0 when there are none.
template <class T>
[[nodiscard]] T percentile(std::vector<T>& samples, double share) {
  if (samples.empty()) return T{};
  std::sort(samples.begin(), samples.end());
  auto const last = samples.size() - 1;
  return samples[std::min(last, static_cast<std::size_t>(share * static_cast<double>(last) + 0.5))];
}

template <class T>
[[nodiscard]] T median(std::vector<T> samples) {
  return percentile(samples, 0.5);
}

/// One line "figure<TAB>NAME<TAB>UNIT<TAB>VALUE" on standard output. Everything else that a program
/// says goes to standard error. Ratios have the unit "×".
inline void print_figure(std::string_view name, std::string_view unit, double value) {
  std::printf("figure\t%.*s\t%.*s\t%.6g\n", static_cast<int>(name.size()), name.data(),
              static_cast<int>(unit.size()), unit.data(), value);
  std::fflush(stdout);
}

/// A count as "--NAME=VALUE" among the arguments, or `standard`. Ends the program on nonsense.
[[nodiscard]] inline std::int64_t count_option(std::span<char* const> arguments,
                                               std::string_view name, std::int64_t standard) {
  auto const prefix = "--" + std::string{name} + "=";
  for (std::string_view const argument : arguments) {
    if (!argument.starts_with(prefix)) continue;
    auto const text = std::string{argument.substr(prefix.size())};
    char* end = nullptr;
    auto const value = std::strtoll(text.c_str(), &end, 10);
    if (text.empty() || *end != '\0' || value <= 0) {
      std::fprintf(stderr, "%s wants a positive number\n", prefix.c_str());
      std::exit(2);  // NOLINT(concurrency-mt-unsafe): before any thread
    }
    return value;
  }
  return standard;
}

}  // namespace leadex::bench
