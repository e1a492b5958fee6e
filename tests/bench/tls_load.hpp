#pragma once
// TlsLoad: many keep-alive TLS 1.3 connections to a server on loopback, each with one request on
// its way, driven by as few threads as keep them busy: the client must cost less than what it
// measures.

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace leadex::bench {

struct LoadOptions {
  std::uint16_t port{};
  std::string ca_file;  // PEM; the server's certificate must be good for 127.0.0.1
  std::size_t connections = 64;
  std::size_t threads = 1;
};

struct LoadResult {
  double seconds{};
  std::vector<double> latencies_ms;  // one per answer
  std::size_t refused{};             // answers that `accept` did not like
  std::string first_refused;         // status and body of the first of these
  [[nodiscard]] double rate() const { return static_cast<double>(latencies_ms.size()) / seconds; }
};

/// The next request's bytes, or nothing when there is none; called on all threads at once. The
/// bytes live until the answer has come.
using NextRequest = std::function<std::string_view()>;
/// Whether the answer is what was wanted; called on all threads at once.
using Accept = std::function<bool(int status, std::string_view body)>;

/// As run_load, but each request is due at an instant of its own, `per_second` of them a second,
/// however slow the answers are; latencies count from there. One thread.
[[nodiscard]] LoadResult run_open_load(LoadOptions const& options, double per_second,
                                       NextRequest const& next, Accept const& accept);

/// Connects, then sends until there is nothing more. Ends the program when a connection breaks: a
/// figure with lost answers says nothing.
[[nodiscard]] LoadResult run_load(LoadOptions const& options, NextRequest const& next,
                                  Accept const& accept);

}  // namespace leadex::bench
