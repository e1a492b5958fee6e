#pragma once
// UploadSource: where the bytes of an upload come from; the API puts a request's body behind it.
// Nothing is read before somebody asks, so back-pressure reaches the sender. One reader.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <span>

#include "billing/values/result.hpp"

namespace leadex::intake {

enum class SourceFault : std::uint8_t { too_large, too_slow, disconnected, malformed };

class UploadSource {
 public:
  virtual ~UploadSource() = default;
  /// At least one byte into `into` (not empty), or 0 at the end.
  [[nodiscard]] virtual boost::asio::awaitable<Result<std::size_t, SourceFault>> read_some(
      std::span<char> into) = 0;
};

}  // namespace leadex::intake
