// The rows that a lead brings to the database, for tests and benchmarks that trade leads whose
// contact nobody reads: sealed values and keys are a letter each.
#pragma once

#include "matching/market/codec.hpp"
#include "server/storage/market_rows.hpp"

namespace leadex::market {

/// @return a lead that was checked, as the offer describes it
inline storage::NewLead rows_of(OfferLead const& offer) {
  storage::NewLead lead;
  lead.lead_no = offer.lead_no;
  lead.tenant_no = offer.generator_no;
  lead.version = offer.version;
  lead.score = offer.score;
  lead.vehicle = offer.vehicle;
  lead.reason = offer.reason;
  lead.captured_us = offer.captured_us;
  lead.ask_micros = offer.ask_micros;
  lead.attributes = encode_value(offer.attributes);
  if (offer.named) lead.named_for = encode_value(offer.named_for);
  lead.consent_digest = "d";
  lead.contact_sealed = "c";
  lead.consent_sealed = "c";
  lead.kek_id = 202611;
  lead.key_wrapped = "k";
  return lead;
}

}  // namespace leadex::market
