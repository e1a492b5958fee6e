#pragma once
// InspectionRows over tables lot_plan, inspection, check_opinion and spot_check. One database job.

#include <pqxx/transaction_base>

#include "server/storage/inspection.hpp"
#include "server/storage/postgres/lot_rows.hpp"

namespace leadex::storage::postgres {

class PostgresInspectionRows final : public InspectionRows {
 public:
  /// `lots` is of the same job.
  PostgresInspectionRows(pqxx::transaction_base& tx, Timestamp now, PostgresLotRows& lots)
      : tx_(tx), now_(now), lots_(lots) {}

  [[nodiscard]] CheckTerms terms(MarketNo market, std::int32_t version) override;
  [[nodiscard]] std::optional<LotPlan> plan(BatchId batch) override;
  void save_plan(BatchId batch, LotPlan const& plan) override;
  [[nodiscard]] bool was_refused(MarketNo market, std::string const& file_sha256) override;
  [[nodiscard]] bool was_refused_to_owner(BatchId batch) override;
  [[nodiscard]] SourceStanding source(MarketNo market, std::int64_t tenant_no) override;
  [[nodiscard]] SourceStanding source_held(MarketNo market, std::int64_t tenant_no) override;
  [[nodiscard]] SourceStanding source_locked(MarketNo market, std::int64_t tenant_no) override;
  void save_source(MarketNo market, SourceStanding const& source) override;
  [[nodiscard]] std::vector<SourceStanding> sources(MarketNo market, std::int64_t after_tenant_no,
                                                    int limit) override;
  [[nodiscard]] std::vector<SpotCheck> queue(CheckFilter const& filter,
                                             std::int64_t principal_no) override;
  [[nodiscard]] CheckTurn turn(CheckId check) override;
  void save_turn(CheckId check, CheckTurn const& turn) override;
  void want_second(BatchId batch, std::span<std::int64_t const> rows) override;
  [[nodiscard]] std::vector<Opinion> opinions(CheckId check) override;
  void add_opinion(CheckId check, std::int32_t opinion_no, Opinion const& opinion) override;
  void reopen(CheckId check, std::int32_t opinions) override;
  [[nodiscard]] std::vector<std::int64_t> called_bad(BatchId batch) override;
  [[nodiscard]] bool lacks_verifier(BatchId batch) override;
  [[nodiscard]] quality::OpinionTable opinion_table(MarketNo market) override;

 private:
  pqxx::transaction_base& tx_;
  Timestamp now_;
  PostgresLotRows& lots_;
};

}  // namespace leadex::storage::postgres
