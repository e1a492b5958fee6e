// The evidence of a lead's consent: all of it for its generator; for the buyers who hold it what
// the person agreed to, where and with which browser; for staff the consent alone. Where the
// generator got its visitor from (campaigns, sub ids, touchpoints) is its own. Each look is audited
// before the answer.

#include "server/api/market_ref.hpp"
#include "server/api/v1/privacy_handlers.hpp"
#include "server/observe/log.hpp"
#include "server/privacy/lead_envelope.hpp"

namespace leadex::api {

namespace {

std::optional<crypto::Secret> open_evidence(ApiCall const& call, LeadId lead,
                                            storage::SealedEvidence const& sealed) {
  auto const key = privacy::open_lead_key(call.ctx.keys, lead, {sealed.kek_id, sealed.key_wrapped});
  if (!key) return std::nullopt;
  auto const row = privacy::row_key(lead.no);
  auto plain = privacy::open_field(*key, {"contact", lead.market, row, "consent_sealed"},
                                   sealed.consent_sealed);
  if (!plain) return std::nullopt;
  return std::move(*plain);
}

/// Byte for byte what the digest is of to the generator. Address and browser are the person's:
/// staff sees them with the contact, for a reason.
void write_proof(ApiCall const& call, json::JsonWriter& out, std::string_view plain,
                 json::Document const& evidence) {
  if (call.principal.role == storage::Role::generator) out.field("evidence", plain);
  if (call.principal.role != storage::Role::buyer) return;
  for (auto const* const name : {"ip_address", "user_agent"}) {
    if (auto const* const value = json::find_member(evidence, name)) out.field(name, *value);
  }
  auto const* const page = json::find_member(evidence, "landing_page_url");
  if (page == nullptr || !page->IsString()) return;
  auto const url = json::text_of(*page);  // its query names campaigns
  out.field("landing_page_url", url.substr(0, url.find_first_of("?#")));
}

}  // namespace

asio::awaitable<ApiResult> get_lead_consent(ApiCall& call, PrivacyServices const& services) {
  auto const lead = call.ctx.ids.open_as<LeadId>(call.param("id"));
  if (!lead) co_return problem(Code::not_found);
  auto const sealed = co_await services.store.evidence(storage::Viewer::of(call.principal),
                                                       call.principal.principal_no, *lead);
  if (!sealed) co_return refuse(problem_of(sealed.error()));
  if (!*sealed) co_return problem(Code::not_found);
  auto const& found = **sealed;
  if (found.gone) co_return problem(Code::contact_gone);
  auto const plain = open_evidence(call, *lead, found);
  auto const evidence = plain ? json::parse(plain->view()) : json::parse("");
  if (!evidence || !evidence->IsObject()) {
    log::error("consent.open", "sealed evidence does not open")
        .field("market", std::int64_t{lead->market})
        .field("lead", lead->no);
    co_return problem(Code::internal);
  }
  json::JsonWriter out;
  {
    auto const whole = out.object();
    out.field("lead_id", call.ctx.ids.seal(*lead));
    if (auto const* const consent = json::find_member(*evidence, "consent")) {
      out.field("consent", *consent);
    }
    out.field("resale", found.named ? "named" : "open");
    out.field("sha256", crypto::hex_encode(found.digest));
    write_proof(call, out, plain->view(), *evidence);
    out.field("revoked_at", found.revoked_at);
  }
  co_return answer(200, out);
}

}  // namespace leadex::api
