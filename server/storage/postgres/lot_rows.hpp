#pragma once
// LotRows over tables commitment, spot_check, lead, contact, lead_key and person. One database job.

#include <pqxx/transaction_base>

#include "server/storage/lots.hpp"

namespace leadex::storage::postgres {

class PostgresLotRows final : public LotRows {
 public:
  PostgresLotRows(pqxx::transaction_base& tx, Timestamp now) : tx_(tx), now_(now) {}

  [[nodiscard]] std::vector<Commitment> commitments(CommitmentFilter const& filter) override;
  [[nodiscard]] std::int64_t count_open_commitments(MarketNo market) override;
  void add_commitments(MarketNo market, std::span<Commitment const> commitments) override;
  [[nodiscard]] std::optional<Commitment> commitment(MarketNo market, std::int64_t no) override;
  void void_commitment(MarketNo market, std::int64_t no) override;

  void add_checks(BatchId batch, std::span<NewCheck const> checks) override;
  [[nodiscard]] std::vector<SpotCheck> checks(BatchId batch) override;
  [[nodiscard]] std::vector<SpotCheck> waiting_checks(CheckFilter const& filter) override;
  /// Without those that this person gave an opinion on.
  [[nodiscard]] std::vector<SpotCheck> waiting_checks(CheckFilter const& filter,
                                                      std::optional<std::int64_t> principal_no);
  [[nodiscard]] std::optional<SpotCheck> find_check_locked(CheckId check) override;
  [[nodiscard]] std::optional<SpotCheck> check_held_by(std::int64_t principal_no) override;
  void claim(CheckId check, std::int64_t principal_no, Timestamp lease_until) override;
  void save_verdict(VerdictRow const& verdict) override;
  std::int64_t expire_leases(Timestamp now, int limit) override;

  [[nodiscard]] std::optional<SealedLead> sealed_lead(LeadId lead) override;
  [[nodiscard]] std::vector<market::OfferLead> leads_to_offer(BatchId batch, LeadRange range,
                                                              int limit) override;
  [[nodiscard]] std::vector<std::int64_t> leads_on_sale(BatchId batch, LeadRange range,
                                                        int limit) override;
  std::int64_t withdraw_checked(BatchId batch, LeadRange range) override;
  std::int64_t withdraw_checked(MarketNo market, std::span<std::int64_t const> leads) override;
  [[nodiscard]] std::string free_persons(BatchId batch, std::string const& after_digest,
                                         int limit) override;

 private:
  pqxx::transaction_base& tx_;
  Timestamp now_;
};

}  // namespace leadex::storage::postgres
