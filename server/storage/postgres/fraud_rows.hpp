#pragma once
// FraudRows over the tables lot_picture and fraud_case. Inside this room; lives for one database
// job.

#include <pqxx/result>
#include <pqxx/transaction_base>
#include <span>

#include "server/storage/lot_pictures.hpp"

namespace leadex::storage::postgres {

/// The counts as two bigint[] literals.
struct SignalArrays {
  std::string leads;
  std::string events;
};
[[nodiscard]] SignalArrays signal_arrays(quality::LotCounts const& counts);
[[nodiscard]] quality::LotCounts read_counts(pqxx::field const& leads, pqxx::field const& events);
/// Eight bytes a print, the high byte first.
[[nodiscard]] std::string print_bytes(std::span<std::uint64_t const> prints);

class PostgresFraudRows final : public FraudRows {
 public:
  explicit PostgresFraudRows(pqxx::transaction_base& tx) : tx_(tx) {}

  [[nodiscard]] std::vector<KeptPicture> waiting(int limit) override;
  [[nodiscard]] quality::LotCounts counts_of_others(MarketNo market, std::int64_t generator_no,
                                                    Timestamp since) override;
  [[nodiscard]] std::vector<KeptPrints> prints_of_others(KeptPicture const& before,
                                                         int limit) override;
  void mark_judged(BatchId batch, quality::LotCounts const& counts, Timestamp at) override;
  std::int64_t forget_before(Timestamp at, int limit) override;

  [[nodiscard]] bool open(NewFraudCase const& found, Timestamp at) override;
  void show_lead(NewFraudCase const& found) override;
  [[nodiscard]] std::optional<FraudCase> find(MarketNo market, std::int64_t case_no) override;
  [[nodiscard]] std::vector<FraudCase> list(FraudCaseFilter const& filter) override;
  [[nodiscard]] bool decide(FraudCase const& decided) override;

 private:
  pqxx::transaction_base& tx_;
};

}  // namespace leadex::storage::postgres
