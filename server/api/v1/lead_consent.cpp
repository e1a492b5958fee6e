// The evidence of a lead's consent, for its generator, the buyers who hold it, and staff (without
// what else is known of the person). Each look is audited before the answer.

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
    // Byte for byte what the digest is of. Address and browser are the person's: staff sees them
    // with the contact, for a reason.
    if (!call.staff()) out.field("evidence", plain->view());
    out.field("revoked_at", found.revoked_at);
  }
  co_return answer(200, out);
}

}  // namespace leadex::api
