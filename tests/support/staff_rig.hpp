#pragma once
// StaffRig: a PlatformRig with an initialised exchange: the first admin, and helpers that make
// further accounts and principals through the use cases themselves. For tests of app and auth.

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "server/app/approvals.hpp"
#include "server/app/create_account.hpp"
#include "server/app/init_exchange.hpp"
#include "server/app/issue_api_key.hpp"
#include "server/auth/api_key_mint.hpp"
#include "server/auth/authorize.hpp"
#include "tests/support/platform_rig.hpp"

namespace leadex::test {

class StaffRig : public PlatformRig {
 public:
  template <class F>
  auto act(F action) {
    return app::act_now(database, std::move(action));
  }

  /// The account's principal with all scopes of its role, as authentication would make it.
  storage::Principal principal(std::int64_t tenant_no) {
    auto found = database.transact_now([tenant_no](storage::PlatformTx& tx) {
      auto const tenant = tx.tenants().find(tenant_no).value();
      auto const row = tx.tenants().principal_of(tenant_no).value();
      return storage::Principal{
          row.principal_no,      tenant_no, tenant.role,  auth::scopes_of(tenant.role),
          storage::KeyKind::dev, 0,         row.issued_by};
    });
    return found.value();
  }
  app::AppResult<app::CreatedAccount> create(storage::Principal const& actor,
                                             app::NewAccount const& account) {
    return act(
        [&](storage::PlatformTx& tx) { return app::create_account(tools, tx, actor, account); });
  }
  storage::Principal make(storage::Principal const& actor, storage::Role role) {
    auto const created = create(actor, {role, "Account", "US", {}});
    EXPECT_TRUE(created && !created->approval_no);
    return principal(created.value().tenant.tenant_no);
  }
  app::AppResult<app::IssuedApiKey> issue(storage::Principal const& actor,
                                          app::NewApiKey const& wanted) {
    return act([&](storage::PlatformTx& tx) {
      return app::issue_api_key(tools, {auth::scopes_of}, tx, actor, wanted);
    });
  }
  app::AppResult<storage::Approval> approve(storage::Principal const& actor, std::int64_t no) {
    return act(
        [&](storage::PlatformTx& tx) { return app::approve(tools, effects, tx, actor, no); });
  }
  std::int64_t count(std::string const& what) {
    return as_owner("select count(*) from leadex." + what).at(0).at(0).as<std::int64_t>();
  }

  explicit StaffRig(std::size_t threads = 4) : PlatformRig(threads) {
    auto made = act(
        [this](storage::PlatformTx& tx) { return app::init_exchange(tools, tx, "First Admin"); });
    first_key = made.value().key;
    first_key_no = made.value().key_no;
    admin = principal(made->tenant_no);
  }

  auth::ApiKeyMint minter{ring.api_key_pepper()};
  app::AppTools tools{ring, minter, {}};
  app::ApprovalEffects effects;
  std::string first_key;
  std::int64_t first_key_no{};
  storage::Principal admin;
};

}  // namespace leadex::test
