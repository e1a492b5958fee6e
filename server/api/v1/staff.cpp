#include "server/api/v1/staff.hpp"

namespace leadex::api {

void register_staff(http::Router& router, ApiContext& context) {
  add(router, context, "livez", livez, {.open = true});
  add(router, context, "readyz", readyz, {.open = true});
  add(router, context, "openapi", openapi, {.open = true});

  add(router, context, "create_market", create_market);
  add(router, context, "patch_market", patch_market);
  add(router, context, "halt_market", halt_market);
  add(router, context, "resume_market", resume_market);
  add(router, context, "list_markets", list_markets);
  add(router, context, "get_market", get_market);

  add(router, context, "create_account", create_account);
  add(router, context, "list_accounts", list_accounts);
  add(router, context, "get_account", get_account);
  add(router, context, "patch_account", patch_account);

  add(router, context, "create_api_key", create_api_key);
  add(router, context, "list_api_keys", list_api_keys);
  add(router, context, "delete_api_key", delete_api_key);

  add(router, context, "list_approvals", list_approvals);
  add(router, context, "approve_approval", approve_approval);
  add(router, context, "refuse_approval", refuse_approval);

  add(router, context, "create_deposit", create_deposit);
  add(router, context, "get_trial_balance", get_trial_balance);
  add(router, context, "list_audit_log", list_audit_log);
  add(router, context, "run_job", run_job);

  add(router, context, "create_payout_run", create_payout_run);
  add(router, context, "list_payout_runs", list_payout_runs);
  add(router, context, "get_payout_run", get_payout_run);
  add(router, context, "approve_payout_run", approve_payout_run);
  add(router, context, "export_payout_run", export_payout_run);
  add(router, context, "pay_payout_run", pay_payout_run);
  add(router, context, "fail_payout_run", fail_payout_run);
  add(router, context, "list_payouts", list_payouts);
}

std::optional<std::int64_t> platform_no(ApiCall const& call, crypto::IdKind kind,
                                        std::string_view text) {
  auto const id = call.ctx.ids.open(text, kind);
  if (!id || id->market != 0) return std::nullopt;
  return id->no;
}

}  // namespace leadex::api
