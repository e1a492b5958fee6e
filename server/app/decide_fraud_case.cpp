#include "server/app/decide_fraud_case.hpp"

#include "billing/values/check.hpp"
#include "server/privacy/sealed_value.hpp"

namespace leadex::app {

namespace {

constexpr std::size_t kNoteBytesMax = 2000;

privacy::SealPlace place_of(storage::FraudCase const& of, crypto::Bytes const& row) {
  return {"fraud_case", of.found.market, row, "note_sealed"};
}

}  // namespace

AppResult<storage::FraudCase> decide_fraud_case(AppTools const& tools, PlatformTx& tx,
                                                Principal const& actor,
                                                FraudDecision const& decision) {
  bool const acts = decision.withdrawn || decision.sampling != quality::InspectionMode::normal;
  LEADEX_CHECK(decision.upheld || !acts);
  if (auto allowed = require_admin(actor); !allowed) return refuse(allowed.error());
  if (decision.note.size() > kNoteBytesMax) {
    return fail(AppCode::validation_failed, "The decision has faults.",
                {{"/note", "text_invalid", "must have at most 2000 bytes"}});
  }
  auto found = tx.fraud().find(decision.market, decision.case_no);
  if (!found) return fail(AppCode::not_found, "There is no such case.");
  found->state = decision.upheld ? storage::FindingState::upheld : storage::FindingState::dismissed;
  found->withdrawn = decision.withdrawn;
  found->sampling = decision.sampling;
  found->decided_by = actor.principal_no;
  found->decided_at = tx.now();
  found->note_sealed.clear();
  if (!decision.note.empty()) {
    auto const row = privacy::row_key(decision.case_no);
    found->note_sealed = privacy::SecretBox(tools.ring).seal(place_of(*found, row), decision.note);
  }
  if (!tx.fraud().decide(*found)) return fail(AppCode::wrong_state, "This case is decided.");
  audit(tx, actor.principal_no, "fraud_case.decided",
        {found->found.generator_no, "fraud_case", decision.case_no},
        AuditPayload{}
            .add("market", std::int64_t{decision.market})
            .add("decision", storage::text(found->state))
            .add("withdrawn", std::string_view{decision.withdrawn ? "yes" : "no"})
            .add("sampling", static_cast<std::int64_t>(decision.sampling)));
  return std::move(*found);
}

std::optional<std::string> fraud_note(privacy::KeyRing const& ring, storage::FraudCase const& of) {
  if (of.note_sealed.empty()) return std::nullopt;
  auto const row = privacy::row_key(of.found.case_no);
  auto const opened = privacy::SecretBox(ring).open(place_of(of, row), of.note_sealed);
  LEADEX_CHECK(opened.has_value());
  return std::string{opened->view()};
}

}  // namespace leadex::app
