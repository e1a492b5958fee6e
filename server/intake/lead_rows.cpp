#include "server/intake/lead_rows.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "billing/values/check.hpp"
#include "matching/market/codec.hpp"
#include "matching/targeting/schema.hpp"
#include "server/intake/contact/company_name.hpp"
#include "server/intake/contact/mailbox.hpp"
#include "server/intake/contact/text.hpp"
#include "server/intake/lead_score.hpp"
#include "server/intake/lead_source_row.hpp"
#include "server/json/writer.hpp"
#include "server/privacy/blind_index.hpp"
#include "server/privacy/lead_envelope.hpp"

namespace leadex::intake {
namespace {

static_assert(std::size(targeting::kVehicles) == static_cast<std::size_t>(Vehicle::other) + 1);

AttributeRule rule_of(targeting::AttributeDef const& def, bool required) {
  AttributeRule rule{.name = def.name, .required = required};
  switch (def.type) {
    case targeting::AttributeType::choice:
      for (auto const& choice : def.choices) rule.one_of.emplace_back(choice);
      break;
    case targeting::AttributeType::text:
      rule.max_length = def.max_length;
      break;
    case targeting::AttributeType::integer:
      rule.type = AttributeType::integer;
      rule.minimum = def.minimum;
      rule.maximum = def.maximum;
      break;
    case targeting::AttributeType::boolean:
      rule.type = AttributeType::boolean;
      break;
  }
  return rule;
}

void put(json::JsonWriter& out, std::string_view name, std::string const& value) {
  if (!value.empty()) out.field(name, value);
}

void put(json::JsonWriter& out, CheckedLead const& lead, Column from, Column to) {
  for (auto i = index_of(from); i <= index_of(to); ++i) {
    auto const column = static_cast<Column>(i);
    put(out, name_of(column), lead.at(column));
  }
}

void put(json::JsonWriter& out, FormEvidence const& form) {
  auto const object = out.object("form");
  out.field("version", form.version);
  out.field("definition_sha256", form.definition_sha256);
  out.field("shown_at", form.shown_at);
  out.field("form_ms", form.form_ms);
  out.field_if("confirmed_at", form.confirmed_at);
}

std::string text_of(privacy::BlindIndex const& index) {
  return std::string{crypto::view_of(index)};
}

}  // namespace

MarketRules rules_of(market::MarketSettings const& settings) {
  MarketRules rules;
  rules.country = settings.country;
  rules.currency = settings.currency;
  auto const& defs = settings.rules.attributes;
  for (std::size_t i = 0; i < defs.size(); ++i) {
    rules.attributes.push_back(
        rule_of(defs[i], i < settings.required.size() && settings.required[i] != 0));
  }
  if (settings.consent_age_max_us > 0) {
    rules.consent.age_max = std::chrono::seconds{settings.consent_age_max_us / 1'000'000};
  }
  return rules;
}

std::string contact_json(CheckedLead const& lead) {
  json::JsonWriter out;
  {
    auto const contact = out.object();
    put(out, lead, Column::first_name, Column::postal_code);
    put(out, "country", lead.at(Column::contact_country));
    put(out, lead, Column::date_of_birth, Column::date_of_birth);
  }
  return out.str();
}

std::string evidence_json(CheckedLead const& lead, FormEvidence const* form) {
  json::JsonWriter out;
  {
    auto const evidence = out.object();
    {
      auto const consent = out.object("consent");
      put(out, "at", lead.at(Column::consent_at));
      put(out, "text", lead.at(Column::consent_text));
      put(out, lead, Column::trustedform_cert_url, Column::jornaya_leadid);
      if (form != nullptr) put(out, *form);
      if (!lead.consent_companies.empty()) {
        auto const companies = out.array("companies");
        for (auto const& name : lead.consent_companies) out.value(name);
      }
    }
    put(out, lead, Column::ip_address, Column::referrer_url);
    auto const source = out.object("source");
    put(out, lead, Column::utm_source, Column::hops);
    if (!lead.touchpoints.empty()) {
      auto const touchpoints = out.array("touchpoints");
      for (auto const& point : lead.touchpoints) {
        auto const one = out.object();
        out.field("at", point.at);
        out.field("vehicle", to_string(point.vehicle));
        out.field("reason", point.reason);
      }
    }
  }
  return out.str();
}

std::vector<std::string> person_digests(privacy::KeyRing const& ring, CheckedLead const& lead,
                                        DigestUse use) {
  using privacy::BlindField;
  std::vector<std::string> digests;
  auto const add_email = [&](std::string_view form) {
    auto digest = text_of(blind_index(ring, BlindField::email, form));
    if (std::ranges::find(digests, digest) == digests.end()) digests.push_back(std::move(digest));
  };
  if (lead.email) {
    add_email(lead.email->normalised);
    // Under the key of plain addresses, so that john+x meets john, who claims no second form.
    auto const mailbox = mailbox_of(*lead.email);
    if (mailbox != lead.email->normalised) add_email(mailbox);
    if (use == DigestUse::erasure) {
      auto const spellings = mailbox_spellings(*lead.email);
      add_email(spellings.dotted);
      add_email(spellings.undotted);
      digests.push_back(text_of(blind_index(ring, BlindField::email_loose, lead.email->loose)));
    }
  }
  if (lead.phone) {
    digests.push_back(text_of(blind_index(ring, BlindField::phone, lead.phone->e164)));
  }
  return digests;
}

std::vector<std::string> digests_told(privacy::KeyRing const& ring, RawLead const& raw,
                                      std::string_view country) {
  auto const is_sound = [&raw](Column column) {
    auto const& value = raw.at(column);
    return value && value->size() <= octets_max(column) && is_utf8(*value) && !has_nul(*value);
  };
  CheckedLead told;
  if (is_sound(Column::email)) {
    if (auto address = parse_email(*raw.at(Column::email))) told.email = std::move(*address);
  }
  if (is_sound(Column::phone)) {
    if (auto number = parse_phone(*raw.at(Column::phone), country)) told.phone = std::move(*number);
  }
  return person_digests(ring, told, DigestUse::claim);
}

std::vector<std::string> company_keys(CheckedLead const& lead) {
  std::set<std::string> keys;
  for (auto const& name : lead.consent_companies) keys.insert(company_key(name));
  return {keys.begin(), keys.end()};
}

std::vector<std::int64_t> buyers_of(std::vector<std::string> const& keys,
                                    storage::NamedBuyers const& found) {
  std::set<std::int64_t> buyers;
  for (auto const& [key, buyer_no] : found) {
    if (std::binary_search(keys.begin(), keys.end(), key)) buyers.insert(buyer_no);
  }
  return {buyers.begin(), buyers.end()};
}

std::vector<market::AttributeText> attribute_texts(CheckedLead const& lead) {
  using Kind = market::AttributeText::Kind;
  std::vector<market::AttributeText> texts;
  texts.reserve(lead.attributes.size());
  for (auto const& value : lead.attributes) {
    auto& text = texts.emplace_back();
    if (!value) continue;
    if (auto const* word = std::get_if<std::string>(&*value)) {
      text.kind = Kind::text;
      text.text = *word;
    } else {
      text.kind = Kind::number;
      auto const* flag = std::get_if<bool>(&*value);
      text.number =
          flag != nullptr ? static_cast<std::int64_t>(*flag) : std::get<std::int64_t>(*value);
    }
  }
  return texts;
}

namespace {

void put_score(storage::NewLead& row, CheckedLead const& lead, LeadPlace const& place) {
  if (place.settings == nullptr) return;
  auto score = place.of_ping ? score_of_ping(*place.settings, lead)
                             : score_of(*place.settings, lead, place.arrived_at);
  if (!score) return;
  row.score = score->value;
  if (!place.of_ping) row.score_facts = std::move(score->facts);
}

/// What is said of a lead in the open.
storage::NewLead open_row(CheckedLead const& lead, LeadPlace const& place) {
  storage::NewLead row;
  row.lead_no = place.id.no;
  row.batch_no = place.batch_no;
  row.row_no = place.row_no;
  row.tenant_no = place.tenant_no;
  row.version = place.version;
  row.state = market::LeadState::checked;
  row.vehicle = static_cast<std::int32_t>(lead.vehicle.value_or(Vehicle::other));
  row.reason = lead.reason();
  row.captured_us = to_unix_micros(lead.captured_at);
  auto const ask = lead.ask ? lead.ask : place.ask;
  row.ask_micros = ask ? ask->micros : market::kNone;
  row.consent_us = to_unix_micros(lead.consent_at);
  row.resale = lead.consent_companies.empty() ? 0 : 1;
  if (row.resale != 0) row.named_for = market::encode_value(place.named_for);
  // As if its consent named companies that nobody here is; what is told of the consent stays.
  if (place.planted) row.named_for = market::encode_value(std::vector<std::int64_t>{});
  row.attributes = market::encode_value(attribute_texts(lead));
  row.external_id = lead.at(Column::external_id);
  row.warnings = lead.warnings.bits();
  row.domain_suggested = lead.domain_suggested;
  put_score(row, lead, place);
  return row;
}

}  // namespace

storage::NewLead make_new_lead(privacy::KeyRing const& ring, CheckedLead const& lead,
                               LeadPlace const& place, FormEvidence const* form) {
  auto row = open_row(lead, place);
  auto contact = contact_json(lead);
  auto evidence = evidence_json(lead, form);
  auto sealed = privacy::seal_contact(ring, place.id, lead.captured_at, contact);
  row.contact_sealed = std::move(sealed.sealed);
  auto const row_key = privacy::row_key(place.id.no);
  row.consent_sealed = privacy::seal_field(
      sealed.key, {"contact", place.id.market, row_key, "consent_sealed"}, evidence);
  row.kek_id = sealed.key_row.kek_id;
  row.key_wrapped = std::move(sealed.key_row.wrapped);
  row.consent_digest = crypto::view_of(crypto::sha256(evidence));
  row.source = source_row(lead, place.taxonomy.get());
  crypto::wipe(contact);
  crypto::wipe(evidence);
  return row;
}

market::OfferLead make_offer(storage::NewLead const& row, CheckedLead const& lead) {
  market::OfferLead offer;
  offer.lead_no = row.lead_no;
  offer.generator_no = row.tenant_no;
  offer.version = row.version;
  offer.score = row.score;
  offer.vehicle = row.vehicle;
  offer.reason = row.reason;
  offer.captured_us = row.captured_us;
  offer.ask_micros = row.ask_micros;
  offer.attributes = attribute_texts(lead);
  offer.named = row.named_for.has_value();
  if (offer.named) {
    auto const buyers = market::decode_value<std::vector<std::int64_t>>(*row.named_for);
    LEADEX_CHECK(buyers.has_value());
    offer.named_for = *buyers;
  }
  return offer;
}

market::OfferLead make_offer(CheckedLead const& lead, LeadPlace const& place) {
  return make_offer(open_row(lead, place), lead);
}

}  // namespace leadex::intake
