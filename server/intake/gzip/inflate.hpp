#pragma once
// Unpacks gzip (RFC 1952) as the bytes arrive, in bounded memory, with guards against bombs, cut
// streams and anything behind the last member. One thread per inflater.

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "billing/values/result.hpp"

namespace leadex::intake {

struct GzipLimits {
  std::uint64_t unpacked_bytes = 4ULL << 30U;
  /// Past `ratio_grace_bytes` the output may be at most `ratio` times the input. Deflate can do
  /// 1032; real tables seldom pass 50.
  std::uint64_t ratio = 300;
  std::uint64_t ratio_grace_bytes = 8ULL << 20U;
};

enum class GzipError : std::uint8_t {
  not_gzip,          // does not start as gzip does, or is empty
  corrupt,           // bad block, checksum or length
  truncated,         // ends inside a member
  trailing_garbage,  // bytes behind the last member that start no other
  too_large,         // unpacked beyond the limit
  ratio_too_high,
};

[[nodiscard]] std::string_view to_string(GzipError error);

class GzipInflater {
 public:
  /// Takes unpacked bytes, at most 64 KiB at once, valid until it returns; false stops unpacking
  /// (feed() then returns without error and unpacks no more).
  using Sink = std::function<bool(std::string_view)>;

  explicit GzipInflater(Sink sink, GzipLimits limits = {});
  ~GzipInflater();
  GzipInflater(GzipInflater const&) = delete;
  GzipInflater& operator=(GzipInflater const&) = delete;

  /// Unpacks more bytes. After an error it takes no more and repeats the error.
  /// The sink never sees a byte beyond the limits.
  [[nodiscard]] Result<void, GzipError> feed(std::string_view bytes);
  /// The stream ends here. @errors  truncated, not_gzip.
  [[nodiscard]] Result<void, GzipError> finish();

  [[nodiscard]] std::uint64_t packed_bytes() const;
  [[nodiscard]] std::uint64_t unpacked_bytes() const;

 private:
  struct Stream;  // keeps zlib's header out of ours
  std::unique_ptr<Stream> stream_;
};

}  // namespace leadex::intake
