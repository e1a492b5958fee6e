#pragma once
// PostedSignRows over the tables posted_signs and posted_mark. Inside this room; lives for one
// database job.

#include <pqxx/transaction_base>

#include "server/storage/posted_signs.hpp"

namespace leadex::storage::postgres {

class PostgresPostedSignRows final : public PostedSignRows {
 public:
  explicit PostgresPostedSignRows(pqxx::transaction_base& tx) : tx_(tx) {}

  void add(std::vector<PostedCounts> const& counts) override;
  void mark(std::vector<PostedMark> const& marks) override;
  [[nodiscard]] std::vector<WaitingDay> waiting(std::int32_t today, int limit) override;
  [[nodiscard]] quality::LotCounts of_others(PostedDay const& of, std::int32_t since) override;
  [[nodiscard]] quality::LotCounts of_itself(PostedDay const& of, std::int32_t since) override;
  void mark_looked(PostedDay const& of, std::int64_t next_posts, bool closed) override;
  std::int64_t forget_before(std::int32_t day, int limit) override;

 private:
  pqxx::transaction_base& tx_;
};

}  // namespace leadex::storage::postgres
