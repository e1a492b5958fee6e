#pragma once
// Uploads at rest: a batch, the lead numbers its rows took, and the rows that were refused. The
// rows are used inside one job of LotStore (lot_store.hpp).

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/money.hpp"
#include "billing/values/time.hpp"
#include "server/storage/buyer_rights.hpp"
#include "server/storage/lot_pictures.hpp"
#include "server/storage/market_rows.hpp"
#include "server/storage/own_rows.hpp"
#include "server/storage/upload_pieces.hpp"

namespace leadex::storage {

/// listing: the lot is accepted and its leads are on their way to the market.
enum class BatchStatus : std::uint8_t { receiving, checking, listing, listed, rejected, closed };
inline constexpr std::array<std::string_view, 6> kBatchStatusTexts{
    "receiving", "checking", "listing", "listed", "rejected", "closed"};
enum class BatchFormat : std::uint8_t { csv, ndjson };
inline constexpr std::array<std::string_view, 2> kBatchFormatTexts{"csv", "ndjson"};
enum class LotDecision : std::uint8_t { pending, accepted, rejected };
inline constexpr std::array<std::string_view, 3> kLotDecisionTexts{"pending", "accepted",
                                                                   "rejected"};
/// stopped: the upload was cut or its generator took it back; what it holds is given up.
enum class LotMode : std::uint8_t { normal, tightened, reduced, skip, stopped };
inline constexpr std::array<std::string_view, 5> kLotModeTexts{"normal", "tightened", "reduced",
                                                               "skip", "stopped"};
[[nodiscard]] constexpr std::string_view text(BatchStatus status) {
  return kBatchStatusTexts.at(static_cast<std::size_t>(status));
}
[[nodiscard]] constexpr std::string_view text(BatchFormat format) {
  return kBatchFormatTexts.at(static_cast<std::size_t>(format));
}
[[nodiscard]] constexpr std::string_view text(LotDecision decision) {
  return kLotDecisionTexts.at(static_cast<std::size_t>(decision));
}
[[nodiscard]] constexpr std::string_view text(LotMode mode) {
  return kLotModeTexts.at(static_cast<std::size_t>(mode));
}

/// read is the sum of the others.
struct BatchCounts {
  std::int64_t read{};
  std::int64_t accepted{};
  std::int64_t duplicate{};
  std::int64_t suppressed{};
  std::int64_t rejected{};
  friend bool operator==(BatchCounts const&, BatchCounts const&) = default;
};

struct Batch {
  BatchId id;
  std::int64_t tenant_no{};
  BatchStatus status{};
  BatchFormat format{};
  std::int32_t market_version{};
  std::optional<Money> ask;
  BatchCounts counts;
  std::int64_t bytes_read{};  ///< of the decoded body
  std::int64_t commitment_no{};
  std::optional<std::string> file_sha256;  ///< 32 bytes, of the decoded body, once it has ended
  LotMode mode{};
  std::optional<std::int64_t> sample_size;
  std::optional<std::int64_t> acceptance_number;
  LotDecision decision{};
  bool needs_admin{};
  std::optional<std::string> decision_reason_sealed;  ///< set where an admin judged
  Timestamp created_at{};
  std::optional<Timestamp> closed_at;
  std::optional<Timestamp> decided_at;
  std::optional<std::int64_t> corrects_no;  ///< the batch whose refused rows this one brings again
  std::vector<std::int64_t> corrected_by;   ///< batches that bring this one's, 100 at most
};

/// Who looks: a generator sees its own, staff see all.
struct BatchViewer {
  std::int64_t tenant_no{};
  bool staff{};
};

struct BatchPlace {
  std::int64_t created_us{};
  std::int64_t market{};
  std::int64_t batch_no{};
};
struct BatchFilter {
  BatchViewer viewer;
  std::optional<MarketNo> market;
  std::vector<BatchStatus> statuses;             ///< empty: any
  std::optional<std::int64_t> created_from_us;   ///< inclusive
  std::optional<std::int64_t> created_until_us;  ///< exclusive
  std::optional<BatchPlace> after;               ///< last row of the page before
  int limit = 50;
};

struct NewBatch {
  BatchId id;
  std::int64_t tenant_no{};
  BatchFormat format{};
  std::int32_t market_version{};
  std::optional<Money> ask;
  std::optional<std::int64_t> corrects_no{};
  std::optional<OwnKeyRow> own_key{};  ///< for its refused rows
};

/// The numbers are stored.
enum class RowOutcome : std::uint8_t { accepted = 0, rejected = 1, suppressed = 2, duplicate = 3 };
inline constexpr std::array<std::string_view, 4> kRowOutcomeTexts{"accepted", "rejected",
                                                                  "suppressed", "duplicate"};
[[nodiscard]] constexpr std::string_view text(RowOutcome outcome) {
  return kRowOutcomeTexts.at(static_cast<std::size_t>(outcome));
}

/// One fault of one row; never the value.
struct RowReject {
  std::int64_t row_no{};
  std::int32_t fault_no{};
  RowOutcome outcome{};
  std::string code;
  std::string pointer;
  std::string detail;
  std::optional<std::string> external_id;
  std::optional<std::string> own_column{};  ///< what the uploader calls the place
};

/// A person on a list.
struct ListedPerson {
  std::string digest;
  std::int64_t tenant_no{};  ///< whose list; 0: the exchange's own
};

/// What the lists had of some persons.
struct ListLook {
  std::vector<ListedPerson> persons;
  std::string seen;  ///< names the moment, for who asks what came onto them since; never empty
};

/// A lead that is kept from a buyer.
struct LeadKeptFrom {
  std::int64_t lead_no{};
  std::int64_t tenant_no{};
};

struct LeadPerson {
  std::int64_t lead_no{};
  std::string digest;  ///< 16 bytes, as table person has it
};

/// What one transaction of an upload adds. Its rows are those after the chunk before, and row i of
/// them has the lead number first_no + i, so a row's number tells its lead's without a look-up.
struct UploadChunk {
  std::int64_t first_no{};
  BatchCounts counts;  ///< counts.read > 0 lead numbers are taken, accepted or not
  std::int64_t bytes_read{};
  std::vector<NewLead> leads;       ///< of the accepted rows, in row order, state checked
  std::vector<LeadPerson> persons;  ///< of those leads: who came onto a list since `lists_seen`
  std::string lists_seen;           ///< ListLook::seen
  std::vector<LeadKeptFrom> kept;   ///< as the lists were then
  std::vector<RowReject> rejects;
  std::vector<OwnRow> own_rows;      ///< the refused ones as they came
  std::optional<UploadMark> mark{};  ///< of an upload in pieces: where it goes on behind these rows
  std::string signs_sealed{};        ///< with the mark: what these rows show of their source
};

struct ClosedUpload {
  std::string file_sha256;  ///< 32 bytes
  std::int64_t bytes_read{};
  BatchStatus status{};
  std::int64_t sample_size{};
  std::int64_t acceptance_number{};
};

struct RowView {
  std::int64_t row_no{};
  RowOutcome outcome{};
  std::optional<std::int64_t> lead_no;
  int lead_state{};              ///< as table lead has it
  std::string code;              ///< of the first fault; empty when accepted
  std::int32_t warnings{};       ///< of an accepted row; bits as NewLead has them
  std::string domain_suggested;  ///< likewise; "" for none
};

struct LeadRange {
  std::int64_t first_no{};
  std::int64_t last_no{};
};
/// The lead number of a row of the batch whose ranges these are, in order; 0 when it has no such
/// row.
[[nodiscard]] std::int64_t lead_no_of_row(std::span<LeadRange const> ranges, std::int64_t row_no);

struct RejectPlace {
  std::int64_t row_no{};
  std::int64_t fault_no{};
};

/// A person of a row that the market had already; `row` counts within one question.
struct KnownPerson {
  std::int64_t row{};
  std::string digest;  ///< 16 bytes
};

class UploadRows {
 public:
  virtual ~UploadRows() = default;

