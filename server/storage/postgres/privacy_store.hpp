#pragma once
// PrivacyStore over tables suppression, privacy_request, erased_lead, person, person_before and
// those that hold a lead's person. Any thread.

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
  [[nodiscard]] Later<std::vector<PersonLead>> leads_of(std::vector<std::string> digests,
                                                        LeadId after, int limit) override;
  [[nodiscard]] Later<std::optional<HeldLead>> held(Viewer viewer, LeadId lead) override;
  [[nodiscard]] Later<std::optional<SealedEvidence>> evidence(Viewer viewer,
                                                              std::int64_t principal_no,
                                                              LeadId lead) override;
  [[nodiscard]] Later<bool> revoke(LeadId lead, Timestamp from) override;
  [[nodiscard]] Later<std::vector<std::int32_t>> undelivered(LeadId lead) override;
  [[nodiscard]] Later<bool> erase(LeadId lead, std::vector<std::string> digests,
                                  EraseCause cause) override;
  [[nodiscard]] Later<std::int64_t> drop_claims(std::vector<std::string> digests) override;
  [[nodiscard]] Later<bool> note_leads(std::int64_t request_no, std::int64_t leads) override;
  [[nodiscard]] Later<bool> finish(std::int64_t request_no) override;
  [[nodiscard]] Later<Aged> past_retention(LeadId after, int limit) override;
  [[nodiscard]] Later<std::int64_t> forget_visitors(int limit) override;

 private:
  Pool& pool_;
};

}  // namespace leadex::storage::postgres
