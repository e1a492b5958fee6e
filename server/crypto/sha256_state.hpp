#pragma once
// SHA-256 of a message that comes in parts, whose state can be written down between two parts and
// taken up again by another process. The state holds up to 63 bytes of the message: it is as secret
// as that. One thread at a time.

#include <array>
#include <optional>

#include "server/crypto/bytes.hpp"
#include "server/crypto/hash.hpp"

namespace leadex::crypto {

class ResumableSha256 {
 public:
  ResumableSha256();
  ResumableSha256(ResumableSha256&&) noexcept;
  ResumableSha256& operator=(ResumableSha256&&) noexcept;
  ~ResumableSha256();

  ResumableSha256& update(ByteView part);
  /// The digest of all parts so far; the object then starts afresh.
  [[nodiscard]] Digest finish();

  /// Length so far, chaining value, and the bytes of the block that is not full.
  [[nodiscard]] Bytes state() const;
  /// Nothing for bytes that no state() gave.
  [[nodiscard]] static std::optional<ResumableSha256> resume(ByteView state);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace leadex::crypto
