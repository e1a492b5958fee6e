#pragma once
// The upload of the demo: people that do not exist, with some faults put in on purpose. Pure but
// for its arguments; any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/time.hpp"

namespace leadex::cli {

struct PlantedFault {
  std::int64_t row{};  ///< counts data records from 1
  std::string_view code;
};

struct DemoFile {
  std::string csv;
  std::int64_t rows{};
  std::vector<PlantedFault> faults;  ///< every row that must be refused, by row
  std::int64_t duplicates{};         ///< of these
};

/// Mailboxes at the domains kept for examples; telephone numbers that are well formed in the North
/// American plan, since its example range is too small. Nobody dials them.
/// @param seed  other people for another seed    @param now  of the captures, a little before
[[nodiscard]] DemoFile make_demo_file(std::uint64_t seed, Timestamp now);

}  // namespace leadex::cli
