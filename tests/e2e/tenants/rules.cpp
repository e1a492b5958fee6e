#include "tests/e2e/tenants/rules.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "server/json/value.hpp"

namespace leadex::e2e {

namespace {

constexpr std::string_view kAmount = R"({"amount":{"amount":"1.00","currency":"USD"}})";
constexpr std::string_view kBank =
    R"({"bank":{"iban":"DE89370400440532013000","bic":"COBADEFFXXX","name":"Probe","town":"Bonn"}})";
constexpr std::string_view kHash =
    R"({"email_sha256":["0000000000000000000000000000000000000000000000000000000000000000"]})";
constexpr std::string_view kBarred =
    R"({"email_sha256":["00000000000000000000000000000000000000000000000000000000000000ff"]})";
constexpr std::string_view kPlanted = R"({"email":"probe@planted.example.org","note":"Probe."})";
constexpr std::string_view kOptOut =
    R"({"at":"2026-01-01T00:00:00Z","email":"nobody@example.org"})";
constexpr std::string_view kPrice = R"({"price":{"amount":"1.50","currency":"USD"}})";

// Admins run the exchange; auditors read everything and change nothing; verifiers work the queue of
// spot checks and see no trade; generators and buyers see and do what is theirs.
constexpr std::array kRules{
    Rule{"livez", "*"},
    Rule{"readyz", "*"},
    Rule{"openapi", "*"},
    Rule{"create_market", "A"},
    Rule{"patch_market", "A", "market", false, {}, R"({"name":"Probe"})"},
    Rule{"halt_market", "A", "market"},
    Rule{"resume_market", "A", "market"},
    Rule{"list_markets", "GBAUV", {}, true},
    Rule{"get_market", "GBAUV", "market", true},
    Rule{"list_market_commitments", "GBAUV", "market", true},
    Rule{"list_realtime_days", "GBAUV", "market", true},
    Rule{"list_realtime_checks", "GBAU", "market", true, "day=2026-11-20"},
    Rule{"create_account", "A"},
    Rule{"list_accounts", "AU"},
    Rule{"get_account", "AU", "account"},
    Rule{"patch_account", "A", "account", false, {}, kBank},
    Rule{"suspend_account", "A", "account"},
    Rule{"create_api_key", "A", "account", false, {}, "{}"},
    Rule{"list_api_keys", "AU", "account"},
    Rule{"delete_api_key", "GBA", "api_key"},
    Rule{"list_approvals", "AU"},
    Rule{"approve_approval", "A", "approval"},
    Rule{"refuse_approval", "A", "approval"},
    Rule{"create_deposit", "A"},
    Rule{"get_trial_balance", "AU", {}, false, "currency=USD"},
    Rule{"list_audit_log", "AU"},
    Rule{"run_job", "A", "job"},
    Rule{"create_payout_run", "A"},
    Rule{"list_payout_runs", "AU"},
    Rule{"get_payout_run", "AU", "payout_run"},
    Rule{"approve_payout_run", "A", "payout_run"},
    Rule{"export_payout_run", "A", "payout_run", false, "format=csv"},
    Rule{"pay_payout_run", "A", "payout_run"},
    Rule{"fail_payout_run", "A", "payout_run"},
    Rule{"list_payouts", "GAU"},
    Rule{"list_earnings", "GAU"},
    Rule{"list_ledger_accounts", "GBAU", {}, true},
    Rule{"list_ledger_transfers", "GBAU", {}, true},
    Rule{"upload_batch", "G", {}, true, "market=nowhere.us.usd"},
    Rule{"list_batches", "GAU", {}, true},
    Rule{"get_batch", "GAU", "batch", true},
    Rule{"list_batch_rows", "GAU", "batch", true},
    Rule{"list_batch_rejects", "GAU", "batch", true},
    Rule{"get_spot_check", "GBAU", "batch", true},
    Rule{"withdraw_batch", "G", "batch"},
    Rule{"begin_upload", "G", {}, false, "market=nowhere.us.usd&format=csv"},
    Rule{"get_upload", "GAU", "upload", true},
    Rule{"append_upload", "G", "upload", false, {}, "first_name\n"},
    Rule{"stream_batch_events", "GAU", "batch", true, "max_s=1"},
    Rule{"put_column_mapping", "G", "job", false, "market=nowhere.us.usd",
         R"({"columns":[],"ignored":[],"constants":[]})"},
    Rule{"get_column_mapping", "G", "job", true, "market=nowhere.us.usd"},
    Rule{"delete_column_mapping", "G", "job", false, "market=nowhere.us.usd"},
    Rule{"list_column_mappings", "G", {}, true, "market=tenants-slow.us.usd"},
    Rule{"decide_batch", "A", "batch", false, {}, R"({"decision":"reject","reason":"Probe."})"},
    Rule{"get_spot_check_curve", "GBAUV", "market", true, "lot_size=100"},
    Rule{"get_inspection", "G", "market", true},
    Rule{"list_inspections", "AU", "market"},
    Rule{"lift_inspection", "A", "account", false, {}, R"({"market":"tenants-slow.us.usd"})"},
    Rule{"get_agreement", "AU", "market"},
    Rule{"post_lead", "G", {}, true},
    Rule{"withdraw_lead", "G", "lead"},
    Rule{"get_lead_rounds", "GAU", "lead", true},
    Rule{"get_lead_score", "GAU", "lead", true},
    Rule{"get_lead_stage", "GAU", "lead", true},
    Rule{"get_lead_passport", "GAU", "lead", true},
    Rule{"get_sale_passport", "BAU", "sale", true},
    Rule{"get_attribution", "GAU", {}, true, "market=auto-insurance.us.usd"},
    Rule{"get_check_verifier", "AU", "market"},
    Rule{"put_check_verifier", "A", "market", false, {}, R"({"kind":null})"},
    Rule{"get_taxonomy", "AU"},
    Rule{"put_taxonomy", "A", {}, false, {}, R"({"vehicles":[],"reasons":[],"rules":[]})"},
    Rule{"list_spot_checks", "VAU"},
    Rule{"claim_spot_check", "V", "check"},
    Rule{"record_verdict", "V", "check", false, {}, R"({"verdict":"good","reason":"confirmed"})"},
    Rule{"create_campaign", "B"},
    Rule{"list_campaigns", "BAU", {}, true},
    Rule{"get_campaign", "BAU", "campaign", true},
    Rule{"patch_campaign", "B", "campaign", false, {}, R"({"name":"Probe"})"},
    Rule{"pause_campaign", "B", "campaign"},
    Rule{"resume_campaign", "B", "campaign"},
    Rule{"fund_campaign", "B", "campaign", false, {}, kAmount},
    Rule{"defund_campaign", "B", "campaign", false, {}, kAmount},
    Rule{"explain_campaign", "BAU", "campaign", true, "lead_id=unknown"},
    Rule{"list_campaign_auctions", "BAU", "campaign", true},
    Rule{"get_campaign_bid_requests", "BAU", "campaign", true},
    Rule{"create_deal", "GB"},
    Rule{"list_deals", "GBAU", {}, true},
    Rule{"get_deal", "GBAU", "deal", true},
    Rule{"accept_deal", "GB", "deal"},
    Rule{"end_deal", "GB", "deal"},
    Rule{"get_source_terms", "G", "market", true},
    Rule{"set_source_reserve", "G", "market", false, {}, R"({"reserve":null})"},
    Rule{"set_source_grade",
         "A",
         "account",
         false,
         {},
         R"({"market":"tenants-slow.us.usd","grade":null})"},
    Rule{"add_suppressions", "B", {}, false, {}, kHash},
    Rule{"get_suppressions", "B", {}, true},
    Rule{"release_suppressions", "B", {}, false, {}, kHash},
    Rule{"list_listings", "BAU", {}, true, "market=auto-insurance.us.usd"},
    Rule{"list_listing_facets", "BAU", {}, true, "market=tenants-slow.us.usd&facets=state"},
    Rule{"get_listing", "BAU", "listing", true},
    Rule{"place_bid", "B", "listing", false, {}, kPrice},
    Rule{"withdraw_bid", "B", "listing,bid"},
    Rule{"create_purchase", "B"},
    Rule{"list_sales", "GBAU", {}, true},
    Rule{"get_sale", "GBAU", "sale", true},
    Rule{"get_sale_contact", "BA", "sale", false, "reason=probe"},
    Rule{"get_auction", "GBAU", "auction", true},
    Rule{"open_return", "B", "sale", false, {}, R"({"reason":"bogus"})"},
    Rule{"list_returns", "GBAU", {}, true},
    Rule{"get_return", "GBAU", "return", true},
    Rule{"accept_return", "G", "return", false, {}, "{}"},
    Rule{"contest_return", "G", "return", false, {}, R"({"note":"Probe."})"},
    Rule{"list_disputes", "GBAU", {}, true},
    Rule{"get_dispute", "GBAU", "dispute", true},
    Rule{"decide_dispute", "A", "dispute", false, {}, R"({"decision":"deny","reason":"Probe."})"},
    Rule{"create_conversion", "B"},
    Rule{"list_conversions", "BAU", {}, true},
    Rule{"get_conversion", "BAU", "conversion", true},
    Rule{"approve_conversion", "B", "conversion", false, {}, "{}"},
    Rule{"reject_conversion", "B", "conversion"},
    Rule{"decide_conversion", "A", "conversion", false, {}, R"({"decision":"reject"})"},
    Rule{"receive_postback", "*"},
    Rule{"create_postback_token", "B"},
    Rule{"list_postback_tokens", "B"},
    Rule{"delete_postback_token", "B", "postback_token"},
    Rule{"get_estimates", "AU", "market"},
    Rule{"create_disposition",
         "B",
         "sale",
         false,
         {},
         R"({"stage":"contacted","at":"2020-01-01T00:00:00Z"})"},
    Rule{"list_dispositions", "GBAU", "sale", true},
    Rule{"get_disqualification", "GAU", {}, true},
    Rule{"list_lead_estimates", "AU", "market"},
    Rule{"request_erasure", "A", {}, false, {}, R"({"email":"nobody@example.org"})"},
    Rule{"get_lead_consent", "GBAU", "lead"},
    Rule{"record_opt_out", "GBA", {}, false, {}, kOptOut},
    Rule{"bar_persons", "A", {}, false, {}, kBarred},
    Rule{"get_barred_persons", "AU"},
    Rule{"put_do_not_call", "A", "country", false, "version_date=2020-01-01", "+12125550142"},
    Rule{"list_do_not_call", "AU"},
    Rule{"list_findings", "AU"},
    Rule{"get_finding", "AU", "finding"},
    Rule{"list_fraud_cases", "AU"},
    Rule{"get_fraud_case", "AU", "fraud_case"},
    Rule{"decide_fraud_case", "A", "fraud_case", false, {}, R"({"upheld":false})"},
    Rule{"plant_contact", "A", {}, false, {}, kPlanted},
    Rule{"list_planted_contacts", "AU"},
    Rule{"retire_planted_contact", "A", "planted"},
    Rule{"decide_finding", "A", "finding", false, {}, R"({"upheld":false})"},
    Rule{"list_holdout", "AU", {}, false, "market=auto-insurance.us.usd"},
    Rule{"record_holdout", "A"},
    Rule{"claw_back_sale", "A", "sale", false, {}, R"({"reason":"Probe."})"},
    Rule{"list_claw_backs", "AU"},
    Rule{"list_events", "GBAU"},
    Rule{"create_webhook_endpoint", "GB"},
    Rule{"list_webhook_endpoints", "GB"},
    Rule{"get_webhook_endpoint", "GB", "endpoint"},
    Rule{"delete_webhook_endpoint", "GB", "endpoint"},
    Rule{"test_webhook_endpoint", "GB", "endpoint"},
    Rule{"list_webhook_deliveries", "GB", "endpoint"},
    Rule{"resend_webhook_delivery", "GB", "endpoint,delivery"},
    Rule{"create_ping", "G", {}, true},
    Rule{"post_ping", "G", "ping", true, {}, "{}"},
    Rule{"create_placement", "G"},
    Rule{"list_placements", "GAU", {}, true},
    Rule{"get_placement", "GAU", "placement", true},
    Rule{"patch_placement", "G", "placement", false, {}, R"({"status":"active"})"},
    Rule{"get_placement_stats", "GAU", "placement", true},
    Rule{"list_placement_postbacks", "GAU", "placement", true},
    Rule{"visit_placement", "*", "placement"},
    Rule{"create_form", "G"},
    Rule{"list_forms", "GAU", {}, true},
    Rule{"get_form", "GAU", "form", true},
    Rule{"patch_form", "G", "form", false, {}, R"({"status":"active"})"},
    Rule{"get_form_funnel", "GAU", "form", true},
};

}  // namespace

std::vector<std::string> Rule::kind_list() const {
  std::vector<std::string> list;
  if (kinds.empty()) return list;
  auto const comma = kinds.find(',');
  list.emplace_back(kinds.substr(0, comma));
  if (comma != std::string_view::npos) list.emplace_back(kinds.substr(comma + 1));
  return list;
}

std::span<Rule const> rules() { return kRules; }

Rule const* find_rule(std::string_view operation) {
  auto const* const found = std::ranges::find(kRules, operation, &Rule::operation);
  return found == kRules.end() ? nullptr : &*found;
}

std::vector<Listed> listed_operations(std::string const& openapi) {
  auto const document = json::parse(openapi, {.bytes = openapi.size()});
  if (!document || !document->IsObject()) throw std::runtime_error("/openapi.json is no JSON");
  auto const* const paths = json::find_member(*document, "paths");
  if (paths == nullptr || !paths->IsObject())
    throw std::runtime_error("/openapi.json has no paths");
  std::vector<Listed> listed;
  for (auto const& path : paths->GetObject()) {
    for (auto const& verb : path.value.GetObject()) {
      std::string method{json::text_of(verb.name)};
      std::ranges::transform(method, method.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
      });
      auto const* const id = json::find_member(verb.value, "operationId");
      if (id == nullptr) throw std::runtime_error("an operation without operationId");
      listed.push_back({std::string{json::text_of(*id)}, std::move(method),
                        std::string{json::text_of(path.name)}});
    }
  }
  return listed;
}

std::string target_of(Listed const& listed, Rule const& rule,
                      std::vector<std::string> const& values) {
  auto target = listed.path;
  for (auto const& value : values) {
    auto const from = target.find('{');
    auto const to = target.find('}');
    if (to == std::string::npos) throw std::runtime_error(listed.path + " names fewer things");
    target.replace(from, to + 1 - from, value);
  }
  if (target.find('{') != std::string::npos) throw std::runtime_error(target + " names more");
  if (!rule.query.empty()) target += '?' + std::string{rule.query};
  return target;
}

}  // namespace leadex::e2e
