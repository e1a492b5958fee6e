#pragma once
// From a checked lead to what is stored of it: the sealed contact and consent evidence, the digests
// its person is known by, the attributes as the market's writer reads them. Uploads and posted
// leads both go through here. Any thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "billing/values/ids.hpp"
#include "server/intake/contact/lead_check.hpp"
#include "server/market/settings.hpp"
#include "server/privacy/key_ring.hpp"
#include "server/storage/buyer_rights.hpp"
#include "server/storage/market_rows.hpp"

namespace leadex::intake {

/// What the row check asks for in a market of these settings.
[[nodiscard]] MarketRules rules_of(market::MarketSettings const& settings);

/// The `contact` of a Lead as its buyer gets it: fields that were given, byte for byte.
[[nodiscard]] std::string contact_json(CheckedLead const& lead);
/// What a hosted form knows of how a consent was given: its buyer gets it with the consent. Which
/// form it was stands in the page's address alone, which is not the buyer's.
struct FormEvidence {
  std::int32_t version{};
  std::string definition_sha256;  // of the version as stored, hex
  Timestamp shown_at{};
  std::int64_t form_ms{};  // from shown to sent
  std::optional<Timestamp> confirmed_at{};
};
/// `{"consent":…,"ip_address","user_agent","landing_page_url","source":…}`: the evidence. The
/// consent has a `"form"` too where a hosted one brought it.
[[nodiscard]] std::string evidence_json(CheckedLead const& lead,
                                        FormEvidence const* form = nullptr);

/// A lead claims what its person is known by: e-mail, the mailbox behind it if that is spelled
/// otherwise, phone. An erasure takes off whatever earlier versions claimed as well.
enum class DigestUse : std::uint8_t { claim, erasure };
/// 16 bytes each, all different, at least one; 3 at most for a claim.
[[nodiscard]] std::vector<std::string> person_digests(privacy::KeyRing const& ring,
                                                      CheckedLead const& lead, DigestUse use);

/// Of a row that is not sound: what it would claim, as far as its e-mail and its phone can be read.
[[nodiscard]] std::vector<std::string> digests_told(privacy::KeyRing const& ring,
                                                    RawLead const& raw, std::string_view country);

[[nodiscard]] std::vector<market::AttributeText> attribute_texts(CheckedLead const& lead);

/// Where a lead stands among the others.
struct LeadPlace {
  LeadId id;
  std::int64_t batch_no{};  ///< 0: real-time
  std::int64_t row_no{};
  std::int64_t tenant_no{};
  std::int32_t version{};    ///< of the market's settings
  std::optional<Money> ask;  ///< for leads that bring none
  /// Buyers that the consent names, ascending; means something when it names companies.
  std::vector<std::int64_t> named_for{};
  /// Whose points table scores it; null: it gets no score.
  std::shared_ptr<market::MarketSettings const> settings{};
  Timestamp arrived_at{};
  bool of_ping{};  ///< without its person
  /// By which it was checked; null: none was in force.
  std::shared_ptr<storage::TaxonomyVersion const> taxonomy{};
  bool planted{};  ///< the exchange's own contact: it rests like any other, and is open to no buyer
};

/// The companies a consent names as accounts are asked for, each once; empty for an open one.
[[nodiscard]] std::vector<std::string> company_keys(CheckedLead const& lead);
/// Which of the buyers found under any names have one of these, ascending.
[[nodiscard]] std::vector<std::int64_t> buyers_of(std::vector<std::string> const& keys,
                                                  storage::NamedBuyers const& found);

/// All rows of one lead, state checked. @cost about 10 µs: two values are sealed.
[[nodiscard]] storage::NewLead make_new_lead(privacy::KeyRing const& ring, CheckedLead const& lead,
                                             LeadPlace const& place,
                                             FormEvidence const* form = nullptr);

/// The offer of such a lead to its market.
[[nodiscard]] market::OfferLead make_offer(storage::NewLead const& row, CheckedLead const& lead);
/// The same of a lead that is only tried: nothing is sealed.
[[nodiscard]] market::OfferLead make_offer(CheckedLead const& lead, LeadPlace const& place);

}  // namespace leadex::intake
