// Approvals: what waits for a second person.

#include "server/app/approvals.hpp"

#include "server/api/market_ref.hpp"
#include "server/api/paging.hpp"
#include "server/api/v1/staff.hpp"
#include "server/app/claw_back.hpp"
#include "server/app/markets.hpp"

namespace leadex::api {

namespace {

using crypto::IdKind;
using storage::Approval;
using storage::ApprovalState;

app::ApprovalEffects const& all_effects() {
  static app::ApprovalEffects const kEffects = [] {
    app::ApprovalEffects effects;
    effects.add(std::string{app::kCommissionApproval}, app::confirm_commission);
    return effects;
  }();
  return kEffects;
}

std::optional<std::string> subject_id(crypto::PublicIdCodec const& ids, Approval const& approval) {
  auto const& kind = approval.kind;
  if (kind == "staff_key") return ids.seal(IdKind::api_key, 0, approval.subject_no);
  if (kind == "staff_account" || kind == "bank_details" || kind == "deposit") {
    return ids.seal(IdKind::account, 0, approval.subject_no);
  }
  if (kind == app::kClawBackApproval) return ids.seal(IdKind::claw_back, 0, approval.subject_no);
  return std::nullopt;
}

void write_approval(json::JsonWriter& writer, crypto::PublicIdCodec const& ids,
                    Approval const& approval) {
  auto const whole = writer.object();
  writer.field("id", ids.seal(IdKind::approval, 0, approval.approval_no));
  writer.field("kind", approval.kind);
  writer.field("subject_id", subject_id(ids, approval));
  writer.field("status", text(approval.state));
  writer.field("requested_by", ids.seal(IdKind::principal, 0, approval.requested_by));
  writer.field("requested_at", approval.requested_at);
  std::optional<std::string> decided_by;
  if (approval.decided_by) decided_by = ids.seal(IdKind::principal, 0, *approval.decided_by);
  writer.field("decided_by", decided_by);
  writer.field("decided_at", approval.decided_at);
}

app::Answer answer_of(crypto::PublicIdCodec const& ids, Approval const& approval) {
  json::JsonWriter writer;
  write_approval(writer, ids, approval);
  return {200, writer.str()};
}

}  // namespace

Answered list_approvals(ApiCall& call) {
  auto const page = read_page(call);
  if (!page) co_return refuse(page.error());
  storage::ApprovalFilter filter;
  if (auto const status = call.query("status")) {
    auto const& texts = storage::kApprovalStateTexts;
    auto const found = std::find(texts.begin(), texts.end(), *status);
    filter.state = static_cast<ApprovalState>(found - texts.begin());
  }
  filter.before_no = page->before_no();
  filter.limit = page->fetch();
  auto const rows = co_await call.ctx.database.transact(
      [filter](storage::PlatformTx& tx) { return tx.approvals().list(filter); });
  if (!rows) co_return refuse(problem_of(rows.error()));
  auto const write = [&call](json::JsonWriter& writer, Approval const& approval) {
    write_approval(writer, call.ctx.ids, approval);
  };
  co_return answer_page(call, *page, *rows, write, [](Approval const& approval) {
    return std::vector<std::int64_t>{approval.approval_no};
  });
}

Answered approve_approval(ApiCall& call) {
  auto const no = platform_no(call, IdKind::approval, call.param("id"));
  if (!no) co_return problem(Code::not_found);
  app::AnswerAction action = [tools = app_tools(call.ctx), ids = &call.ctx.ids,
                              actor = call.principal,
                              no = *no](storage::PlatformTx& tx) -> app::AppResult<app::Answer> {
    auto const approved = app::approve(tools, all_effects(), tx, actor, no);
    if (!approved) return refuse(approved.error());
    return answer_of(*ids, *approved);
  };
  auto result = co_await transact_once(call, std::move(action));
  // Whatever it was (a key, an account, a market's version), it counts from this answer on.
  call.ctx.authenticator.forget_all();
  if (result) co_await call.ctx.markets.refresh();
  co_return result;
}

Answered refuse_approval(ApiCall& call) {
  auto const no = platform_no(call, IdKind::approval, call.param("id"));
  if (!no) co_return problem(Code::not_found);
  app::AnswerAction action = [ids = &call.ctx.ids, actor = call.principal,
                              no = *no](storage::PlatformTx& tx) -> app::AppResult<app::Answer> {
    auto const refused = app::refuse_approval(tx, actor, no);
    if (!refused) return refuse(refused.error());
    return answer_of(*ids, *refused);
  };
  co_return co_await transact_once(call, std::move(action));
}

}  // namespace leadex::api
