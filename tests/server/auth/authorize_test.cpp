#include "server/auth/authorize.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

namespace leadex::auth {
namespace {

using storage::KeyKind;
using storage::Principal;
using storage::Role;

Principal someone(Role role, KeyKind kind = KeyKind::live) {
  return {1, 1, role, scopes_of(role), kind, 1, {}};
}

TEST(Authorize, EachRoleMayDoItsOwn) {
  EXPECT_EQ(authorize(someone(Role::generator), "upload_batch"), Permission::granted);
  EXPECT_EQ(authorize(someone(Role::buyer), "create_purchase"), Permission::granted);
  EXPECT_EQ(authorize(someone(Role::admin), "create_deposit"), Permission::granted);
  EXPECT_EQ(authorize(someone(Role::auditor), "list_audit_log"), Permission::granted);
  EXPECT_EQ(authorize(someone(Role::verifier), "record_verdict"), Permission::granted);
}

TEST(Authorize, NoRoleReachesIntoAnothers) {
  EXPECT_EQ(authorize(someone(Role::buyer), "upload_batch"), Permission::role);
  EXPECT_EQ(authorize(someone(Role::generator), "create_purchase"), Permission::role);
  EXPECT_EQ(authorize(someone(Role::generator), "approve_payout_run"), Permission::role);
  EXPECT_EQ(authorize(someone(Role::auditor), "create_deposit"), Permission::role);
  EXPECT_EQ(authorize(someone(Role::verifier), "get_trial_balance"), Permission::role);
}

TEST(Authorize, AuditorsAndVerifiersChangeNothingElse) {
  for (auto const& rule : operation_rules()) {
    bool const reads =
        rule.operation_id.starts_with("list_") || rule.operation_id.starts_with("get_") ||
        rule.operation_id.starts_with("explain_") || rule.operation_id.starts_with("stream_");
    if (rule.allows(Role::auditor)) EXPECT_TRUE(reads) << rule.operation_id;
    if (rule.allows(Role::verifier) && !reads) EXPECT_EQ(rule.scope, "checks:write");
  }
}

TEST(Authorize, ANarrowKeyDoesNotReachFurther) {
  auto buyer = someone(Role::buyer);
  buyer.scopes = {"orders:read"};
  EXPECT_EQ(authorize(buyer, "list_campaigns"), Permission::granted);
  EXPECT_EQ(authorize(buyer, "create_purchase"), Permission::scope);
}

TEST(Authorize, WhatConcernsPersonsAsksForTheRolesOwnScope) {
  struct Case {
    Role role;
    std::string reads;
    std::string writes;
  };
  for (auto const& [role, reads, writes] :
       {Case{Role::generator, "leads:read", "leads:write"},
        Case{Role::buyer, "orders:read", "bids:write"},
        Case{Role::admin, "admin:read", "admin:write"}, Case{Role::auditor, "admin:read", ""}}) {
    auto who = someone(role);
    for (auto const& scope : scopes_of(role)) {
      who.scopes = {scope};
      EXPECT_EQ(authorize(who, "get_lead_consent"),
                scope == reads ? Permission::granted : Permission::scope)
          << text(role) << ' ' << scope;
      if (role == Role::auditor) continue;
      EXPECT_EQ(authorize(who, "record_opt_out"),
                scope == writes ? Permission::granted : Permission::scope)
          << text(role) << ' ' << scope;
    }
    who.scopes = {"own:read", "own:write"};
    EXPECT_EQ(authorize(who, "get_lead_consent"), Permission::scope) << "no key names these";
    EXPECT_FALSE(scopes_fit(role, who.scopes));
  }
  EXPECT_EQ(authorize(someone(Role::auditor), "record_opt_out"), Permission::role);
}

TEST(Authorize, TestKeysOnlyDoWhatCanBeADryRun) {
  EXPECT_EQ(authorize(someone(Role::generator, KeyKind::test), "post_lead"), Permission::granted);
  EXPECT_EQ(authorize(someone(Role::buyer, KeyKind::test), "create_purchase"),
            Permission::test_key);
}

TEST(Authorize, AnUnknownOperationIsRefused) {
  EXPECT_EQ(authorize(someone(Role::admin), "no_such"), Permission::unknown_operation);
}

TEST(Authorize, EveryRuleIsReachable) {
  std::set<std::string_view> seen;
  for (auto const& rule : operation_rules()) {
    EXPECT_TRUE(seen.insert(rule.operation_id).second) << rule.operation_id << " stands twice";
    for (int role = 0; role < 5; ++role) {
      auto const who = someone(static_cast<Role>(role));
      if (!rule.allows(who.role)) continue;
      EXPECT_EQ(authorize(who, rule.operation_id), Permission::granted)
          << rule.operation_id << " for " << text(who.role) << ": no scope of the role opens it";
    }
  }
}

// The contract and the table name the same operations; system ones ask for no key.
TEST(Authorize, TheTableMatchesTheContract) {
  std::set<std::string> contract;
  std::ifstream file("schemas/openapi.yaml");
  ASSERT_TRUE(file) << "schemas/openapi.yaml is missing";
  constexpr std::string_view kName = "operationId: ";
  std::string line;
  while (std::getline(file, line)) {
    if (auto const at = line.find(kName); at != std::string::npos) {
      contract.insert(line.substr(at + kName.size()));
    }
  }
  for (auto const* const open :
       {"livez", "readyz", "openapi", "visit_placement", "receive_postback"}) {
    contract.erase(open);
  }
  std::set<std::string> table;
  for (auto const& rule : operation_rules()) table.insert(std::string(rule.operation_id));
  EXPECT_EQ(contract, table);
}

}  // namespace
}  // namespace leadex::auth
