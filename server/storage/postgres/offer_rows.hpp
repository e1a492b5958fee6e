#pragma once
// Stored leads as the market is offered them. Inside this room only; used on the thread of the
// connection.

#include <pqxx/result>

#include "matching/market/command.hpp"

namespace leadex::storage::postgres {

/// The first columns of a statement over `lead l`, as read_offer() takes them.
#define LEADEX_OFFER_COLUMNS                                                                \
  "l.lead_no, l.tenant_no, l.version, l.score, l.vehicle, l.reason, l.captured_us, "        \
  "l.ask_micros, l.attributes, l.named_for, array(select buyer from lead_withheld w where " \
  "w.market_id = l.market_id and w.lead_no = l.lead_no order by 1)"
inline constexpr int kOfferColumns = 11;

/// @errors  std::runtime_error for a row whose values no program wrote
[[nodiscard]] market::OfferLead read_offer(pqxx::row const& row);

}  // namespace leadex::storage::postgres
