#pragma once
// What the link of a one-time code carries, sealed so that nobody can make, change or read it.
// Pure; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "billing/values/time.hpp"
#include "server/privacy/key_ring.hpp"
#include "server/storage/check_codes.hpp"

namespace leadex::api {

struct CodeToken {
  storage::CodeKey key;
  Timestamp expires_at;
};

[[nodiscard]] std::string seal_code(privacy::KeyRing const& keys, CodeToken const& token);
/// Nothing for anything else, and once it has expired.
[[nodiscard]] std::optional<CodeToken> open_code(privacy::KeyRing const& keys,
                                                 std::string_view text, Timestamp now);

}  // namespace leadex::api
