#pragma once
// RealtimeRows: posted leads that a day's secret chose to be checked, and those secrets. Used
// inside one job of LotStore (lot_store.hpp). A check is a SpotCheck of the running lot of its UTC
// day, whose number is minus the day: claims, attempts and opinions are those of all checks.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/money.hpp"
#include "billing/values/time.hpp"
#include "server/storage/lots.hpp"
#include "server/storage/viewer.hpp"

namespace leadex::storage {

/// Days since 1970, UTC; above 0.
using DayNo = std::int32_t;

[[nodiscard]] constexpr BatchId running_lot(MarketNo market, DayNo day) { return {market, -day}; }
/// Whether a check is one of a posted lead; any other is of an upload's row.
[[nodiscard]] constexpr bool is_realtime(SpotCheck const& check) { return check.batch_no < 0; }

/// How a market's posted leads are sampled.
struct RealtimeTerms {
  BasisPoints rate;
  BasisPoints second_opinion;  ///< share of the checks
  bool hold{};                 ///< leads are offered once it is sure that they need no check
};

struct RealtimeDay {
  DayNo day{};
  std::string commitment;  ///< sha256(secret), 32 bytes
  std::string secret_sealed;
  RealtimeTerms terms;
  Timestamp published_at{};
};

/// A day and how far its checks are.
struct RealtimeDayView {
  RealtimeDay day;
  bool undecided{};  ///< a check has no verdict, or one that was not acted on
};

/// A posted lead that was chosen, as it stands in its row.
struct ChosenLead {
  std::int64_t lead_no{};
  std::int64_t tenant_no{};  ///< generator
  DayNo day{};
};
struct NewRealtimeCheck {
  ChosenLead lead;
  std::int64_t check_no{};
};

/// A check that has its verdict, which was not acted on.
struct DecidedCheck {
  CheckId check;
  ChosenLead lead;
  CheckVerdict verdict{};
  std::string reason;
};

/// A sale of a lead found bad whose buyer has not had all of its price back.
struct CreditableSale {
  std::int32_t slot{};
  market::SaleState state{};
};

/// A lead that its market has not seen, as it would be offered.
struct UnofferedLead {
  market::OfferLead offer;
  SealedLead sealed;
};

struct RealtimeCheckView {
  CheckId check;
  std::int64_t lead_no{};
  std::optional<CheckVerdict> verdict;
  std::string reason;
};
struct RealtimeCheckFilter {
  Viewer viewer;  ///< a generator: of its leads; a buyer: of leads it bought; staff: all
  MarketNo market{};
  DayNo day{};
  std::optional<std::int64_t> before_no;  ///< check
  int limit = 50;
};

/// Checks of a source's posted leads since it was last restricted for them.
struct PostedFigures {
  std::int64_t checked{};
  std::int64_t bad{};
};

class RealtimeRows {
 public:
  virtual ~RealtimeRows() = default;

  /// By the definition in force; none where posted leads are not sampled.
  [[nodiscard]] virtual std::optional<RealtimeTerms> terms(MarketNo market) = 0;
  /// A day that is there stays as it is. @return whether it was written
  virtual bool add_day(MarketNo market, RealtimeDay const& day) = 0;
  [[nodiscard]] virtual std::optional<RealtimeDay> day(MarketNo market, DayNo day) = 0;
  /// Newest first. @param asked_from  of earlier days it is not asked whether they are undecided
  [[nodiscard]] virtual std::vector<RealtimeDayView> days(MarketNo market,
                                                          std::optional<std::int64_t> before,
                                                          DayNo asked_from, int limit) = 0;
  [[nodiscard]] virtual std::optional<RealtimeDayView> day_view(MarketNo market, DayNo day,
                                                                DayNo asked_from) = 0;

  /// Chosen leads of that day and later that have no check.
  [[nodiscard]] virtual std::vector<ChosenLead> chosen(MarketNo market, DayNo from, int limit) = 0;
  /// Opens their checks; a lead that has one keeps it.
  virtual void open(MarketNo market, std::span<NewRealtimeCheck const> checks) = 0;
  /// What a check of a posted lead is about; none for another.
  [[nodiscard]] virtual std::optional<ChosenLead> lead_of(CheckId check) = 0;

  /// In the order of their numbers.
  [[nodiscard]] virtual std::vector<DecidedCheck> decided(MarketNo market, int limit) = 0;
  /// @return false when it was acted on before
  [[nodiscard]] virtual bool mark_applied(CheckId check) = 0;
  /// Nobody may have that lead any more, wherever it is: it is not offered or listed again.
  virtual void bar(LeadId lead) = 0;

  /// When the money of the lead's buyers is looked after next; none: they have it.
  virtual void credit_at(CheckId check, std::optional<Timestamp> at) = 0;
  /// Checks whose lead's buyers have money to come now, those that waited longest first.
  [[nodiscard]] virtual std::vector<DecidedCheck> owing(MarketNo market, int limit) = 0;
  /// Sales that are neither over nor, once settled, with a claw-back of the exchange's own.
  [[nodiscard]] virtual std::vector<CreditableSale> creditable(LeadId lead) = 0;

  /// Held leads after that one that may be offered: those that were not chosen, and those whose
  /// check found no fault and was acted on. By number.
  [[nodiscard]] virtual std::vector<UnofferedLead> to_release(MarketNo market,
                                                              std::int64_t after_no, int limit) = 0;
  /// Held leads that were erased: there is nobody to offer.
  [[nodiscard]] virtual std::vector<ChosenLead> erased(MarketNo market, int limit) = 0;

  /// Newest first.
  [[nodiscard]] virtual std::vector<RealtimeCheckView> checks(
      RealtimeCheckFilter const& filter) = 0;

  /// Adds one check. @return what the source's checks come to, with it; its row is locked
  [[nodiscard]] virtual PostedFigures count(MarketNo market, std::int64_t tenant_no, bool bad) = 0;
  /// The source was restricted for its checks: they count anew.
  virtual void begin_anew(MarketNo market, std::int64_t tenant_no) = 0;
};

}  // namespace leadex::storage
