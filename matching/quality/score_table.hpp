#pragma once
// A market's points table and what it says of a lead: a score from 0 to 100 with a log of points
// that sum to exactly that. Whole numbers only, no clock: the same facts give the same log. Pure;
// any thread.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "matching/market/command.hpp"
#include "matching/targeting/schema.hpp"

namespace leadex::quality {

/// What a rule looks at: who the lead is, how complete it came, how it was captured, what came
/// before and how long ago.
enum class ScoreGroup : std::uint8_t { profile = 0, document = 1, form = 2, behaviour = 3 };
inline constexpr std::string_view kScoreGroups[] = {"profile", "document", "form", "behaviour"};

/// What is known of a lead's contact and capture without telling any of it. Values are bits' places
/// in stored facts: never reorder.
enum class LeadFact : std::uint8_t {
  email = 0,
  phone = 1,
  email_and_phone = 2,
  full_name = 3,
  postal_address = 4,  // street, city and postal code
  date_of_birth = 5,
  certificate = 6,      // of a third party, for the consent
  named_companies = 7,  // the consent names who may call
  landing_page = 8,
  ip_address = 9,
  user_agent = 10,
  campaign_tags = 11,    // utm_source at least
  confirmed_later = 12,  // the consent came after the capture, as by an answered mail
};
inline constexpr std::string_view kLeadFacts[] = {
    "email",         "phone",         "email_and_phone", "full_name",    "postal_address",
    "date_of_birth", "certificate",   "named_companies", "landing_page", "ip_address",
    "user_agent",    "campaign_tags", "confirmed_later"};
/// The first facts are of the document, the others of the form.
[[nodiscard]] constexpr ScoreGroup group_of(LeadFact fact) {
  return fact < LeadFact::landing_page ? ScoreGroup::document : ScoreGroup::form;
}

enum class ScoreTest : std::uint8_t {
  any_of = 0,       // profile: an attribute is one of `texts` (choices, texts) or `numbers`
  between = 1,      // profile: an integer lies in low … high
  known = 2,        // document, form: `fact`
  vehicle = 3,      // form: the lead came by one of `numbers`
  freshness = 4,    // behaviour: points × decay of the time from capture to arrival
  touchpoints = 5,  // behaviour: points × sum of decays of touchpoints before the capture
};

inline constexpr std::size_t kScoreRulesMax = 200;
inline constexpr std::size_t kScoreValuesMax = 1000;  // of one rule
inline constexpr std::int32_t kScorePointsMax = 1000;
inline constexpr std::int32_t kScoreMax = 100;
inline constexpr std::int32_t kTouchesMax = 50;
inline constexpr std::int64_t kHalfLifeMax_s = 315'360'000;
inline constexpr std::size_t kScoreReasonBytesMax = 64;

struct ScoreRule {
  ScoreTest test{};
  ScoreGroup group{};
  std::uint16_t attribute{};          // any_of, between: place in the market version's list
  std::vector<std::string> texts;     // any_of of a choice or text
  std::vector<std::int64_t> numbers;  // any_of of integers or booleans; vehicles, none: all
  std::int64_t low{};
  std::int64_t high{};
  LeadFact fact{};
  std::int64_t half_life_s{};
  std::int32_t count_max{kTouchesMax};  // touchpoints: the latest ones count
  std::int32_t points{};
  std::string reason;  // a word for the log

  friend bool operator==(ScoreRule const&, ScoreRule const&) = default;
  static void fields(auto& self, auto& io) {
    io(self.test, self.group, self.attribute, self.texts, self.numbers, self.low, self.high,
       self.fact, self.half_life_s, self.count_max, self.points, self.reason);
  }
};

struct ScoreTable {
  bool enabled{};  // else leads have no score
  std::int32_t base{};
  std::int32_t qualified_from{50};  // this score makes a lead marketing_qualified
  std::vector<ScoreRule> rules;     // by group, in the order given

  friend bool operator==(ScoreTable const&, ScoreTable const&) = default;
  static void fields(auto& self, auto& io) {
    io(self.enabled, self.base, self.qualified_from, self.rules);
  }
};

enum class ScoreTableError : std::uint8_t {
  too_many_rules,
  base_out_of_range,       // not within ±kScorePointsMax
  threshold_out_of_range,  // not 0 … kScoreMax
  points_out_of_range,     // 0, or beyond ±kScorePointsMax
  reason_invalid,          // not [a-z][a-z0-9_]*, or too long
  group_wrong,             // the test belongs to another group
  attribute_unknown,
  values_invalid,  // none, too many, twice, of another type, or not among the attribute's
  range_invalid,   // low above high, or the attribute is no integer
  half_life_out_of_range,
  count_out_of_range,
};
struct ScoreTableFault {
  ScoreTableError code{};
  std::size_t rule{};  // place in `rules`
};
/// The first fault; nothing when the table is sound for leads with these attributes.
[[nodiscard]] std::optional<ScoreTableFault> fault_of(
    ScoreTable const& table, std::span<targeting::AttributeDef const> attributes);

struct Touch {
  std::int64_t at_us{};
  std::int32_t vehicle{};  // ordinal in targeting::kVehicles
  friend bool operator==(Touch const&, Touch const&) = default;
  static void fields(auto& self, auto& io) { io(self.at_us, self.vehicle); }
};

/// What is kept of a lead beside its row, so that its log can be made again: no personal data.
struct ScoreFacts {
  std::int64_t scored_us{};    // when it arrived
  std::uint32_t known{};       // bit n: LeadFact n
  std::vector<Touch> touches;  // at most kTouchesMax, in any order
  friend bool operator==(ScoreFacts const&, ScoreFacts const&) = default;
  static void fields(auto& self, auto& io) { io(self.scored_us, self.known, self.touches); }
};

/// A lead as the table sees it. Views: for the call only.
struct ScoredLead {
  std::span<market::AttributeText const> attributes;  // in the order of the table's version
  std::int32_t vehicle{};
  std::int64_t captured_us{};
  ScoreFacts const& facts;
};

/// A line of the log. Rules count from 1.
struct ScoreLine {
  enum class Kind : std::uint8_t { base, rule, limit };
  Kind kind{};
  std::int32_t rule{};
  std::int64_t points{};
  friend bool operator==(ScoreLine const&, ScoreLine const&) = default;
};

struct Score {
  std::int64_t value{};        // 0 … kScoreMax
  std::vector<ScoreLine> log;  // lines of no points are left out; their sum is the value
};

/// Base, then each rule in order, then what keeps the sum within 0 … kScoreMax. Decayed points are
/// rounded towards zero, rule by rule. The table must be sound.
/// @cost O(rules × (values + touches)); a microsecond for a usual table.
[[nodiscard]] Score score_lead(ScoreTable const& table, ScoredLead const& lead);

}  // namespace leadex::quality
