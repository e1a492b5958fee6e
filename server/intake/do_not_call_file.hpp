#pragma once
// DoNotCallFile: reads a do-not-call list as it streams: one phone a line, in E.164 with + or as
// the SHA-256 of that in 64 hexadecimal digits. Memory is a line and what was not taken yet. One
// thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/privacy/key_ring.hpp"

namespace leadex::intake {

class DoNotCallFile {
 public:
  /// @param keys  outlive this
  explicit DoNotCallFile(privacy::KeyRing const& keys) : keys_(keys) {}

  /// @return false once a line is neither: what came before it is in digests().
  [[nodiscard]] bool feed(std::string_view bytes);
  /// The last line may lack its end. @return as feed
  [[nodiscard]] bool finish();

  /// Of the phones read so far; whoever stores them empties it.
  [[nodiscard]] std::vector<std::string>& digests() { return digests_; }
  /// Lines begun, from 1: after a refusal the one that was refused.
  [[nodiscard]] std::int64_t line() const { return line_; }

 private:
  [[nodiscard]] bool take(std::string_view line);

  privacy::KeyRing const& keys_;
  std::string rest_;
  std::vector<std::string> digests_;
  std::int64_t line_{};
};

}  // namespace leadex::intake
