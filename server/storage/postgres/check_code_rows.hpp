#pragma once
// CodeRows over tables check_code, spot_check and tenant. One database job.

#include <pqxx/transaction_base>

#include "server/storage/check_codes.hpp"

namespace leadex::storage::postgres {

class PostgresCodeRows final : public CodeRows {
 public:
  PostgresCodeRows(pqxx::transaction_base& tx, Timestamp now) : tx_(tx), now_(now) {}

  [[nodiscard]] std::optional<CheckId> next_check(MarketNo market,
                                                  std::int64_t principal_no) override;
  [[nodiscard]] std::optional<Timestamp> last_message(std::string const& address_digest,
                                                      Timestamp since) override;
  void add(NewCode const& code) override;
  void give_back(CheckId check, std::optional<Timestamp> rest_until) override;
  [[nodiscard]] std::vector<CheckCode> take_due(std::chrono::seconds again_after,
                                                int limit) override;
  void sent(CodeKey key) override;
  void refused(CodeKey key) override;
  [[nodiscard]] CodeReply answer(CodeKey key, bool yes) override;
  [[nodiscard]] std::vector<CodeKey> ready(int limit) override;
  [[nodiscard]] std::optional<CheckCode> find_locked(CodeKey key) override;
  void end(CodeKey key) override;
  [[nodiscard]] std::int64_t forget_before(Timestamp at, int limit) override;

 private:
  pqxx::transaction_base& tx_;
  Timestamp now_;
};

}  // namespace leadex::storage::postgres
