#pragma once
// PrivacyServices: what the handlers of persons' rights work with beside the ApiContext. Built once
// by main; all references outlive the server. Any thread.

#include "server/api/api_context.hpp"
#include "server/app/forget_persons.hpp"
#include "server/http/router.hpp"
#include "server/storage/buyer_rights.hpp"
#include "server/storage/do_not_call.hpp"
#include "server/storage/lead_reads.hpp"
#include "server/storage/privacy_store.hpp"

namespace leadex::api {

struct PrivacyServices {
  storage::PrivacyStore& store;
  storage::BuyerRights& rights;  ///< the exchange's own list is account 0's
  storage::LeadReads& leads;
  market::MarketHost& markets;
  privacy::KeyRing const& keys;
  storage::DoNotCallLists* do_not_call = nullptr;  ///< null: those operations are not served

  /// For app::forget_persons and app::run_retention.
  [[nodiscard]] app::ForgetServices forgetting() const;
};

/// Adds erasures, opt-outs and the exchange's own list. `services` outlives the router.
void register_privacy(http::Router& router, ApiContext& context, PrivacyServices const& services);

}  // namespace leadex::api
