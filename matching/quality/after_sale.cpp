#include "matching/quality/after_sale.hpp"

#include <algorithm>
#include <array>

namespace leadex::quality {
namespace {

constexpr std::array<std::string_view, 17> kNames{"y",
                                                  "won",
                                                  "lost",
                                                  "stage",
                                                  "duration",
                                                  "outcome",
                                                  "result",
                                                  "disposition",
                                                  "converted",
                                                  "target",
                                                  "conversion",
                                                  "lost_reason",
                                                  "return_reason",
                                                  "returned",
                                                  "talk_time",
                                                  "call_duration",
                                                  "closed_at"};
constexpr std::array<std::string_view, 5> kPrefixes{"call_", "sale_", "sold_", "disposition_",
                                                    "outcome_"};

}  // namespace

bool named_after_sale(std::string_view name) {
  return std::ranges::find(kNames, name) != kNames.end() ||
         std::ranges::any_of(kPrefixes, [=](auto prefix) { return name.starts_with(prefix); });
}

}  // namespace leadex::quality