  /// Takes the market's next open commitment with it. None open: nothing is created.
  [[nodiscard]] virtual std::optional<Batch> create(NewBatch const& batch) = 0;
  /// What the exchange's own list and the buyers' have of these persons.
  [[nodiscard]] virtual ListLook look_at_lists(std::span<std::string const> digests) = 0;
  /// Stages leads, keeps them from the buyers on whose own lists their persons are, and from
  /// everybody whose person the exchange's list got since `lists_seen`; keeps rejects, counts.
  /// False, and nothing written, when the batch is not receiving any more.
  [[nodiscard]] virtual bool append(BatchId batch, UploadChunk const& chunk) = 0;

  /// How many of these rows have a person whose lead is of another generator.
  [[nodiscard]] virtual std::int64_t known_from_others(MarketNo market, std::int64_t tenant_no,
                                                       std::span<KnownPerson const> persons) = 0;
  /// What the closed lot showed of its source; it waits to be judged.
  virtual void save_picture(BatchId batch, std::int64_t tenant_no, LotPicture const& picture) = 0;

  /// Buyers of these folded names, as BuyerRights::named.
  [[nodiscard]] virtual NamedBuyers buyers_named(std::span<std::string const> keys) = 0;

  [[nodiscard]] virtual std::optional<Batch> find(BatchId batch, BatchViewer viewer) = 0;
  /// As find, also for a buyer of one of its leads once the lot is decided.
  [[nodiscard]] virtual std::optional<Batch> find_for_party(BatchId batch, BatchViewer viewer) = 0;
  /// For the exchange's own work; no other job changes the row until this one ends.
  [[nodiscard]] virtual std::optional<Batch> find_locked(BatchId batch) = 0;
  /// Newest first.
  [[nodiscard]] virtual std::vector<Batch> list(BatchFilter const& filter) = 0;

