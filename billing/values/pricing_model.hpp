#pragma once
// What a price is paid for: a lead (CPL), an acquisition (CPA) or a click (CPC). Pure; any thread.

#include <cstdint>

namespace leadex {

enum class PricingModel : std::uint8_t { cpl = 0, cpa = 1, cpc = 2 };

}  // namespace leadex
