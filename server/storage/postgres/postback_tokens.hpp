#pragma once
// PostbackTokens over table postback_token. Any thread.

#include "server/storage/postback_tokens.hpp"
#include "server/storage/postgres/pool.hpp"

namespace leadex::storage::postgres {

class PostgresPostbackTokens final : public PostbackTokens {
 public:
  /// @param pool  outlives this.
  explicit PostgresPostbackTokens(Pool& pool) : pool_(pool) {}
  [[nodiscard]] Later<std::optional<PostbackTokenRow>> add(std::int64_t buyer_no,
                                                           std::int64_t token_no,
                                                           std::string digest) override;
  [[nodiscard]] Later<std::vector<PostbackTokenRow>> list(std::int64_t buyer_no,
                                                          std::optional<std::int64_t> before_no,
                                                          int limit) override;
  [[nodiscard]] Later<bool> revoke(std::int64_t buyer_no, std::int64_t token_no) override;
  [[nodiscard]] Later<std::optional<std::int64_t>> buyer_of(std::string digest) override;

 private:
  Pool& pool_;
};

}  // namespace leadex::storage::postgres
