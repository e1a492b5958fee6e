#pragma once
// DuplicateRules: what a version of a market's settings says of persons that are known. Read from
// the version's definition, for the market's writer alone. Value.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace leadex::storage {

/// Whose lead counts when a person comes twice.
enum class DuplicateCredit : std::uint8_t {
  first = 0,   ///< the one that came first
  last = 1,    ///< another generator's newer one, while the earlier one was never sold
  shared = 2,  ///< the first one; its net is shared with the other's, while no sale is settled
};
/// As a definition says it.
inline constexpr std::array<std::string_view, 3> kDuplicateCreditTexts{"first", "last", "shared"};

/// Bytes of a group's name.
inline constexpr std::size_t kDedupeGroupBytesMax = 64;

struct DuplicateRules {
  std::string group;  ///< of markets that know each other's persons; empty: none
  DuplicateCredit credit{};
  std::int32_t split_bp{};  ///< shared: the later generator's part of the net, 1 … 9999
};

/// How the persons of a batch may be claimed.
struct ClaimGuard {
  std::string group;                    ///< the batch must hold them there; empty: no group
  std::vector<std::int64_t> displaced;  ///< leads whose claims are taken over, however fresh
};

}  // namespace leadex::storage
