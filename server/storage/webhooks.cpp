#include "server/storage/webhooks.hpp"

namespace leadex::storage {

std::string_view text(OwnEvent event) {
  switch (event) {
    case OwnEvent::batch_checked:
      return "batch.checked";
    case OwnEvent::payout_sent:
      return "payout.sent";
    case OwnEvent::payout_failed:
      return "payout.failed";
    case OwnEvent::lead_erased:
      return "lead.erased";
    case OwnEvent::balance_low:
      return "balance.low";
    case OwnEvent::webhook_test:
      return "webhook.test";
    case OwnEvent::lead_withdrawn:
      return "lead.withdrawn";
  }
  LEADEX_CHECK(false);
}

}  // namespace leadex::storage
