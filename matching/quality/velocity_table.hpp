#pragma once
// How often a key (an address, a device, a contact) came within the running minute, hour and UTC
// day, in a table of a fixed size. Keys are keyed digests, nothing personal. Pure; one thread at a
// time. Source: docs/decisions/0029-source-fraud.md.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace leadex::quality {

inline constexpr std::array<std::int64_t, 3> kVelocityWindowsUs{60'000'000, 3'600'000'000,
                                                                86'400'000'000};
/// Of the windows above, in their order.
using VelocityCounts = std::array<std::int64_t, kVelocityWindowsUs.size()>;

class VelocityTable {
 public:
  static constexpr std::size_t kPlaces = 4;  // of a row
  /// 128 bytes a row. Of more keys than a row has places, one of an earlier day is forgotten, else
  /// the one that came least often: counts are never too high, and who comes often stays.
  /// @param row_bits  rows are 2 to this: 0 … 24
  explicit VelocityTable(int row_bits);

  /// Counts one. @param key  spread evenly, not 0  @param now_us  since 1970; may go back a little
  /// @return  of this key within each window, this one with them
  VelocityCounts count(std::uint64_t key, std::int64_t now_us);

 private:
  struct Place {
    std::uint64_t key{};  // 0: free
    std::int64_t seen_us{};
    std::array<std::uint32_t, kVelocityWindowsUs.size()> n{};
  };
  int row_bits_;
  std::vector<std::array<Place, kPlaces>> rows_;
};

/// More of them than these within any window are a crowd.
[[nodiscard]] bool is_crowd(VelocityCounts const& counts, VelocityCounts const& most);

}  // namespace leadex::quality
