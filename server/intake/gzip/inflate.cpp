#include "server/intake/gzip/inflate.hpp"

#define ZLIB_CONST
#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>
#include <optional>

#include "billing/values/check.hpp"

namespace leadex::intake {
namespace {

constexpr std::size_t kOutputBytes = 64ULL * 1024U;
constexpr std::size_t kInputBytes = 1U << 20U;  // zlib counts in 32 bits
constexpr int kGzipOnly = 16 + MAX_WBITS;

}  // namespace

struct GzipInflater::Stream {
  Stream(Sink given_sink, GzipLimits given_limits)
      : sink{std::move(given_sink)}, limits{given_limits} {
    if (inflateInit2(&z, kGzipOnly) != Z_OK) throw std::bad_alloc{};
    open_member();
  }
  ~Stream() { inflateEnd(&z); }
  Stream(Stream const&) = delete;
  Stream& operator=(Stream const&) = delete;

  void open_member() {
    header = {};
    inflateGetHeader(&z, &header);
    member_bytes = 0;
  }

  /// What broken data at this place means.
  [[nodiscard]] GzipError data_error() const {
    if (header.done == 1) return GzipError::corrupt;
    return members == 0 ? GzipError::not_gzip : GzipError::trailing_garbage;
  }

  void unpack(std::string_view bytes) {
    z.next_in = reinterpret_cast<Bytef const*>(bytes.data());
    z.avail_in = static_cast<uInt>(bytes.size());
    bool output_full = false;
    while ((z.avail_in > 0 || output_full) && !error && !stopped) {
      z.next_out = output.data();
      z.avail_out = kOutputBytes;
      uInt const in_before = z.avail_in;
      int const status = inflate(&z, Z_NO_FLUSH);
      packed += in_before - z.avail_in;
      member_bytes += in_before - z.avail_in;
      std::size_t const made = kOutputBytes - z.avail_out;
      output_full = z.avail_out == 0;
      hand_out(made);
      if (error || stopped) return;
      if (status == Z_STREAM_END) {
        ++members;
        output_full = false;
        LEADEX_CHECK(inflateReset(&z) == Z_OK);
        open_member();
      } else if (status == Z_MEM_ERROR) {
        throw std::bad_alloc{};
      } else if (status != Z_OK && status != Z_BUF_ERROR) {
        error = data_error();
      } else if (status == Z_BUF_ERROR && made == 0 && in_before == z.avail_in) {
        return;  // wants more input
      }
    }
  }

  void hand_out(std::size_t made) {
    if (made == 0) return;
    unpacked += made;
    if (unpacked > limits.unpacked_bytes) {
      error = GzipError::too_large;
    } else if (unpacked > limits.ratio_grace_bytes && unpacked / limits.ratio > packed) {
      error = GzipError::ratio_too_high;
    } else {
      stopped = !sink({reinterpret_cast<char const*>(output.data()), made});
    }
  }

  Sink sink;
  GzipLimits limits;
  z_stream z{};
  gz_header header{};
  std::array<Bytef, kOutputBytes> output{};
  std::uint64_t packed = 0;
  std::uint64_t unpacked = 0;
  std::uint64_t members = 0;
  std::uint64_t member_bytes = 0;
  std::optional<GzipError> error;
  bool stopped = false;
};

std::string_view to_string(GzipError error) {
  switch (error) {
    case GzipError::not_gzip:
      return "not_gzip";
    case GzipError::corrupt:
      return "corrupt";
    case GzipError::truncated:
      return "truncated";
    case GzipError::trailing_garbage:
      return "trailing_garbage";
    case GzipError::too_large:
      return "too_large";
    case GzipError::ratio_too_high:
      break;
  }
  return "ratio_too_high";
}

GzipInflater::GzipInflater(Sink sink, GzipLimits limits)
    : stream_{std::make_unique<Stream>(std::move(sink), limits)} {}
GzipInflater::~GzipInflater() = default;

Result<void, GzipError> GzipInflater::feed(std::string_view bytes) {
  while (!bytes.empty() && !stream_->error && !stream_->stopped) {
    std::size_t const piece = std::min(bytes.size(), kInputBytes);
    stream_->unpack(bytes.substr(0, piece));
    bytes.remove_prefix(piece);
  }
  if (stream_->error) return refuse(*stream_->error);
  return {};
}

Result<void, GzipError> GzipInflater::finish() {
  if (!stream_->error && !stream_->stopped) {
    if (stream_->member_bytes > 0) {
      stream_->error = GzipError::truncated;
    } else if (stream_->members == 0) {
      stream_->error = GzipError::not_gzip;
    }
  }
  if (stream_->error) return refuse(*stream_->error);
  return {};
}

std::uint64_t GzipInflater::packed_bytes() const { return stream_->packed; }
std::uint64_t GzipInflater::unpacked_bytes() const { return stream_->unpacked; }

}  // namespace leadex::intake
