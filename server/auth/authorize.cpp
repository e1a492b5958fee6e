#include "server/auth/authorize.hpp"

#include <algorithm>
#include <array>

namespace leadex::auth {

namespace {

using storage::Role;

constexpr std::uint8_t bit(Role role) {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(role));
}
constexpr std::uint8_t kGenerator = bit(Role::generator);
constexpr std::uint8_t kBuyer = bit(Role::buyer);
constexpr std::uint8_t kAdmin = bit(Role::admin);
constexpr std::uint8_t kAuditor = bit(Role::auditor);
constexpr std::uint8_t kVerifier = bit(Role::verifier);
constexpr std::uint8_t kTraders = kGenerator | kBuyer;
constexpr std::uint8_t kReaders = kAdmin | kAuditor;  // auditors read everything, change nothing
constexpr std::uint8_t kAll = kTraders | kReaders | kVerifier;

struct RoleScopes {
  Role role;
  std::array<std::string_view, 8> scopes;  // empty ones do not count
};
constexpr std::array<RoleScopes, 5> kScopes{{
    {Role::generator,
     {"markets:read", "leads:write", "leads:read", "ledger:read", "webhooks:write", "keys:write",
      "deals:write"}},
    {Role::buyer,
     {"markets:read", "bids:write", "orders:read", "ledger:read", "webhooks:write", "keys:write",
      "deals:write"}},
    {Role::admin,
     {"markets:read", "admin:read", "admin:write", "admin:money", "leads:read", "orders:read",
      "ledger:read", "keys:write"}},
    {Role::auditor, {"markets:read", "admin:read", "leads:read", "orders:read", "ledger:read"}},
    {Role::verifier, {"markets:read", "checks:write"}},
}};

// What several roles do with leads they have: the scope is that of the role's own trade.
constexpr std::string_view kOwnRead = "own:read";
constexpr std::string_view kOwnWrite = "own:write";
struct OwnScopes {
  Role role;
  std::string_view read;
  std::string_view write;  // empty: none
};
constexpr std::array<OwnScopes, 4> kOwn{{
    {Role::generator, "leads:read", "leads:write"},
    {Role::buyer, "orders:read", "bids:write"},
    {Role::admin, "admin:read", "admin:write"},
    {Role::auditor, "admin:read", {}},
}};

// Test keys validate, score and match: they read, and send what can be answered without effect.
constexpr std::array<OperationRule, 166> kRules{{
    {"create_market", kAdmin, "admin:write", false},
    {"patch_market", kAdmin, "admin:write", false},
    {"halt_market", kAdmin, "admin:write", false},
    {"resume_market", kAdmin, "admin:write", false},
    {"list_markets", kAll, "markets:read", true},
    {"get_market", kAll, "markets:read", true},
    {"list_market_commitments", kAll, "markets:read", true},
    {"list_realtime_days", kAll, "markets:read", true},
    {"list_realtime_checks", kTraders | kReaders, "markets:read", true},
    {"create_account", kAdmin, "admin:write", false},
    {"list_accounts", kReaders, "admin:read", false},
    {"get_account", kReaders, "admin:read", false},
    {"patch_account", kAdmin, "admin:write", false},
    {"suspend_account", kAdmin, "admin:write", false},
    {"create_api_key", kAdmin, "admin:write", false},
    {"list_api_keys", kReaders, "admin:read", false},
    {"delete_api_key", kTraders | kAdmin, "keys:write", false},
    {"list_approvals", kReaders, "admin:read", false},
    {"approve_approval", kAdmin, "admin:write", false},
    {"refuse_approval", kAdmin, "admin:write", false},
    {"create_deposit", kAdmin, "admin:money", false},
    {"get_trial_balance", kReaders, "ledger:read", false},
    {"list_audit_log", kReaders, "admin:read", false},
    {"run_job", kAdmin, "admin:write", false},
    {"create_payout_run", kAdmin, "admin:money", false},
    {"list_payout_runs", kReaders, "ledger:read", false},
    {"get_payout_run", kReaders, "ledger:read", false},
    {"approve_payout_run", kAdmin, "admin:money", false},
    {"export_payout_run", kAdmin, "admin:money", false},
    {"pay_payout_run", kAdmin, "admin:money", false},
    {"fail_payout_run", kAdmin, "admin:money", false},
    {"list_payouts", kGenerator | kReaders, "ledger:read", false},
    {"list_earnings", kGenerator | kReaders, "ledger:read", false},
    {"list_ledger_accounts", kTraders | kReaders, "ledger:read", true},
    {"list_ledger_transfers", kTraders | kReaders, "ledger:read", true},
    {"upload_batch", kGenerator, "leads:write", true},
    {"list_batches", kGenerator | kReaders, "leads:read", true},
    {"get_batch", kGenerator | kReaders, "leads:read", true},
    {"list_batch_rows", kGenerator | kReaders, "leads:read", true},
    {"list_batch_rejects", kGenerator | kReaders, "leads:read", true},
    {"get_spot_check", kTraders | kReaders, "markets:read", true},
    {"begin_upload", kGenerator, "leads:write", false},
    {"get_upload", kGenerator | kReaders, "leads:read", true},
    {"append_upload", kGenerator, "leads:write", false},
    {"stream_batch_events", kGenerator | kReaders, "leads:read", true},
    {"put_column_mapping", kGenerator, "leads:write", false},
    {"get_column_mapping", kGenerator, "leads:read", true},
    {"delete_column_mapping", kGenerator, "leads:write", false},
    {"list_column_mappings", kGenerator, "leads:read", true},
    {"withdraw_batch", kGenerator, "leads:write", false},
    {"post_lead", kGenerator, "leads:write", true},
    {"withdraw_lead", kGenerator, "leads:write", false},
    {"get_lead_rounds", kGenerator | kReaders, "leads:read", true},
    {"get_lead_score", kGenerator | kReaders, "leads:read", true},
    {"get_lead_stage", kGenerator | kReaders, "leads:read", true},
    {"list_spot_checks", kVerifier | kReaders, "markets:read", false},
    {"claim_spot_check", kVerifier, "checks:write", false},
    {"record_verdict", kVerifier, "checks:write", false},
    {"decide_batch", kAdmin, "admin:write", false},
    {"get_spot_check_curve", kAll, "markets:read", true},
    {"get_inspection", kGenerator, "leads:read", true},
    {"list_inspections", kReaders, "admin:read", false},
    {"lift_inspection", kAdmin, "admin:write", false},
    {"get_agreement", kReaders, "admin:read", false},
    {"create_campaign", kBuyer, "bids:write", false},
    {"list_campaigns", kBuyer | kReaders, "orders:read", true},
    {"get_campaign", kBuyer | kReaders, "orders:read", true},
    {"patch_campaign", kBuyer, "bids:write", false},
    {"pause_campaign", kBuyer, "bids:write", false},
    {"resume_campaign", kBuyer, "bids:write", false},
    {"fund_campaign", kBuyer, "bids:write", false},
    {"defund_campaign", kBuyer, "bids:write", false},
    {"explain_campaign", kBuyer | kReaders, "orders:read", true},
    {"list_campaign_auctions", kBuyer | kReaders, "orders:read", true},
    {"get_campaign_bid_requests", kBuyer | kReaders, "orders:read", true},
    {"create_deal", kTraders, "deals:write", false},
    {"list_deals", kTraders | kReaders, "ledger:read", true},
    {"get_deal", kTraders | kReaders, "ledger:read", true},
    {"accept_deal", kTraders, "deals:write", false},
    {"end_deal", kTraders, "deals:write", false},
    {"get_source_terms", kGenerator, "leads:read", true},
    {"set_source_reserve", kGenerator, "leads:write", false},
    {"set_source_grade", kAdmin, "admin:write", false},
    {"add_suppressions", kBuyer, "bids:write", false},
    {"get_suppressions", kBuyer, "orders:read", true},
    {"release_suppressions", kBuyer, "bids:write", false},
    {"list_listings", kBuyer | kReaders, "orders:read", true},
    {"list_listing_facets", kBuyer | kReaders, "orders:read", true},
    {"get_listing", kBuyer | kReaders, "orders:read", true},
    {"place_bid", kBuyer, "bids:write", false},
    {"withdraw_bid", kBuyer, "bids:write", false},
    {"create_purchase", kBuyer, "bids:write", false},
    {"list_sales", kTraders | kReaders, "ledger:read", true},
    {"get_sale", kTraders | kReaders, "ledger:read", true},
    {"get_sale_contact", kBuyer | kAdmin, "orders:read", false},
    {"get_auction", kTraders | kReaders, "ledger:read", true},
    {"open_return", kBuyer, "bids:write", false},
    {"list_returns", kTraders | kReaders, "ledger:read", true},
    {"get_return", kTraders | kReaders, "ledger:read", true},
    {"accept_return", kGenerator, "leads:write", false},
    {"contest_return", kGenerator, "leads:write", false},
    {"list_disputes", kTraders | kReaders, "ledger:read", true},
    {"get_dispute", kTraders | kReaders, "ledger:read", true},
    {"decide_dispute", kAdmin, "admin:money", false},
    {"claw_back_sale", kAdmin, "admin:money", false},
    {"list_claw_backs", kReaders, "ledger:read", false},
    {"list_events", kTraders | kReaders, "markets:read", false},
    {"create_webhook_endpoint", kTraders, "webhooks:write", false},
    {"list_webhook_endpoints", kTraders, "webhooks:write", false},
    {"get_webhook_endpoint", kTraders, "webhooks:write", false},
    {"delete_webhook_endpoint", kTraders, "webhooks:write", false},
    {"test_webhook_endpoint", kTraders, "webhooks:write", false},
    {"list_webhook_deliveries", kTraders, "webhooks:write", false},
    {"resend_webhook_delivery", kTraders, "webhooks:write", false},
    {"create_ping", kGenerator, "leads:write", true},
    {"post_ping", kGenerator, "leads:write", true},
    {"create_placement", kGenerator, "leads:write", false},
    {"list_placements", kGenerator | kReaders, "leads:read", true},
    {"get_placement", kGenerator | kReaders, "leads:read", true},
    {"patch_placement", kGenerator, "leads:write", false},
    {"get_placement_stats", kGenerator | kReaders, "leads:read", true},
    {"list_placement_postbacks", kGenerator | kReaders, "leads:read", true},
    {"create_form", kGenerator, "leads:write", false},
    {"list_forms", kGenerator | kReaders, "leads:read", true},
    {"get_form", kGenerator | kReaders, "leads:read", true},
    {"patch_form", kGenerator, "leads:write", false},
    {"get_form_funnel", kGenerator | kReaders, "leads:read", true},
    {"create_conversion", kBuyer, "bids:write", false},
    {"list_conversions", kBuyer | kReaders, "orders:read", true},
    {"get_conversion", kBuyer | kReaders, "orders:read", true},
    {"approve_conversion", kBuyer, "bids:write", false},
    {"reject_conversion", kBuyer, "bids:write", false},
    {"decide_conversion", kAdmin, "admin:money", false},
    {"create_postback_token", kBuyer, "bids:write", false},
    {"list_postback_tokens", kBuyer, "bids:write", false},
    {"delete_postback_token", kBuyer, "bids:write", false},
    {"get_estimates", kReaders, "admin:read", false},
    {"create_disposition", kBuyer, "bids:write", false},
    {"list_dispositions", kTraders | kReaders, "ledger:read", true},
    {"get_disqualification", kGenerator | kReaders, "leads:read", true},
    {"list_lead_estimates", kReaders, "admin:read", false},
    {"request_erasure", kAdmin, "admin:write", false},
    {"get_lead_consent", kTraders | kReaders, kOwnRead, false},
    {"record_opt_out", kTraders | kAdmin, kOwnWrite, false},
    {"bar_persons", kAdmin, "admin:write", false},
    {"get_barred_persons", kReaders, "admin:read", false},
    {"put_do_not_call", kAdmin, "admin:write", false},
    {"list_do_not_call", kReaders, "admin:read", false},
    {"list_findings", kReaders, "admin:read", false},
    {"get_finding", kReaders, "admin:read", false},
    {"decide_finding", kAdmin, "admin:write", false},
    {"list_fraud_cases", kReaders, "admin:read", false},
    {"get_fraud_case", kReaders, "admin:read", false},
    {"decide_fraud_case", kAdmin, "admin:write", false},
    {"plant_contact", kAdmin, "admin:write", false},
    {"list_planted_contacts", kReaders, "admin:read", false},
    {"retire_planted_contact", kAdmin, "admin:write", false},
    {"list_holdout", kReaders, "admin:read", false},
    {"record_holdout", kAdmin, "admin:write", false},
    {"get_taxonomy", kReaders, "admin:read", false},
    {"get_check_verifier", kReaders, "admin:read", false},
    {"put_check_verifier", kAdmin, "admin:write", false},
    {"put_taxonomy", kAdmin, "admin:write", false},
    {"get_attribution", kGenerator | kReaders, "leads:read", true},
    {"get_lead_passport", kGenerator | kReaders, "leads:read", true},
    {"get_sale_passport", kBuyer | kReaders, "orders:read", true},
}};

OperationRule const* find_rule(std::string_view operation_id) {
  auto const found = std::ranges::find(kRules, operation_id, &OperationRule::operation_id);
  return found == kRules.end() ? nullptr : &*found;
}

/// The scope that a key of this role needs; empty when there is none.
std::string_view scope_for(Role role, std::string_view scope) {
  if (scope != kOwnRead && scope != kOwnWrite) return scope;
  auto const found = std::ranges::find(kOwn, role, &OwnScopes::role);
  if (found == kOwn.end()) return {};
  return scope == kOwnRead ? found->read : found->write;
}

}  // namespace

std::vector<std::string> scopes_of(Role role) {
  std::vector<std::string> scopes;
  for (auto const& row : kScopes) {
    if (row.role != role) continue;
    for (auto const scope : row.scopes) {
      if (!scope.empty()) scopes.emplace_back(scope);
    }
  }
  return scopes;
}

bool scopes_fit(Role role, std::span<std::string const> scopes) {
  auto const all = scopes_of(role);
  return std::ranges::all_of(
      scopes, [&](std::string const& scope) { return std::ranges::find(all, scope) != all.end(); });
}

Permission authorize(storage::Principal const& principal, std::string_view operation_id) {
  auto const* const rule = find_rule(operation_id);
  if (rule == nullptr) return Permission::unknown_operation;
  if (!rule->allows(principal.role)) return Permission::role;
  auto const scope = scope_for(principal.role, rule->scope);
  if (scope.empty() || !principal.has_scope(scope)) return Permission::scope;
  if (principal.key_kind == storage::KeyKind::test && !rule->test_keys) {
    return Permission::test_key;
  }
  return Permission::granted;
}

std::span<OperationRule const> operation_rules() { return kRules; }

}  // namespace leadex::auth
