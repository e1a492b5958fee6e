#pragma once
// FileHash: SHA-256 of an upload, whose state can be written down between two pieces of the file.
// The state holds some of the file's last bytes: whoever keeps it, seals it. One thread at a time.

#include "server/crypto/sha256_state.hpp"

namespace leadex::privacy {

using FileHash = crypto::ResumableSha256;

}  // namespace leadex::privacy
