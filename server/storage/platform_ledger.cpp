#include "server/storage/platform_ledger.hpp"

namespace leadex::storage {

std::string_view text(PlatformRefusal refusal) {
  switch (refusal) {
    case PlatformRefusal::amount_not_positive:
      return "amount_not_positive";
    case PlatformRefusal::currency_unknown:
      return "currency_unknown";
    case PlatformRefusal::market_unknown:
      return "market_unknown";
    case PlatformRefusal::insufficient_funds:
      return "insufficient_funds";
    case PlatformRefusal::overflow:
      return "overflow";
    case PlatformRefusal::intent_unknown:
      return "intent_unknown";
    case PlatformRefusal::intent_not_ready:
      return "intent_not_ready";
    case PlatformRefusal::intent_applied:
      return "intent_applied";
  }
  return "unknown";
}

}  // namespace leadex::storage
