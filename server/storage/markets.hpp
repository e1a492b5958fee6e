#pragma once
// MarketCatalog: the markets as staff set them up: their names, their versions, whether they are
// open. Used inside one database job; the markets' writers read the same rows by MarketStore.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/time.hpp"

namespace leadex::storage {

enum class MarketStatus : std::uint8_t { open, halted };
inline constexpr std::array<std::string_view, 2> kMarketStatusTexts{"open", "halted"};
[[nodiscard]] constexpr std::string_view text(MarketStatus status) {
  return kMarketStatusTexts.at(static_cast<std::size_t>(status));
}

/// One immutable version of a market's settings.
struct MarketVersion {
  std::int32_t version{};
  std::string definition;  ///< the JSON as accepted, complete
  std::string settings;    ///< codec bytes of market::MarketSettings
  std::int64_t created_by{};
};

struct CatalogMarket {
  MarketNo no{};
  std::string name;   ///< "auto-insurance.us.usd"
  std::string title;  ///< for people
  std::string currency;
  std::string country;
  MarketStatus status{};
  Timestamp created_at{};
  std::int32_t version{};  ///< the newest stored; its writer applies it within moments
  std::string definition;  ///< of that version
};

class MarketCatalog {
 public:
  virtual ~MarketCatalog() = default;

  /// With its first version and the empty head of its stream. False when the name is taken; nothing
  /// is written then.
  [[nodiscard]] virtual bool insert(CatalogMarket const& market, MarketVersion const& first) = 0;
  /// The version must be the one after the newest.
  virtual void add_version(MarketNo market, std::string const& title,
                           MarketVersion const& version) = 0;
  virtual void set_status(MarketNo market, MarketStatus status) = 0;

  [[nodiscard]] virtual std::optional<CatalogMarket> find(std::string_view name) = 0;
  /// As find, and no other job changes the market until this one ends.
  [[nodiscard]] virtual std::optional<CatalogMarket> find_locked(std::string_view name) = 0;
  [[nodiscard]] virtual std::optional<CatalogMarket> find_locked(MarketNo market) = 0;
  /// Newest first. `limit` 1 … 501.
  [[nodiscard]] virtual std::vector<CatalogMarket> list(std::optional<std::int64_t> before_no,
                                                        int limit) = 0;
  /// Names by number, for showing rows of many markets.
  [[nodiscard]] virtual std::optional<std::string> name_of(MarketNo market) = 0;
};

}  // namespace leadex::storage
