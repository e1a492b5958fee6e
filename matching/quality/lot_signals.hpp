#pragma once
// Signs of fraud in a lot, or in what a source posted on a day: kinds of leads that an honest
// source has few of, counted and compared with the lots of other sources. A finding opens a case
// for staff and is never a charge or a refusal by itself. Statistics: floating point inside,
// integers in what is kept. Pure; any thread. Source: docs/decisions/0029-source-fraud.md.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace leadex::quality {

/// The numbers are stored.
enum class LotSignal : std::uint8_t {
  crowded_addresses = 1,  // more leads of one IP address within a day than a household makes
  crowded_devices = 2,    // … of one device within a day
  people_known = 3,       // the market had the person from another source lately
  filled_too_fast = 4,    // the form was sent sooner than it can be read
  captured_long_ago = 5,  // the lead had been lying about before it came
  many_hops = 6,          // it went through more hands than the market allows
  rows_of_other_lot = 7,  // all but the contact is a row of an earlier lot
  crowded_contacts = 8,   // one person's e-mail or phone was posted more often than a person asks
  planted_contact = 9,    // a contact that the exchange planted; a certainty, never counted
};
inline constexpr std::size_t kLotSignals = 8;  // that are counted

/// Leads that can show the sign, and those that do. 0 ≤ events ≤ leads.
struct SignalCount {
  std::int64_t leads{};
  std::int64_t events{};
  [[nodiscard]] bool valid() const { return events >= 0 && events <= leads; }
  SignalCount& operator+=(SignalCount const& more);
  friend bool operator==(SignalCount const&, SignalCount const&) = default;
};

/// One count for each sign, in the order of their numbers.
struct LotCounts {
  std::array<SignalCount, kLotSignals> counts{};
  [[nodiscard]] SignalCount& of(LotSignal signal);
  [[nodiscard]] SignalCount const& of(LotSignal signal) const;
};

struct SignalSettings {
  /// Share of honest lots that get a finding, over all signs together: 1 … 500'000.
  std::int64_t false_alarms_ppm{1'000};
  /// An honest source's odds of a sign are at most this part of the other sources': sources differ.
  /// 1'000'000 … 100'000'000.
  std::int64_t honest_odds_ppm{3'000'000};
  /// What a market bears of each sign whatever the others do, as if so many leads had been seen
  /// with that share of it; others who bring fewer leads are no measure yet. Leads 1 … 1'000'000,
  /// share 0 … 1'000'000.
  std::int64_t expected_leads{1'000};
  std::int64_t expected_ppm{10'000};
  std::int64_t events_min{5};            // fewer are chance, whatever the others have; at least 1
  std::int64_t confidence_ppm{950'000};  // of the stated interval: 1 … 999'999
  [[nodiscard]] bool valid() const;
};

/// Rates and shares in millionths.
struct SignalFinding {
  LotSignal signal{};
  std::int64_t leads{};
  std::int64_t events{};
  std::int64_t rate_ppm{};
  std::int64_t rate_low_ppm{};
  std::int64_t rate_high_ppm{};
  std::int64_t confidence_ppm{};  // that the interval holds the source's true rate
  std::int64_t reference_ppm{};   // of the others, or what is expected while these are few
  std::int64_t evidence_milli{};  // 1000 × log10 of how unlikely this is for an honest source
  std::int64_t false_alarms_ppm{};
  friend bool operator==(SignalFinding const&, SignalFinding const&) = default;
};

/// ln P(that many events or more) of the least honest source that still counts as one: the higher
/// one of what is expected and, once they are enough, of the others. Exact: given the events of
/// both sides together, the lot's part is noncentral hypergeometric. @pre valid
[[nodiscard]] double log_probability(SignalCount lot, SignalCount others,
                                     SignalSettings const& settings);

/// Every sign whose probability is at most its part of the false alarms, by number.
/// @param others  the same counts of other sources' lots of the market; lots that have an open or
///                upheld case are left out of them, else who cheats first sets the measure
[[nodiscard]] std::vector<SignalFinding> judge_lot_signals(LotCounts const& lot,
                                                           LotCounts const& others,
                                                           SignalSettings const& settings);

/// What was looked at.
enum class SignalScope : std::uint8_t { lot, day };

/// "crowded_addresses", …: as the API names it.
[[nodiscard]] std::string_view word(LotSignal signal);
/// The finding in an English sentence with its rate and interval. Names nobody.
[[nodiscard]] std::string statement(SignalFinding const& finding,
                                    SignalScope scope = SignalScope::lot);

}  // namespace leadex::quality
