#include "server/intake/contact/market_rules.hpp"

namespace leadex::intake {

std::optional<std::size_t> MarketRules::attribute_named(std::string_view name) const {
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    if (attributes[i].name == name) return i;
  }
  return std::nullopt;
}

}  // namespace leadex::intake
