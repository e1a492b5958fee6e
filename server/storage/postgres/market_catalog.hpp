#pragma once
// MarketCatalog over tables market, market_version and market_head. One database job.

#include <pqxx/transaction_base>

#include "server/storage/markets.hpp"

namespace leadex::storage::postgres {

class PostgresMarketCatalog final : public MarketCatalog {
 public:
  explicit PostgresMarketCatalog(pqxx::transaction_base& tx) : tx_(tx) {}
  [[nodiscard]] bool insert(CatalogMarket const& market, MarketVersion const& first) override;
  void add_version(MarketNo market, std::string const& title,
                   MarketVersion const& version) override;
  void set_status(MarketNo market, MarketStatus status) override;
  [[nodiscard]] std::optional<CatalogMarket> find(std::string_view name) override;
  [[nodiscard]] std::optional<CatalogMarket> find_locked(std::string_view name) override;
  [[nodiscard]] std::optional<CatalogMarket> find_locked(MarketNo market) override;
  [[nodiscard]] std::vector<CatalogMarket> list(std::optional<std::int64_t> before_no,
                                                int limit) override;
  [[nodiscard]] std::optional<std::string> name_of(MarketNo market) override;

 private:
  pqxx::transaction_base& tx_;
};

}  // namespace leadex::storage::postgres
