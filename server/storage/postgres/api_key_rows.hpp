#pragma once
// ApiKeyRows over table api_key. One database job. Changes are told to all processes by NOTIFY
// leadex_keys, which PostgreSQL sends with the COMMIT.

#include <pqxx/transaction_base>

#include "server/storage/api_keys.hpp"

namespace leadex::storage::postgres {

class PostgresApiKeyRows final : public ApiKeyRows {
 public:
  explicit PostgresApiKeyRows(pqxx::transaction_base& tx) : tx_(tx) {}
  void insert(ApiKeyRow const& key) override;
  [[nodiscard]] std::optional<KeyHolder> find_by_digest(KeyDigest const& digest) override;
  [[nodiscard]] std::optional<ApiKeyRow> find_locked(std::int64_t key_no) override;
  [[nodiscard]] std::vector<ApiKeyRow> list(std::int64_t tenant_no) override;
  bool revoke(std::int64_t key_no, Timestamp at) override;
  void clear_pending(std::int64_t key_no) override;
  [[nodiscard]] std::int64_t count_admin_keys(Timestamp now) override;
  void set_last_used(std::int64_t key_no, Timestamp at) override;
  void notify_changed() override;

 private:
  pqxx::transaction_base& tx_;
};

}  // namespace leadex::storage::postgres
