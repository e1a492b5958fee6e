#pragma once
// The root key file: 32 random bytes as hex, mode 0600, outside the database and its backups. Read
// once at start, made once by `leadex init`; no other part of the program opens it. Any thread.

#include <cstdint>
#include <string>

#include "billing/values/result.hpp"
#include "server/crypto/bytes.hpp"

namespace leadex::privacy {

inline constexpr std::size_t kRootKeyBytes = 32;

enum class RootKeyError : std::uint8_t {
  missing,      // no such file
  not_private,  // no plain file, open to group or others, or of another user (root may own it)
  malformed,    // anything but 64 lower-case hex digits and at most one line feed
  exists,       // create: a file is there already; it is never overwritten
  unavailable,  // the file system refused
};

/// A sentence for the operator; names no path and no content.
[[nodiscard]] char const* describe(RootKeyError error);

/// @errors missing, not_private, malformed, unavailable
[[nodiscard]] Result<crypto::Secret, RootKeyError> load_root_key_file(std::string const& path);

/// Makes a new key and returns it once the file and its folder entry are on disk.
/// @errors exists, missing (no such folder), unavailable
[[nodiscard]] Result<crypto::Secret, RootKeyError> create_root_key_file(std::string const& path);

}  // namespace leadex::privacy
