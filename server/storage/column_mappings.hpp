#pragma once
// Column mappings at rest: what a generator calls the columns of a market's leads. Used inside one
// job of LotStore (lot_store.hpp).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/time.hpp"

namespace leadex::storage {

inline constexpr int kColumnMappingsMax = 100;  // of one generator in one market

struct ColumnMappingKey {
  MarketNo market{};
  std::int64_t tenant_no{};
  std::string name;
};

struct StoredColumnMapping {
  std::string name;
  std::string definition;  ///< JSON
  Timestamp updated_at{};
};

class ColumnMappingRows {
 public:
  virtual ~ColumnMappingRows() = default;
  /// Keeps it under its name, in place of the one before. False, and nothing kept, when it would be
  /// one too many.
  [[nodiscard]] virtual bool put(ColumnMappingKey const& key, std::string const& definition) = 0;
  [[nodiscard]] virtual std::optional<StoredColumnMapping> find(ColumnMappingKey const& key) = 0;
  /// By name, all of them.
  [[nodiscard]] virtual std::vector<StoredColumnMapping> list(MarketNo market,
                                                              std::int64_t tenant_no) = 0;
  /// False when there is none.
  [[nodiscard]] virtual bool remove(ColumnMappingKey const& key) = 0;
};

}  // namespace leadex::storage
