#pragma once
// LeadSource: what was told of where a lead came from, beside its vehicle and reason, as table
// lead_source has it. Stored with the lead itself, in the same transaction. Plain values; any
// thread.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "matching/quality/source_taxonomy.hpp"

namespace leadex::storage {

/// One contact of a person with its later source, as the lead's generator told it.
struct Touch {
  std::int64_t at_us{};
  std::int32_t vehicle{};  ///< number in targeting::kVehicles
  std::string reason;
  static void fields(auto& self, auto& io) { io(self.at_us, self.vehicle, self.reason); }
  friend bool operator==(Touch const&, Touch const&) = default;
};

/// utm_source, utm_medium, utm_campaign, sub1 … sub5; "": not told.
inline constexpr std::size_t kSourceTags = 8;
inline constexpr std::int32_t kHopsUntold = -1;

struct LeadSource {
  bool vehicle_told{};  ///< else the lead has the class's
  bool reason_told{};
  quality::SourceClass found;  ///< by the taxonomy below
  bool taxonomy_own{};         ///< of its market, not of the exchange
  std::int32_t taxonomy_version{};
  std::array<std::string, kSourceTags> tags;
  std::int32_t hops{kHopsUntold};
  std::vector<Touch> touches;  ///< in the order of time
};

}  // namespace leadex::storage
