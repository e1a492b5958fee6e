#pragma once
// RealtimeRows over tables realtime_day, realtime_check, realtime_source, lead, sale and
// spot_check. One database job.

#include <pqxx/transaction_base>

#include "server/storage/realtime_checks.hpp"

namespace leadex::storage::postgres {

class PostgresRealtimeRows final : public RealtimeRows {
 public:
  PostgresRealtimeRows(pqxx::transaction_base& tx, Timestamp now) : tx_(tx), now_(now) {}

  [[nodiscard]] std::optional<RealtimeTerms> terms(MarketNo market) override;
  bool add_day(MarketNo market, RealtimeDay const& day) override;
  [[nodiscard]] std::optional<RealtimeDay> day(MarketNo market, DayNo day) override;
  [[nodiscard]] std::vector<RealtimeDayView> days(MarketNo market,
                                                  std::optional<std::int64_t> before,
                                                  DayNo asked_from, int limit) override;
  [[nodiscard]] std::optional<RealtimeDayView> day_view(MarketNo market, DayNo day,
                                                        DayNo asked_from) override;
  [[nodiscard]] std::vector<ChosenLead> chosen(MarketNo market, DayNo from, int limit) override;
  void open(MarketNo market, std::span<NewRealtimeCheck const> checks) override;
  [[nodiscard]] std::optional<ChosenLead> lead_of(CheckId check) override;
  [[nodiscard]] std::vector<DecidedCheck> decided(MarketNo market, int limit) override;
  [[nodiscard]] bool mark_applied(CheckId check) override;
  void bar(LeadId lead) override;
  void credit_at(CheckId check, std::optional<Timestamp> at) override;
  [[nodiscard]] std::vector<DecidedCheck> owing(MarketNo market, int limit) override;
  [[nodiscard]] std::vector<CreditableSale> creditable(LeadId lead) override;
  [[nodiscard]] std::vector<UnofferedLead> to_release(MarketNo market, std::int64_t after_no,
                                                      int limit) override;
  [[nodiscard]] std::vector<ChosenLead> erased(MarketNo market, int limit) override;
  [[nodiscard]] std::vector<RealtimeCheckView> checks(RealtimeCheckFilter const& filter) override;
  [[nodiscard]] PostedFigures count(MarketNo market, std::int64_t tenant_no, bool bad) override;
  void begin_anew(MarketNo market, std::int64_t tenant_no) override;

 private:
  pqxx::transaction_base& tx_;
  Timestamp now_;
};

}  // namespace leadex::storage::postgres
