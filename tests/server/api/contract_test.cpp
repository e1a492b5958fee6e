// The contract against the program: codes, rights, keys, routes.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "server/api/errors.hpp"
#include "server/auth/authorize.hpp"
#include "server/json/contract.hpp"

namespace leadex::api {
namespace {

json::Contract const& contract() {
  static json::Contract const kContract = [] {
    auto loaded = json::Contract::load("schemas/openapi.yaml");
    if (!loaded) throw std::runtime_error(loaded.error());
    return std::move(*loaded);
  }();
  return kContract;
}

json::Value const& at(json::Value const& from, std::initializer_list<std::string_view> path) {
  auto const* value = &from;
  for (auto const name : path) {
    value = json::find_member(*value, name);
    if (value == nullptr) throw std::out_of_range(std::string{name});
  }
  return *value;
}

json::Value const& node_of(json::Operation const& operation) {
  std::string method = operation.method;
  std::ranges::transform(method, method.begin(),
                         [](char c) { return static_cast<char>(c + ('a' - 'A')); });
  return at(contract().root(), {"paths", operation.path, method});
}

/// Operations without a key.
std::set<std::string> const kOpen{"livez", "readyz", "openapi", "receive_postback",
                                  "visit_placement"};

TEST(Contract, ListsTheCodesOfTheProgramAndNoOthers) {
  std::vector<std::string> listed;
  for (auto const& code :
       at(contract().root(), {"components", "schemas", "ProblemCode", "enum"}).GetArray()) {
    listed.emplace_back(json::text_of(code));
  }
  std::vector<std::string> known;
  for (auto const& row : code_table()) known.emplace_back(row.text);
  std::ranges::sort(listed);
  std::ranges::sort(known);
  EXPECT_EQ(listed, known);
  EXPECT_EQ(std::ranges::adjacent_find(known), known.end()) << "a code stands twice";
}

TEST(Contract, TakesTheProblemOfEveryCode) {
  for (auto const& row : code_table()) {
    ApiProblem const refused{row.code, {}, {{"/a", "too_long", "Too long."}}, {}};
    auto const response = to_response(refused, "req_1");
    EXPECT_EQ(response.status, row.status);
    EXPECT_EQ(response.headers.find("Content-Type"), "application/problem+json");
    bool const again = row.status == 503 || row.status == 429 || row.code == Code::in_progress;
    EXPECT_EQ(response.headers.contains("Retry-After"), again) << row.text;
    auto const body = json::parse(response.body);
    ASSERT_TRUE(body);
    EXPECT_TRUE(contract().validate_component("Problem", *body, json::Direction::response).empty())
        << response.body;
    EXPECT_EQ(code_from_text(row.text), row.code);
  }
  EXPECT_EQ(code_from_text("no_such_code"), std::nullopt);
}

TEST(Contract, GivesEveryOperationARuleOfRights) {
  std::set<std::string> ruled;
  for (auto const& rule : auth::operation_rules()) ruled.emplace(rule.operation_id);
  std::set<std::string> listed;
  for (auto const& operation : contract().operations()) {
    bool const open = json::find_member(node_of(operation), "security") != nullptr;
    EXPECT_EQ(open, kOpen.contains(operation.id)) << operation.id;
    if (!open) listed.insert(operation.id);
  }
  EXPECT_EQ(listed, ruled);
}

TEST(Contract, AsksForIdempotencyKeysWhereMoneyOrLeadsMove) {
  std::set<std::string> const required{
      "upload_batch",      "post_lead",         "create_purchase",    "place_bid",
      "fund_campaign",     "defund_campaign",   "open_return",        "accept_return",
      "contest_return",    "decide_dispute",    "create_deposit",     "approve_payout_run",
      "export_payout_run", "pay_payout_run",    "fail_payout_run",    "claw_back_sale",
      "post_ping",         "create_conversion", "approve_conversion", "reject_conversion",
      "decide_conversion", "create_disposition"};
  for (auto const& operation : contract().operations()) {
    auto const key = std::ranges::find(operation.parameters, std::string{"idempotency-key"},
                                       &json::Operation::Parameter::name);
    bool const given = key != operation.parameters.end();
    EXPECT_EQ(given, operation.method == "POST") << operation.id;
    EXPECT_EQ(given && key->required, required.contains(operation.id)) << operation.id;
  }
}

TEST(Contract, NamesItsOperationsInSnakeCaseWithATagAndASummary) {
  for (auto const& operation : contract().operations()) {
    EXPECT_TRUE(std::ranges::all_of(operation.id, [](char c) {
      return (c >= 'a' && c <= 'z') || c == '_';
    })) << operation.id;
    auto const& node = node_of(operation);
    EXPECT_EQ(at(node, {"tags"}).Size(), 1U) << operation.id;
    EXPECT_FALSE(json::text_of(at(node, {"summary"})).empty()) << operation.id;
    EXPECT_TRUE(operation.responses.contains("default")) << operation.id;
  }
}

TEST(Contract, ClosesEveryObjectOfARequest) {
  for (std::string_view const name :
       {"NewMarket", "MarketChange", "NewAccount", "NewApiKey", "NewDeposit", "NewLead",
        "NewCampaign", "CampaignChange", "NewBid", "NewPurchase", "NewReturn", "NewDecision",
        "NewVerdict", "NewWebhookEndpoint", "AmountOnly", "NoteOnly", "NoteRequired"}) {
    auto const body = json::parse(R"({"no_such_field":1})");
    auto const faults = contract().validate_component(name, *body, json::Direction::request);
    EXPECT_TRUE(std::ranges::any_of(faults, [](auto const& fault) {
      return fault.pointer == "/no_such_field" && fault.code == "unknown_field";
    })) << name;
  }
}

}  // namespace
}  // namespace leadex::api
