#pragma once
// DuplicateRules: what a version of a market's settings says of persons that are known. Read from
// the version's definition, for the market's writer alone. Value.

#include <cstdint>
#include <string>
#include <vector>

namespace leadex::storage {

/// Whose lead counts when a person comes twice.
enum class DuplicateCredit : std::uint8_t {
  first = 0,  ///< the one that came first
  last = 1,   ///< another generator's newer one, while the earlier one was never sold
};

/// Bytes of a group's name.
inline constexpr std::size_t kDedupeGroupBytesMax = 64;

struct DuplicateRules {
  std::string group;  ///< of markets that know each other's persons; empty: none
  DuplicateCredit credit{};
};

/// How the persons of a batch may be claimed.
struct ClaimGuard {
  std::string group;                    ///< the batch must hold them there; empty: no group
  std::vector<std::int64_t> displaced;  ///< leads whose claims are taken over, however fresh
};

}  // namespace leadex::storage
