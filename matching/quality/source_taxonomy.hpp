#pragma once
// A taxonomy of sources: the words of its two axes, how a lead arrived (vehicle) and why (reason),
// and ordered rules that classify a lead by what was told of its source. Pure; any thread.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace leadex::quality {

inline constexpr std::size_t kTaxonomyReasonsMax = 500;
inline constexpr std::size_t kTaxonomyRulesMax = 500;
inline constexpr std::size_t kRuleTestsMax = 8;
inline constexpr std::size_t kTaxonomyValueBytesMax = 256;
inline constexpr std::size_t kTaxonomyNameBytesMax = 128;  // as a lead's reason

/// What a rule can look at. The numbers are stored. Hosts are those of the addresses told.
enum class SourceField : std::uint8_t {
  utm_source,
  utm_medium,
  utm_campaign,
  sub1,
  sub2,
  sub3,
  sub4,
  sub5,
  landing_host,
  referrer_host,
  vehicle,  ///< as told
  reason    ///< as told
};
inline constexpr std::array<std::string_view, 12> kSourceFields{
    "utm_source", "utm_medium", "utm_campaign", "sub1",          "sub2",    "sub3",
    "sub4",       "sub5",       "landing_host", "referrer_host", "vehicle", "reason"};

/// How a value is compared; ASCII letters of either case are the same, and what was not told is
/// empty. The numbers are stored.
enum class SourceMatch : std::uint8_t {
  equals,    ///< with "": was not told
  prefix,    ///< begins with
  contains,  ///< has it somewhere
  domain,    ///< is this host or one below it
  given      ///< was told at all
};
inline constexpr std::array<std::string_view, 5> kSourceMatches{"equals", "prefix", "contains",
                                                                "domain", "given"};

struct SourceTest {
  SourceField field{};
  SourceMatch match{};
  std::string value;
  static void fields(auto& self, auto& io) { io(self.field, self.match, self.value); }
  friend bool operator==(SourceTest const&, SourceTest const&) = default;
};

inline constexpr std::int32_t kNoVehicle = -1;

/// Holds when all tests do; says something of one axis or of both.
struct SourceRule {
  std::vector<SourceTest> tests;
  std::int32_t vehicle{kNoVehicle};  ///< number in targeting::kVehicles
  std::string reason;                ///< "": says nothing of it
  static void fields(auto& self, auto& io) { io(self.tests, self.vehicle, self.reason); }
  friend bool operator==(SourceRule const&, SourceRule const&) = default;
};

struct VehicleTitle {
  std::int32_t vehicle{};
  std::string title;  ///< for people
  static void fields(auto& self, auto& io) { io(self.vehicle, self.title); }
  friend bool operator==(VehicleTitle const&, VehicleTitle const&) = default;
};
struct ReasonTitle {
  std::string reason;
  std::string title;
  static void fields(auto& self, auto& io) { io(self.reason, self.title); }
  friend bool operator==(ReasonTitle const&, ReasonTitle const&) = default;
};

struct Taxonomy {
  std::vector<VehicleTitle> vehicles;  ///< those in use, of the ten there are
  std::vector<ReasonTitle> reasons;
  std::vector<SourceRule> rules;  ///< the first that holds and speaks of an axis decides it
  static void fields(auto& self, auto& io) { io(self.vehicles, self.reasons, self.rules); }
  friend bool operator==(Taxonomy const&, Taxonomy const&) = default;
};

/// Of a taxonomy: where it is wrong, as a JSON pointer into it, and what.
struct TaxonomyFault {
  std::string pointer;
  std::string_view code;
  std::string_view detail;
};
/// Empty when rules only say words of their own lists, no word stands twice and all is inside the
/// limits.
[[nodiscard]] std::vector<TaxonomyFault> faults_of(Taxonomy const& taxonomy);

/// What was told of one lead's source, by SourceField.
using SourceClues = std::array<std::string_view, kSourceFields.size()>;

struct SourceClass {
  std::int32_t vehicle{kNoVehicle};
  std::string reason;  ///< "": no rule spoke of it
  friend bool operator==(SourceClass const&, SourceClass const&) = default;
};

/// @cost  O(rules × tests × length)
[[nodiscard]] SourceClass classify(Taxonomy const& taxonomy, SourceClues const& clues);

}  // namespace leadex::quality
