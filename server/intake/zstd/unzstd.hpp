#pragma once
// Unpacks zstd (RFC 8878) as the bytes arrive, in bounded memory, with guards against bombs, wide
// windows, cut streams and anything behind the last frame. One thread per reader.

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "billing/values/result.hpp"

namespace leadex::intake {

/// Frames that want a wider window are refused: 8 MiB is what `zstd -19` makes.
inline constexpr int kZstdWindowLog = 23;

struct ZstdLimits {
  std::uint64_t unpacked_bytes = 4ULL << 30U;
  /// Past `ratio_grace_bytes` the output may be at most `ratio` times the input.
  std::uint64_t ratio = 300;
  std::uint64_t ratio_grace_bytes = 8ULL << 20U;
};

enum class ZstdError : std::uint8_t {
  not_zstd,          // does not start as a frame does, or is empty; old formats too
  corrupt,           // bad block, checksum or length, or a dictionary that nobody has
  truncated,         // ends inside a frame
  trailing_garbage,  // bytes behind the last frame that start no other
  window_too_large,  // more than kZstdWindowLog
  too_large,         // unpacked beyond the limit
  ratio_too_high,
};

[[nodiscard]] std::string_view to_string(ZstdError error);

/// Frames may follow one another; skippable frames are skipped.
class ZstdReader {
 public:
  /// Takes unpacked bytes, at most 128 KiB at once, valid until it returns; false stops unpacking
  /// (feed() then returns without error and unpacks no more).
  using Sink = std::function<bool(std::string_view)>;

  explicit ZstdReader(Sink sink, ZstdLimits limits = {});
  ~ZstdReader();
  ZstdReader(ZstdReader const&) = delete;
  ZstdReader& operator=(ZstdReader const&) = delete;

  /// Unpacks more bytes. After an error it takes no more and repeats the error.
  /// The sink never sees a byte beyond the limits.
  [[nodiscard]] Result<void, ZstdError> feed(std::string_view bytes);
  /// The stream ends here. @errors  truncated, not_zstd.
  [[nodiscard]] Result<void, ZstdError> finish();

 private:
  struct Stream;  // keeps zstd's header out of ours
  std::unique_ptr<Stream> stream_;
};

}  // namespace leadex::intake
