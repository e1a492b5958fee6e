#pragma once
// The operations of staff and of the platform itself: markets, accounts, keys, approvals, deposits,
// books, payouts, audit log, jobs, health. One handler each, in the file of its resource. Handlers
// run on the connection's thread.

#include "server/api/operation.hpp"
#include "server/api/staff_idempotency.hpp"

namespace leadex::api {

/// Adds them all.
void register_staff(http::Router& router, ApiContext& context);

using Answered = asio::awaitable<ApiResult>;

Answered livez(ApiCall& call);
Answered readyz(ApiCall& call);
Answered openapi(ApiCall& call);

Answered create_market(ApiCall& call);
Answered patch_market(ApiCall& call);
Answered halt_market(ApiCall& call);
Answered resume_market(ApiCall& call);
Answered list_markets(ApiCall& call);
Answered get_market(ApiCall& call);

Answered create_account(ApiCall& call);
Answered list_accounts(ApiCall& call);
Answered get_account(ApiCall& call);
Answered patch_account(ApiCall& call);
Answered suspend_account(ApiCall& call);

Answered create_api_key(ApiCall& call);
Answered list_api_keys(ApiCall& call);
Answered delete_api_key(ApiCall& call);

Answered list_approvals(ApiCall& call);
Answered approve_approval(ApiCall& call);
Answered refuse_approval(ApiCall& call);

Answered create_deposit(ApiCall& call);
Answered get_trial_balance(ApiCall& call);
Answered list_audit_log(ApiCall& call);
Answered run_job(ApiCall& call);

Answered create_payout_run(ApiCall& call);
Answered list_payout_runs(ApiCall& call);
Answered get_payout_run(ApiCall& call);
Answered approve_payout_run(ApiCall& call);
Answered export_payout_run(ApiCall& call);
Answered pay_payout_run(ApiCall& call);
Answered fail_payout_run(ApiCall& call);
Answered list_payouts(ApiCall& call);

/// The number of an id of the path or body that belongs to the platform; nothing for anything else.
[[nodiscard]] std::optional<std::int64_t> platform_no(ApiCall const& call, crypto::IdKind kind,
                                                      std::string_view text);

}  // namespace leadex::api
