#pragma once
// InspectionRows: plans of lots, where each source stands, second opinions and people to be tried
// again. Used inside one job of LotStore (lot_store.hpp).

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/time.hpp"
#include "matching/quality/agreement.hpp"
#include "matching/quality/inspection.hpp"
#include "matching/quality/stopping_plan.hpp"
#include "server/storage/lots.hpp"

namespace leadex::storage {

/// What a version of a market says of its checks beside the rates, which its settings hold.
struct CheckTerms {
  quality::PlanMethod method{};
  BasisPoints second_opinion;  ///< share of the checks
  friend bool operator==(CheckTerms const&, CheckTerms const&) = default;
};

/// By what a lot is judged. Written once, so that a later search of plans changes no lot.
struct LotPlan {
  quality::PlanMethod method{};
  quality::InspectionMode mode{};  ///< not stopped: such a source's lots are checked as tightened
  bool strict{};                   ///< tightened for the sake of its file
  bool skipped{};                  ///< accepted unseen
  quality::StoppingPlan steps;     ///< all 0 when skipped
};

/// A source in a market, with its figures of all time.
struct SourceStanding {
  std::int64_t tenant_no{};
  quality::Standing standing;
  std::int64_t lots_accepted{};
  std::int64_t lots_rejected{};
  std::int64_t lots_skipped{};
  std::int64_t checked{};          ///< rows with a verdict good or bad that counted
  std::int64_t bad{};              ///< of these
  std::optional<Timestamp> since;  ///< when the mode began; none before the first lot
};

/// How often a person was tried, and how many verifiers are to judge.
struct CheckTurn {
  std::int32_t opinions{1};
  std::optional<std::int32_t> attempt_day;  ///< days since 1970
  std::int32_t attempts_that_day{};
  std::optional<Timestamp> rest_until;  ///< out of the queue before
};

struct Opinion {
  CheckVerdict verdict{};
  std::string reason;
  std::int64_t decided_by{};  ///< principal
};

class InspectionRows {
 public:
  virtual ~InspectionRows() = default;

  /// Of a version that is there; a definition that says nothing: fixed plans, no second opinions.
  [[nodiscard]] virtual CheckTerms terms(MarketNo market, std::int32_t version) = 0;

  /// None for lots from before plans were stored, and while the upload runs.
  [[nodiscard]] virtual std::optional<LotPlan> plan(BatchId batch) = 0;
  /// Also sets the batch's mode.
  virtual void save_plan(BatchId batch, LotPlan const& plan) = 0;
  /// Whether a lot of that file was rejected in the market, or taken back under check.
  [[nodiscard]] virtual bool was_refused(MarketNo market, std::string const& file_sha256) = 0;
  /// Whether that is so of an earlier lot of this one's own generator.
  [[nodiscard]] virtual bool was_refused_to_owner(BatchId batch) = 0;

  /// A source without lots stands at the beginning.
  [[nodiscard]] virtual SourceStanding source(MarketNo market, std::int64_t tenant_no) = 0;
  /// Likewise; no other job changes it until this one ends.
  [[nodiscard]] virtual SourceStanding source_locked(MarketNo market, std::int64_t tenant_no) = 0;
  /// As source(); while it has lots that were decided, no other job changes it until this one ends.
  [[nodiscard]] virtual SourceStanding source_held(MarketNo market, std::int64_t tenant_no) = 0;
  virtual void save_source(MarketNo market, SourceStanding const& source) = 0;
  /// In the order of their numbers.
  [[nodiscard]] virtual std::vector<SourceStanding> sources(MarketNo market,
                                                            std::int64_t after_tenant_no,
                                                            int limit) = 0;

  /// Checks as verifier `principal_no` is shown them: without those that rest, without those that
  /// wait for somebody else's opinion, and of those that are done only those that it judged last.
  [[nodiscard]] virtual std::vector<SpotCheck> queue(CheckFilter const& filter,
                                                     std::int64_t principal_no) = 0;
  [[nodiscard]] virtual CheckTurn turn(CheckId check) = 0;
  virtual void save_turn(CheckId check, CheckTurn const& turn) = 0;

  /// Rows of the batch, with a check, that two verifiers are to judge.
  virtual void want_second(BatchId batch, std::span<std::int64_t const> rows) = 0;
  /// In the order in which they were given.
  [[nodiscard]] virtual std::vector<Opinion> opinions(CheckId check) = 0;
  virtual void add_opinion(CheckId check, std::int32_t opinion_no, Opinion const& opinion) = 0;
  /// Open for another verifier, as if nobody had tried; `opinions` are wanted by now.
  virtual void reopen(CheckId check, std::int32_t opinions) = 0;
  /// Leads of the batch that a verifier called bad, unless the check's verdict is good.
  [[nodiscard]] virtual std::vector<std::int64_t> called_bad(BatchId batch) = 0;
  /// Whether a check waits for another opinion and no verifier is left to give it.
  [[nodiscard]] virtual bool lacks_verifier(BatchId batch) = 0;
  /// First and second opinions, of the checks of the market that have both: those of 90 days.
  [[nodiscard]] virtual quality::OpinionTable opinion_table(MarketNo market) = 0;
};

}  // namespace leadex::storage
