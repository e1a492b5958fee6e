#pragma once
// LeadSlots: lead number → slot, as many small open tables, so that growth never stalls: one shard
// at a time is laid out anew. Only Storefront uses this; one thread. Pure.

#include <array>
#include <optional>
#include <vector>

#include "matching/storefront/rows.hpp"

namespace leadex::storefront {

class LeadSlots {
 public:
  /// `rows` holds the lead numbers: the tables have slots alone.
  [[nodiscard]] std::optional<Slot> find(Rows const& rows, std::int64_t lead_no) const;
  /// The lead is in `rows` and not yet here.
  void insert(Rows const& rows, Slot slot);
  /// The lead is here and still in `rows`.
  void erase(Rows const& rows, Slot slot);
  [[nodiscard]] std::size_t bytes() const;

 private:
  static constexpr std::size_t kShards = 1024;
  static constexpr Slot kEmpty = ~Slot{0};
  struct Shard {
    std::vector<Slot> slots;  // a power of two, or none yet
    std::size_t used{};
  };
  static void put(Rows const& rows, Shard& shard, Slot slot);

  std::array<Shard, kShards> shards_;
};

}  // namespace leadex::storefront
