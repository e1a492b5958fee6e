#pragma once
// What a closed lot showed of its source, as it is kept, and the cases about sources that lots,
// days of posted leads and planted contacts opened and staff decides. Nothing here moves money.
// Used inside one database job.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/time.hpp"
#include "matching/quality/inspection.hpp"
#include "matching/quality/lot_signals.hpp"
#include "server/storage/findings.hpp"

namespace leadex::storage {

struct LotPicture {
  quality::LotCounts counts;          ///< rows_of_other_lot is counted when the lot is judged
  std::vector<std::uint64_t> prints;  ///< ascending, quality::RowSketch
  bool prints_whole = true;
};

struct KeptPicture {
  BatchId batch;
  std::int64_t generator_no{};
  LotPicture picture;
};

/// Prints alone, to compare others with.
struct KeptPrints {
  BatchId batch;
  std::vector<std::uint64_t> prints;
  bool whole{};
};

struct NewFraudCase {
  MarketNo market{};
  std::int64_t case_no{};  ///< of the platform's numbers
  std::int64_t generator_no{};
  std::int64_t batch_no{};        ///< 0: of leads that were posted
  std::int64_t other_batch_no{};  ///< rows_of_other_lot: the lot that has the same rows; else 0
  std::int32_t posted_day{};      ///< since 1970, UTC; 0: of a lot
  std::int64_t planted_no{};      ///< planted_contact alone
  std::int64_t lead_no{};         ///< that brought it; 0: it became no lead (as it is read)
  quality::SignalFinding finding;
};

/// The planted contact of a case.
struct PlantedAt {
  std::int64_t given_to{};  ///< account; 0: to none
  Timestamp planted_at{};
  std::string note_sealed;
};

struct FraudCase {
  NewFraudCase found;
  std::string market;  ///< its name
  Timestamp found_at{};
  FindingState state{};
  bool withdrawn{};                    ///< the lot's unsold leads were taken back by the decision
  quality::InspectionMode sampling{};  ///< that the source was restricted to; normal: to none
  std::optional<std::int64_t> decided_by;  ///< principal
  std::optional<Timestamp> decided_at;
  std::string note_sealed;  ///< of the decision; empty when there is none
  std::optional<PlantedAt> planted;
  std::vector<std::int64_t> lead_nos;  ///< of a day: the first kShownLeads that showed the sign
};
inline constexpr int kShownLeads = 20;

struct FraudCaseFilter {
  std::optional<std::int64_t> before_no;
  std::optional<FindingState> state;
  std::optional<MarketNo> market;
  std::optional<std::int64_t> generator_no;
  std::optional<quality::LotSignal> kind;
  int limit = 50;
};

class FraudRows {
 public:
  virtual ~FraudRows() = default;

  /// Pictures that nobody judged, in the order of their numbers, locked until the job ends; those
  /// that another job holds are left to it.
  [[nodiscard]] virtual std::vector<KeptPicture> waiting(int limit) = 0;
  /// What judged lots of other generators of that market showed since then; lots with an open or
  /// upheld case are left out.
  [[nodiscard]] virtual quality::LotCounts counts_of_others(MarketNo market,
                                                            std::int64_t generator_no,
                                                            Timestamp since) = 0;
  /// Prints of other generators' lots before that one, latest first.
  [[nodiscard]] virtual std::vector<KeptPrints> prints_of_others(KeptPicture const& before,
                                                                 int limit) = 0;
  virtual void mark_judged(BatchId batch, quality::LotCounts const& counts, Timestamp at) = 0;
  /// Forgets pictures of lots closed before that instant. @return how many
  virtual std::int64_t forget_before(Timestamp at, int limit) = 0;

  /// @return false when that lot, or that day, has a case of the kind (and planted contact)
  /// already, or another day has one of that lead
  [[nodiscard]] virtual bool open(NewFraudCase const& found, Timestamp at) = 0;
  /// The open case of that lot or day and planted contact shows this lead, if there is none that it
  /// shows, or that one never came to be.
  virtual void show_lead(NewFraudCase const& found) = 0;
  [[nodiscard]] virtual std::optional<FraudCase> find(MarketNo market, std::int64_t case_no) = 0;
  /// Newest first.
  [[nodiscard]] virtual std::vector<FraudCase> list(FraudCaseFilter const& filter) = 0;
  /// @return false unless it was open
  [[nodiscard]] virtual bool decide(FraudCase const& decided) = 0;
};

}  // namespace leadex::storage
