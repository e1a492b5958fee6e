#pragma once
// ApiClient: a blocking keep-alive HTTPS client for our own API: the command line, the demo, the
// end-to-end tests. Trusts its caller (no rules on targets). One object belongs to one thread.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "billing/values/result.hpp"
#include "server/http/headers.hpp"

namespace leadex::http {

enum class ApiError {
  url_malformed,  ///< base_url is not https://host[:port]
  ca_unreadable,
  connect_failed,
  tls_failed,
  closed,  ///< the connection ended before the answer was complete
  timeout,
  answer_malformed,
  answer_too_large,
  source_failed,      ///< the upload's own callback gave up
  request_malformed,  ///< our own request: method, target or a header
};
[[nodiscard]] std::string_view to_string(ApiError error);

struct ApiClientOptions {
  std::string base_url;  ///< https://127.0.0.1:8443
  std::string ca_file;   ///< PEM; empty: the system's authorities
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds timeout{60'000};  ///< for each read or write, not for a whole upload
  std::size_t answer_bytes_max = 64 * 1024 * 1024;
};

struct ApiResponse {
  int status = 0;
  Headers headers;  ///< names in lower case
  std::string body;
};

/// Fills the span and returns the bytes written there; 0 is the end, none gives up.
using UploadSource = std::function<std::optional<std::size_t>(std::span<char>)>;

/// What to do when a kept-alive connection turns out closed before one byte of the answer came.
/// The request may or may not have been carried out: `resend` is for idempotent ones only (GET,
/// or a POST with an Idempotency-Key).
enum class OnClosed { fail, resend };

class ApiClient {
 public:
  explicit ApiClient(ApiClientOptions options);
  ~ApiClient();
  ApiClient(ApiClient&&) noexcept;
  ApiClient& operator=(ApiClient&&) noexcept;

  /// One request with a body in memory (may be empty).
  [[nodiscard]] Result<ApiResponse, ApiError> call(std::string_view method, std::string_view target,
                                                   Headers const& headers = {},
                                                   std::string_view body = {},
                                                   OnClosed on_closed = OnClosed::fail);

  /// Streams a body from `source` with bounded memory, chunked, or with `length` when known. An
  /// answer that comes before the end stops the upload and is returned.
  [[nodiscard]] Result<ApiResponse, ApiError> upload(
      std::string_view method, std::string_view target, Headers const& headers,
      UploadSource const& source, std::optional<std::uint64_t> length = std::nullopt);

  /// Drops the kept-alive connection; the next call connects anew.
  void disconnect();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace leadex::http