  // Of a batch that the caller has found for its viewer before, in the same job.
  [[nodiscard]] virtual std::vector<RowView> rows(Batch const& batch, std::int64_t after_row,
                                                  int limit) = 0;
  [[nodiscard]] virtual std::vector<RowReject> rejects(BatchId batch, RejectPlace after,
                                                       int limit) = 0;
  /// Numbers of the rows in (after_row, until_row] that were not accepted, ascending.
  [[nodiscard]] virtual std::vector<std::int64_t> refused_rows(BatchId batch,
                                                               std::int64_t after_row,
                                                               std::int64_t until_row) = 0;
  [[nodiscard]] virtual std::vector<LeadRange> lead_ranges(BatchId batch) = 0;

  /// The body has ended. Status checking, or closed when nothing was accepted.
  virtual void close(BatchId batch, ClosedUpload const& upload) = 0;
  virtual void set_status(BatchId batch, BatchStatus status) = 0;
  virtual void set_decision(BatchId batch, LotDecision decision, BatchStatus status) = 0;
  virtual void set_decision_reason(BatchId batch, std::string const& reason_sealed) = 0;
  virtual void set_needs_admin(BatchId batch, bool needed) = 0;
  /// The lot is given up: mode stopped. What it holds is cleared afterwards.
  virtual void stop(BatchId batch) = 0;

  /// Uploads still receiving that took their last chunk before that instant.
  [[nodiscard]] virtual std::vector<BatchId> cut_uploads(Timestamp touched_before, int limit) = 0;
  /// Whether the batch took its last chunk, or a piece began, before that instant; once it is
  /// locked.
  [[nodiscard]] virtual bool is_cut(BatchId batch, Timestamp touched_before) = 0;
  /// Uploads of one generator to one market that are receiving, but those in pieces.
  [[nodiscard]] virtual std::vector<BatchId> receiving_of(MarketNo market, std::int64_t tenant_no,
                                                          int limit) = 0;
  /// Lots of a market with work left: accepted ones to list, rejected or stopped ones to clear.
  [[nodiscard]] virtual std::vector<BatchId> unfinished_lots(MarketNo market, int limit) = 0;
  /// Lots of a market that wait for verdicts and may need more checks, or another verifier.
  [[nodiscard]] virtual std::vector<BatchId> waiting_lots(MarketNo market, std::int64_t after_no,
                                                          int limit) = 0;
};

}  // namespace leadex::storage
