#pragma once
// The lot that an upload's accepted rows form: commitments of the draw, spot checks, and the lead
// rows while no market has them yet. Used inside one job of LotStore (lot_store.hpp).

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/time.hpp"
#include "matching/market/command.hpp"
#include "server/storage/batches.hpp"

namespace leadex::storage {

enum class CommitmentStatus : std::uint8_t { open, used, voided };
inline constexpr std::array<std::string_view, 3> kCommitmentStatusTexts{"open", "used", "voided"};
[[nodiscard]] constexpr std::string_view text(CommitmentStatus status) {
  return kCommitmentStatusTexts.at(static_cast<std::size_t>(status));
}

struct Commitment {
  std::int64_t no{};
  std::string commitment;  ///< sha256(secret), 32 bytes
  std::string secret_sealed;
  CommitmentStatus status{};
  std::optional<std::int64_t> batch_no;
};

enum class CheckStatus : std::uint8_t { open, claimed, done };
inline constexpr std::array<std::string_view, 3> kCheckStatusTexts{"open", "claimed", "done"};
enum class CheckVerdict : std::uint8_t { good, bad, unreachable };
inline constexpr std::array<std::string_view, 3> kCheckVerdictTexts{"good", "bad", "unreachable"};
[[nodiscard]] constexpr std::string_view text(CheckStatus status) {
  return kCheckStatusTexts.at(static_cast<std::size_t>(status));
}
[[nodiscard]] constexpr std::string_view text(CheckVerdict verdict) {
  return kCheckVerdictTexts.at(static_cast<std::size_t>(verdict));
}

struct SpotCheck {
  CheckId id;
  std::int64_t batch_no{};
  std::int64_t position{};  ///< in draw order, from 0
  std::int64_t row_no{};
  std::int64_t lead_no{};
  CheckStatus status{};
  std::int32_t attempts{};
  std::optional<CheckVerdict> verdict;
  std::optional<std::string> reason;
  std::optional<std::int64_t> claimed_by;
  std::optional<Timestamp> lease_until;
  std::optional<std::int64_t> decided_by;
  std::optional<Timestamp> decided_at;
};

struct NewCheck {
  std::int64_t check_no{};
  std::int64_t position{};
  std::int64_t row_no{};
  std::int64_t lead_no{};
};

/// The queue of the verifiers: checks of lots that are not decided, oldest first.
struct CheckFilter {
  std::vector<CheckStatus> statuses;  ///< empty: any
  std::optional<MarketNo> market;
  std::optional<BatchId> batch;
  std::optional<std::pair<std::int64_t, std::int64_t>> after;  ///< market and check number
  int limit = 50;
};

struct VerdictRow {
  CheckId check;
  CheckStatus status{};  ///< open: another attempt; done
  std::int32_t attempts{};
  std::optional<CheckVerdict> verdict;
  std::string reason;
  std::optional<std::string> note_sealed;
  std::int64_t decided_by{};
};

/// A lead with what opens its contact.
struct SealedLead {
  std::int64_t lead_no{};
  std::int32_t version{};
  std::string attributes;  ///< codec bytes of std::vector<market::AttributeText>
  std::string contact_sealed;
  std::int32_t kek_id{};
  std::string key_wrapped;
};

struct CommitmentFilter {
  MarketNo market{};
  std::vector<CommitmentStatus> statuses;  ///< empty: any
  std::optional<std::int64_t> before_no;
  int limit = 50;
};

class LotRows {
 public:
  virtual ~LotRows() = default;

  /// Newest first.
  [[nodiscard]] virtual std::vector<Commitment> commitments(CommitmentFilter const& filter) = 0;
  [[nodiscard]] virtual std::int64_t count_open_commitments(MarketNo market) = 0;
  virtual void add_commitments(MarketNo market, std::span<Commitment const> commitments) = 0;
  [[nodiscard]] virtual std::optional<Commitment> commitment(MarketNo market, std::int64_t no) = 0;
  virtual void void_commitment(MarketNo market, std::int64_t no) = 0;

  /// A position that is there already stays as it is.
  virtual void add_checks(BatchId batch, std::span<NewCheck const> checks) = 0;
  /// In draw order.
  [[nodiscard]] virtual std::vector<SpotCheck> checks(BatchId batch) = 0;
  /// All that the filter lets through, as staff see them.
  [[nodiscard]] virtual std::vector<SpotCheck> waiting_checks(CheckFilter const& filter) = 0;
  /// Locked until the job ends.
  [[nodiscard]] virtual std::optional<SpotCheck> find_check_locked(CheckId check) = 0;
  [[nodiscard]] virtual std::optional<SpotCheck> check_held_by(std::int64_t principal_no) = 0;
  virtual void claim(CheckId check, std::int64_t principal_no, Timestamp lease_until) = 0;
  virtual void save_verdict(VerdictRow const& verdict) = 0;
  /// Claims past their lease, and of lots that need no verdicts any more, are open again.
  /// @return how many
  virtual std::int64_t expire_leases(Timestamp now, int limit) = 0;

  [[nodiscard]] virtual std::optional<SealedLead> sealed_lead(LeadId lead) = 0;
  /// Checked leads of the batch with numbers in that range, in order, as the market is offered
  /// them. @cost all leads of the range may be looked at, so it is to be a short one
  [[nodiscard]] virtual std::vector<market::OfferLead> leads_to_offer(BatchId batch,
                                                                      LeadRange range,
                                                                      int limit) = 0;
  /// Numbers of the leads on sale, likewise.
  [[nodiscard]] virtual std::vector<std::int64_t> leads_on_sale(BatchId batch, LeadRange range,
                                                                int limit) = 0;
  /// Takes checked leads off, which no market has seen: those of one range, or those listed.
  virtual std::int64_t withdraw_checked(BatchId batch, LeadRange range) = 0;
  virtual std::int64_t withdraw_checked(MarketNo market, std::span<std::int64_t const> leads) = 0;
  /// Frees the persons that only this lot claims, one stretch of the market's list at a time.
  /// @return where to go on, empty at the end
  [[nodiscard]] virtual std::string free_persons(BatchId batch, std::string const& after_digest,
                                                 int limit) = 0;
};

}  // namespace leadex::storage
