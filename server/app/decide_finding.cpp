#include "server/app/decide_finding.hpp"

#include "billing/values/check.hpp"
#include "server/privacy/sealed_value.hpp"

namespace leadex::app {

namespace {

constexpr std::size_t kNoteBytesMax = 2000;

privacy::SealPlace place_of(storage::FindingCase const& of, crypto::Bytes const& row) {
  return {"finding", of.found.market, row, "note_sealed"};
}

}  // namespace

AppResult<storage::FindingCase> decide_finding(AppTools const& tools, PlatformTx& tx,
                                               Principal const& actor,
                                               FindingDecision const& decision) {
  if (auto allowed = require_admin(actor); !allowed) return refuse(allowed.error());
  if (decision.note.size() > kNoteBytesMax) {
    return fail(AppCode::validation_failed, "The decision has faults.",
                {{"/note", "text_invalid", "must have at most 2000 bytes"}});
  }
  auto found = tx.findings().find(decision.market, decision.finding_no);
  if (!found) return fail(AppCode::not_found, "There is no such finding.");
  found->state = decision.upheld ? storage::FindingState::upheld : storage::FindingState::dismissed;
  found->decided_by = actor.principal_no;
  found->decided_at = tx.now();
  found->note_sealed.clear();
  if (!decision.note.empty()) {
    auto const row = privacy::row_key(decision.finding_no);
    found->note_sealed = privacy::SecretBox(tools.ring).seal(place_of(*found, row), decision.note);
  }
  if (!tx.findings().decide(*found)) {
    return fail(AppCode::wrong_state, "This finding is decided.");
  }
  audit(tx, actor.principal_no, "finding.decided",
        {found->found.finding.buyer_no, "finding", decision.finding_no},
        AuditPayload{}
            .add("market", std::int64_t{decision.market})
            .add("decision", storage::text(found->state)));
  return std::move(*found);
}

std::optional<std::string> finding_note(privacy::KeyRing const& ring,
                                        storage::FindingCase const& of) {
  if (of.note_sealed.empty()) return std::nullopt;
  auto const row = privacy::row_key(of.found.finding_no);
  auto const opened = privacy::SecretBox(ring).open(place_of(of, row), of.note_sealed);
  LEADEX_CHECK(opened.has_value());
  return std::string{opened->view()};
}

}  // namespace leadex::app
