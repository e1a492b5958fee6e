#pragma once
// PrivacyStore over tables suppression, privacy_request, privacy_progress, erased_lead, person,
// person_before, retention_walk and those that hold a lead's person. Any thread. What requests have
// left to do is in privacy_rounds.cpp, what old age does in retention_rows.cpp.

#include "server/storage/postgres/pool.hpp"
#include "server/storage/privacy_store.hpp"

namespace leadex::storage::postgres {

class PostgresPrivacyStore final : public PrivacyStore {
 public:
  /// @param pool  outlives this.
  explicit PostgresPrivacyStore(Pool& pool) : pool_(pool) {}

  [[nodiscard]] Later<bool> receive(PersonRequest request) override;
  [[nodiscard]] Later<std::vector<std::string>> barred(std::vector<std::string> digests) override;
  [[nodiscard]] Later<std::vector<OpenRequest>> open_requests(int limit) override;
  [[nodiscard]] Later<std::vector<PendingMarket>> pending(OpenRequest request) override;
  [[nodiscard]] Later<std::vector<PersonLead>> leads_of(OpenRequest request, LeadId after,
                                                        int limit) override;
  [[nodiscard]] Later<bool> note_turn(MarketTurn turn) override;
  [[nodiscard]] Later<bool> settle(std::int64_t request_no, bool told, bool got_on) override;
  [[nodiscard]] Later<std::optional<HeldLead>> held(Viewer viewer, LeadId lead) override;
  [[nodiscard]] Later<std::optional<SealedEvidence>> evidence(Viewer viewer,
                                                              std::int64_t principal_no,
                                                              LeadId lead) override;
  [[nodiscard]] Later<bool> revoke(LeadId lead, Timestamp from, std::int64_t request_no) override;
  [[nodiscard]] Later<std::vector<std::int32_t>> undelivered(LeadId lead) override;
  [[nodiscard]] Later<bool> erase(LeadId lead, std::vector<std::string> digests,
                                  std::int64_t request_no) override;
  [[nodiscard]] Later<std::vector<Walk>> walks() override;
  [[nodiscard]] Later<bool> begin_walks() override;
  [[nodiscard]] Later<Aged> past_retention(Walk walk, int limit) override;
  [[nodiscard]] Later<std::int64_t> forget_aged(Walk walk, std::vector<AgedLead> leads,
                                                std::int64_t last_no, bool whole) override;
  [[nodiscard]] Later<std::int64_t> forget_visitors(int limit) override;

 private:
  Pool& pool_;
};

}  // namespace leadex::storage::postgres
