#include "server/api/v1/sent_form.hpp"

#include <algorithm>
#include <array>

#include "matching/market/codec.hpp"
#include "server/crypto/hash.hpp"
#include "server/intake/contact/landing_page.hpp"
#include "server/json/time_text.hpp"
#include "server/privacy/lead_envelope.hpp"

namespace leadex::api {

namespace {

using intake::Column;

constexpr std::string_view kAttributes = "attributes.";
constexpr std::array<Column, kFormSources> kSources{
    Column::utm_source, Column::utm_medium, Column::utm_campaign, Column::sub1,
    Column::sub2,       Column::sub3,       Column::sub4,         Column::sub5};

void put(intake::RawLead& raw, Column column, std::string_view value) {
  if (!value.empty()) raw.at(column) = value;
}

void put_field(intake::RawLead& raw, intake::MarketRules const& rules, std::string_view name,
               std::string_view value) {
  if (value.empty()) return;
  if (name.starts_with(kAttributes)) {
    auto const index = rules.attribute_named(name.substr(kAttributes.size()));
    // The market has dropped it since: there is nothing that it could be wrong for.
    if (index) raw.attributes[*index] = intake::CellText{value};
    return;
  }
  for (std::size_t i = 0; i < intake::kColumnCount; ++i) {
    auto const column = static_cast<Column>(i);
    if (field_of(intake::pointer_of(column)) == name) raw.at(column) = value;
  }
}

privacy::SealPlace place_of(storage::PageKey const& page, std::string const& row) {
  return {"form_submission", page.form.market, row, "sealed"};
}

}  // namespace

std::string_view SentForm::at(std::string_view name) const {
  auto const found = std::ranges::find(names, name);
  if (found == names.end()) return {};
  return values.at(static_cast<std::size_t>(found - names.begin()));
}

Result<intake::CheckedLead, std::vector<intake::RowFault>> check_sent(
    SentForm const& sent, forms::Definition const& definition,
    intake::CheckContext const& context) {
  auto const at = json::format_timestamp(from_unix_micros(sent.sent_us));
  intake::RawLead raw;
  raw.attributes.resize(context.rules.attributes.size());
  for (std::size_t i = 0; i < sent.names.size(); ++i) {
    put_field(raw, context.rules, sent.names[i], sent.values.at(i));
  }
  for (std::size_t i = 0; i < kFormSources; ++i) put(raw, kSources.at(i), sent.sources.at(i));
  put(raw, Column::captured_at, at);
  put(raw, Column::ip_address, sent.address);
  put(raw, Column::user_agent, sent.agent);
  // The page is the exchange's own: a host that only this machine knows is no fault of who sends.
  if (!intake::find_url_fault(sent.page_url)) put(raw, Column::landing_page_url, sent.page_url);
  put(raw, Column::consent_at, at);
  put(raw, Column::consent_text, definition.consent);
  put(raw, Column::vehicle, intake::to_string(intake::Vehicle::web_form));
  put(raw, Column::source_reason, definition.reason);
  auto lead = intake::check_lead(raw, context);
  if (lead) lead->columns.at(intake::index_of(Column::landing_page_url)) = sent.page_url;
  return lead;
}

std::string field_of(std::string_view pointer) {
  std::string name{pointer.substr(pointer.starts_with('/') ? 1 : 0)};
  std::ranges::replace(name, '/', '.');
  return name;
}

intake::FormEvidence evidence_of(SentForm const& sent, std::string_view definition_json,
                                 std::optional<Timestamp> confirmed_at) {
  intake::FormEvidence evidence;
  evidence.version = sent.version;
  evidence.definition_sha256 = crypto::hex_encode(crypto::view_of(crypto::sha256(definition_json)));
  evidence.shown_at = from_unix_micros(sent.shown_us);
  evidence.form_ms = (sent.sent_us - sent.shown_us) / 1000;
  evidence.confirmed_at = confirmed_at;
  return evidence;
}

std::string seal_sent(privacy::KeyRing const& keys, storage::PageKey const& page,
                      SentForm const& sent) {
  auto plain = market::encode_value(sent);
  auto const row = privacy::row_key(page.form.no, page.token);
  auto sealed =
      privacy::seal_waiting(keys, from_unix_micros(sent.sent_us), place_of(page, row), plain);
  crypto::wipe(plain);
  return sealed;
}

std::optional<SentForm> open_sent(privacy::KeyRing const& keys, storage::PageKey const& page,
                                  std::string_view sealed) {
  auto const row = privacy::row_key(page.form.no, page.token);
  auto const plain = privacy::open_waiting(keys, place_of(page, row), sealed);
  if (!plain) return std::nullopt;
  auto sent = market::decode_value<SentForm>(plain->view());
  if (!sent || sent->names.size() != sent->values.size() || sent->sources.size() != kFormSources) {
    return std::nullopt;
  }
  return std::move(*sent);
}

}  // namespace leadex::api
