#pragma once
// A finding: evidence about a buyer that a person should look at. It opens a case and is never a
// charge by itself. Its numbers are integers, so that it is stored and shown as it was found. Pure;
// any thread.

#include <cstdint>
#include <string>

namespace leadex::quality {

enum class FindingKind : std::uint8_t {
  conversions_hidden = 1,        // verified conversions that the buyer did not report
  conversions_below_others = 2,  // reports less than others do of the same segments
  returns_above_mix = 3,         // returns more than others do of the same generators' leads
  returned_then_converted = 4,   // one lead
};

/// Rates and shares in millionths.
struct Finding {
  FindingKind kind{};
  std::int64_t buyer_no{};
  std::int64_t generator_no{};   // 0: of all its generators
  std::int64_t lead_no{};        // 0: of many leads
  std::int64_t lead_later_no{};  // returned_then_converted: the lead it converted as
  std::int64_t counted{};        // leads, or verified conversions, looked at
  std::int64_t seen{};           // of these: reported, converted, returned
  std::int64_t rate_ppm{};       // seen ÷ counted
  std::int64_t rate_low_ppm{};   // its interval
  std::int64_t rate_high_ppm{};
  std::int64_t confidence_ppm{};  // that the interval holds the true rate
  std::int64_t reference_ppm{};   // what it is compared with
  std::int64_t evidence_milli{};  // 1000 × log10 of how unlikely this is for an honest buyer
  std::int64_t
      false_alarms_ppm{};  // share of honest buyers that one run of the test finds, at most
  bool told_by_systems{};  // returned_then_converted: by the buyer's postback, not by itself

  friend bool operator==(Finding const&, Finding const&) = default;
  static void fields(auto& self, auto& io) {
    io(self.kind, self.buyer_no, self.generator_no, self.lead_no, self.lead_later_no, self.counted,
       self.seen, self.rate_ppm, self.rate_low_ppm, self.rate_high_ppm, self.confidence_ppm,
       self.reference_ppm, self.evidence_milli, self.false_alarms_ppm, self.told_by_systems);
  }
};

/// The finding in one or two English sentences with its rate and interval. Names nobody.
[[nodiscard]] std::string statement(Finding const& finding);

}  // namespace leadex::quality
