#pragma once
// PrivacyStore: the exchange's own list of persons, requests of persons (to be forgotten, to be
// asked no more) and the destruction of leads' data keys. Persons are blind indexes, as table
// person has them. Coroutines of any executor; each call is one transaction.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/result.hpp"
#include "billing/values/time.hpp"
#include "server/storage/lots.hpp"
#include "server/storage/store_error.hpp"
#include "server/storage/viewer.hpp"

namespace leadex::storage {

/// The numbers are stored.
enum class RequestKind : std::uint8_t { erasure = 0, opt_out = 1 };
enum class EraseCause : std::uint8_t { request = 0, retention = 1 };

/// What somebody told the exchange of a person; e-mail or phone, 16 bytes each.
struct PersonRequest {
  RequestKind kind{};
  std::optional<std::string> email;
  std::optional<std::string> phone;
  Timestamp said_at{};      ///< by the person, as told
  Timestamp counts_from{};  ///< never before it was received, unless staff told it
  std::string reason;       ///< person_request, authority, contract, other
  std::int64_t told_by{};   ///< principal
  std::int64_t tenant_no{};
};

struct OpenRequest {
  std::int64_t no{};
  RequestKind kind{};
  std::vector<std::string> digests;  ///< one or two
  Timestamp counts_from{};
  std::int64_t leads{};  ///< it concerned so far
};

/// A lead of a person, or of old age.
struct PersonLead {
  LeadId id;
  std::int64_t generator_no{};  ///< 0: its row is not stored yet, only its person is claimed
};

/// A lead whose contact can still be opened.
struct HeldLead {
  SealedLead sealed;
  std::string country;  ///< of the market
};

/// The evidence of a lead's consent as it was given.
struct SealedEvidence {
  bool gone{};                 ///< erased: the rest but for digest and class is empty
  std::string consent_sealed;  ///< under the lead's data key
  std::int32_t kek_id{};
  std::string key_wrapped;
  std::string digest;  ///< SHA-256 of the evidence; of its text alone for leads before 0014
  bool named{};        ///< for the companies it names only
  std::optional<Timestamp> revoked_at;
};

class PrivacyStore {
 public:
  virtual ~PrivacyStore() = default;
  template <class T>
  using Later = boost::asio::awaitable<Result<T, StoreError>>;

  /// Puts the person on the exchange's list and remembers the request for the job; one that waits
  /// already and counts from no later is not taken twice. Audited. @return false when the list is
  /// full
  [[nodiscard]] virtual Later<bool> receive(PersonRequest request) = 0;
  /// Which of these the exchange's list has.
  [[nodiscard]] virtual Later<std::vector<std::string>> barred(
      std::vector<std::string> digests) = 0;

  /// Oldest first.
  [[nodiscard]] virtual Later<std::vector<OpenRequest>> open_requests(int limit) = 0;
  /// Leads of any of these persons in all markets after `after`, by market and number; earlier ones
  /// too, whose claims others took over.
  [[nodiscard]] virtual Later<std::vector<PersonLead>> leads_of(std::vector<std::string> digests,
                                                                LeadId after, int limit) = 0;
  /// A lead that the viewer brought, bought and did not give back, or any (staff); nothing once it
  /// is erased.
  [[nodiscard]] virtual Later<std::optional<HeldLead>> held(Viewer viewer, LeadId lead) = 0;
  /// For the same viewers, and audited; nothing for anybody else.
  [[nodiscard]] virtual Later<std::optional<SealedEvidence>> evidence(Viewer viewer,
                                                                      std::int64_t principal_no,
                                                                      LeadId lead) = 0;
  /// A person who opted out: the lead's consent is revoked from then on (from no earlier than it
  /// was given), what rests of it to be listed again stays off, and what waits for its lot's
  /// verdict is never offered. Twice is once.
  [[nodiscard]] virtual Later<bool> revoke(LeadId lead, Timestamp from) = 0;
  /// Slots of the lead's sales that wait for their delivery, ascending.
  [[nodiscard]] virtual Later<std::vector<std::int32_t>> undelivered(LeadId lead) = 0;
  /// Destroys the lead's data key, contact and claims on these persons, revokes it as revoke does,
  /// and tells its generator and the buyers who hold it. Twice is once: false then.
  [[nodiscard]] virtual Later<bool> erase(LeadId lead, std::vector<std::string> digests,
                                          EraseCause cause) = 0;
  /// Claims without a lead, left behind by uploads that were cut; those of uploads under way stay.
  /// @return how many are left
  [[nodiscard]] virtual Later<std::int64_t> drop_claims(std::vector<std::string> digests) = 0;
  [[nodiscard]] virtual Later<bool> note_leads(std::int64_t request_no, std::int64_t leads) = 0;
  [[nodiscard]] virtual Later<bool> finish(std::int64_t request_no) = 0;

  /// Leads after `after`, by number, whose market keeps leads for a time that is over, and of which
  /// nothing is under way: unsold ones, and those all of whose sales are settled and past holdback.
  struct Aged {
    std::vector<PersonLead> leads;
    std::optional<LeadId> last;  ///< looked at; nothing once all were
  };
  [[nodiscard]] virtual Later<Aged> past_retention(LeadId after, int limit) = 0;
  /// Forgets visitors of more than a day ago, the oldest first, `limit` at most. @return how many
  [[nodiscard]] virtual Later<std::int64_t> forget_visitors(int limit) = 0;
};

}  // namespace leadex::storage
