#include "server/intake/zstd/unzstd.hpp"

#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <array>
#include <new>
#include <optional>
#include <vector>

#include "billing/values/check.hpp"

namespace leadex::intake {
namespace {

// The first four bytes of a frame, little endian. Frames of the formats before 0.8 have others, and
// the library may still read those: they are refused here, before it sees them.
constexpr std::uint32_t kFrameMagic = 0xFD2FB528U;
constexpr std::uint32_t kSkippableMagic = 0x184D2A50U;
constexpr std::uint32_t kSkippableMask = 0xFFFFFFF0U;
constexpr std::size_t kMagicBytes = 4;

}  // namespace

struct ZstdReader::Stream {
  Stream(Sink given_sink, ZstdLimits given_limits)
      : sink{std::move(given_sink)}, limits{given_limits}, output(ZSTD_DStreamOutSize()) {
    if (context == nullptr) throw std::bad_alloc{};
    auto const set = ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, kZstdWindowLog);
    LEADEX_CHECK(ZSTD_isError(set) == 0);
  }
  ~Stream() { ZSTD_freeDCtx(context); }
  Stream(Stream const&) = delete;
  Stream& operator=(Stream const&) = delete;

  /// Takes bytes of a frame's first four; once they are known to be right, they are unpacked.
  void open_frame(std::string_view& bytes) {
    while (magic_bytes < kMagicBytes && !bytes.empty()) {
      magic.at(magic_bytes++) = bytes.front();
      bytes.remove_prefix(1);
      if (!may_be_magic()) {
        error = frames == 0 ? ZstdError::not_zstd : ZstdError::trailing_garbage;
        return;
      }
    }
    if (magic_bytes < kMagicBytes) return;
    in_frame = true;
    std::string_view first{magic.data(), kMagicBytes};
    unpack(first);
  }

  /// Whether what has come of the four bytes is how a frame or one to skip begins.
  [[nodiscard]] bool may_be_magic() const {
    std::uint32_t value = 0;
    std::uint32_t known = 0;
    for (std::size_t i = 0; i < magic_bytes; ++i) {
      auto const shift = static_cast<std::uint32_t>(8 * i);
      value |= static_cast<std::uint32_t>(static_cast<unsigned char>(magic.at(i))) << shift;
      known |= 0xFFU << shift;
    }
    return value == (kFrameMagic & known) ||
           (value & kSkippableMask) == (kSkippableMagic & kSkippableMask & known);
  }

  /// Unpacks up to the end of the frame; `bytes` keeps what is behind it.
  void unpack(std::string_view& bytes) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    for (bool output_full = false; (in.pos < in.size || output_full) && in_frame;) {
      ZSTD_outBuffer out{output.data(), output.size(), 0};
      auto const before = in.pos;
      auto const left = ZSTD_decompressStream(context, &out, &in);
      packed += in.pos - before;
      output_full = out.pos == out.size;
      hand_out(out.pos);
      if (error || stopped) break;
      if (ZSTD_isError(left) != 0) {
        error = error_of(left);
        break;
      }
      if (left == 0) {
        ++frames;
        in_frame = false;
        magic_bytes = 0;
      }
    }
    bytes.remove_prefix(in.pos);
  }

  [[nodiscard]] static ZstdError error_of(std::size_t code) {
    switch (ZSTD_getErrorCode(code)) {
      case ZSTD_error_frameParameter_windowTooLarge:
        return ZstdError::window_too_large;
      case ZSTD_error_memory_allocation:
        throw std::bad_alloc{};
      default:
        return ZstdError::corrupt;
    }
  }

  void hand_out(std::size_t made) {
    if (made == 0) return;
    unpacked += made;
    if (unpacked > limits.unpacked_bytes) {
      error = ZstdError::too_large;
    } else if (unpacked > limits.ratio_grace_bytes && unpacked / limits.ratio > packed) {
      error = ZstdError::ratio_too_high;
    } else {
      stopped = !sink({output.data(), made});
    }
  }

  Sink sink;
  ZstdLimits limits;
  std::vector<char> output;
  ZSTD_DCtx* context{ZSTD_createDCtx()};
  std::array<char, kMagicBytes> magic{};
  std::size_t magic_bytes{};
  bool in_frame{};
  std::uint64_t packed{};
  std::uint64_t unpacked{};
  std::uint64_t frames{};
  std::optional<ZstdError> error;
  bool stopped{};
};

std::string_view to_string(ZstdError error) {
  switch (error) {
    case ZstdError::not_zstd:
      return "not_zstd";
    case ZstdError::corrupt:
      return "corrupt";
    case ZstdError::truncated:
      return "truncated";
    case ZstdError::trailing_garbage:
      return "trailing_garbage";
    case ZstdError::window_too_large:
      return "window_too_large";
    case ZstdError::too_large:
      return "too_large";
    case ZstdError::ratio_too_high:
      break;
  }
  return "ratio_too_high";
}

ZstdReader::ZstdReader(Sink sink, ZstdLimits limits)
    : stream_{std::make_unique<Stream>(std::move(sink), limits)} {}
ZstdReader::~ZstdReader() = default;

Result<void, ZstdError> ZstdReader::feed(std::string_view bytes) {
  while (!bytes.empty() && !stream_->error && !stream_->stopped) {
    if (stream_->in_frame) {
      stream_->unpack(bytes);
    } else {
      stream_->open_frame(bytes);
    }
  }
  if (stream_->error) return refuse(*stream_->error);
  return {};
}

Result<void, ZstdError> ZstdReader::finish() {
  if (!stream_->error && !stream_->stopped) {
    if (stream_->in_frame || stream_->magic_bytes > 0) {
      stream_->error = ZstdError::truncated;
    } else if (stream_->frames == 0) {
      stream_->error = ZstdError::not_zstd;
    }
  }
  if (stream_->error) return refuse(*stream_->error);
  return {};
}

}  // namespace leadex::intake
