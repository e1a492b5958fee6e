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
  bool told{};  ///< every market has heard of the person, or must have by then
};

/// A market with something of a request's person that is still to be done.
struct PendingMarket {
  MarketNo market{};
  bool told{};  ///< it has withheld what it had of the person
  bool due{};   ///< it did not fail just now
};

/// What became of a request's turn in such a market.
struct MarketTurn {
  std::int64_t request_no{};
  MarketNo market{};
  bool told{};  ///< has heard of the person, now or before
  bool failed{};
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

  /// Those that are due: of which nothing is known to wait first, then longest due.
  [[nodiscard]] virtual Later<std::vector<OpenRequest>> open_requests(int limit) = 0;
  /// Where something of the request is left to do, by market. Claims without a lead of uploads that
  /// take no more rows are dropped on the way; those of uploads under way are left.
  [[nodiscard]] virtual Later<std::vector<PendingMarket>> pending(OpenRequest request) = 0;
  /// The request's leads in that market that are left to do after that number, by number; earlier
  /// ones too, whose claims others took over.
  [[nodiscard]] virtual Later<std::vector<PersonLead>> leads_of(OpenRequest request, LeadId after,
                                                                int limit) = 0;
  /// One that failed rests before its next turn, longer each time, a minute at most.
  [[nodiscard]] virtual Later<bool> note_turn(MarketTurn turn) = 0;
  /// Closes the request, unless something is left to do, or comes at this moment; else it waits for
  /// its next turn, at once after a round that got on.
  /// @param told  whether all markets have heard of the person. Who waited longer than any command
  ///              waits for its market needs no more telling.
  /// @return      whether it is closed
  [[nodiscard]] virtual Later<bool> settle(std::int64_t request_no, bool told, bool got_on) = 0;
  /// A lead that the viewer brought, bought and did not give back, or any (staff); nothing once it
  /// is erased.
  [[nodiscard]] virtual Later<std::optional<HeldLead>> held(Viewer viewer, LeadId lead) = 0;
  /// For the same viewers, and audited; nothing for anybody else.
  [[nodiscard]] virtual Later<std::optional<SealedEvidence>> evidence(Viewer viewer,
                                                                      std::int64_t principal_no,
                                                                      LeadId lead) = 0;
  /// A person who opted out: the lead's consent is revoked from then on (from no earlier than it
  /// was given), what rests of it to be listed again stays off, and what waits for its lot's
  /// verdict is never offered; counted to the request. Twice is once: false then.
  [[nodiscard]] virtual Later<bool> revoke(LeadId lead, Timestamp from,
                                           std::int64_t request_no) = 0;
  /// Slots of the lead's sales that wait for their delivery, ascending.
  [[nodiscard]] virtual Later<std::vector<std::int32_t>> undelivered(LeadId lead) = 0;
  /// Destroys the lead's data key, contact and claims on these persons, revokes it as revoke does,
  /// tells its generator and the buyers who hold it, and counts it to the request. Twice is once:
  /// false then.
  [[nodiscard]] virtual Later<bool> erase(LeadId lead, std::vector<std::string> digests,
                                          std::int64_t request_no) = 0;

  /// Markets that keep leads for a time and whose walk over what they hold is not over; the walk
  /// after it begins an hour later.
  struct Walk {
    MarketNo market{};
    std::string country;
    std::int64_t after_no{};   ///< looked at up to it
    std::int64_t before_us{};  ///< leads captured before are too old
  };
  [[nodiscard]] virtual Later<std::vector<Walk>> walks() = 0;
  /// Those that rest begin now.
  [[nodiscard]] virtual Later<bool> begin_walks() = 0;
  /// The walk's next leads whose time is over and of which nothing is under way: unsold ones, and
  /// those all of whose sales are settled and past holdback.
  struct Aged {
    std::vector<SealedLead> leads;
    std::int64_t last_no{};  ///< looked at
    bool whole{};            ///< there are no more
  };
  [[nodiscard]] virtual Later<Aged> past_retention(Walk walk, int limit) = 0;
  struct AgedLead {
    std::int64_t no{};
    std::vector<std::string> digests;  ///< by which its person is known
  };
  /// Destroys what is held of them as erase does, but tells nobody, and moves the walk on to where
  /// `looked` ended. @return how many were not erased before
  [[nodiscard]] virtual Later<std::int64_t> forget_aged(Walk walk, std::vector<AgedLead> leads,
                                                        std::int64_t last_no, bool whole) = 0;
  /// Forgets visitors of more than a day ago, the oldest first, `limit` at most. @return how many
  [[nodiscard]] virtual Later<std::int64_t> forget_visitors(int limit) = 0;
};

}  // namespace leadex::storage
