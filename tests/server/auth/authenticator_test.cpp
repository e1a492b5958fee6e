#include "server/auth/authenticator.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <thread>

#include "server/app/revoke_api_key.hpp"
#include "server/app/suspend_account.hpp"
#include "server/crypto/bytes.hpp"
#include "server/storage/postgres/key_listener.hpp"
#include "tests/support/staff_rig.hpp"

namespace leadex::auth {
namespace {

using namespace std::chrono_literals;
using storage::Role;

class AuthenticatorTest : public testing::Test {
 protected:
  Result<Principal, AuthError> ask(Authenticator& authenticator, std::string const& header,
                                   std::string const& address = "127.0.0.1") {
    boost::asio::io_context context;
    auto done = boost::asio::co_spawn(context, authenticator.authenticate({header, false, address}),
                                      boost::asio::use_future);
    context.run();
    return done.get();
  }
  Result<Principal, AuthError> bearer(std::string const& key) {
    return ask(authenticator_, "Bearer " + key);
  }
  std::string key_of(Principal const& who, bool test = false) {
    auto const issued = rig_.issue(rig_.admin, {who.tenant_no, {}, {}, test});
    last_key_no_ = issued.value().key_no;
    return issued->key;
  }
  void revoke(std::int64_t key_no) {
    ASSERT_TRUE(rig_.act(
        [&](storage::PlatformTx& tx) { return app::revoke_api_key(tx, rig_.admin, key_no); }));
  }

  test::StaffRig rig_;
  Authenticator authenticator_{rig_.database,
                               rig_.ring.api_key_pepper(),
                               {.environment = storage::Environment::dev},
                               [this] { return rig_.now(); }};
  std::int64_t last_key_no_{};
};

TEST_F(AuthenticatorTest, KnowsTheFirstAdminByBearerAndBasic) {
  auto const by_bearer = bearer(rig_.first_key);
  ASSERT_TRUE(by_bearer);
  EXPECT_EQ(by_bearer->principal_no, rig_.admin.principal_no);
  EXPECT_EQ(by_bearer->role, Role::admin);
  EXPECT_EQ(by_bearer->scopes, scopes_of(Role::admin));
  auto const basic = crypto::base64_encode(rig_.first_key + ":");
  EXPECT_TRUE(ask(authenticator_, "basic " + basic));
  EXPECT_EQ(ask(authenticator_, "Basic " + crypto::base64_encode("x:" + rig_.first_key)).error(),
            AuthError::malformed);
}

TEST_F(AuthenticatorTest, RefusesWhatIsNoKey) {
  EXPECT_EQ(bearer("").error(), AuthError::unknown);
  EXPECT_EQ(ask(authenticator_, "Digest x").error(), AuthError::malformed);
  EXPECT_EQ(ask(authenticator_, rig_.first_key).error(), AuthError::malformed);
  auto wrong = rig_.first_key;
  wrong.back() = wrong.back() == 'A' ? 'B' : 'A';
  EXPECT_EQ(bearer(wrong).error(), AuthError::unknown) << "checksum";
  auto const invented = rig_.minter.mint(storage::KeyKind::dev).text;
  EXPECT_EQ(bearer(invented).error(), AuthError::unknown) << "well formed, never stored";
  boost::asio::io_context context;
  auto none = boost::asio::co_spawn(
      context, authenticator_.authenticate({std::nullopt, false, "::1"}), boost::asio::use_future);
  auto two = boost::asio::co_spawn(
      context, authenticator_.authenticate({"Bearer " + rig_.first_key, true, "::1"}),
      boost::asio::use_future);
  context.run();
  EXPECT_EQ(none.get().error(), AuthError::missing);
  EXPECT_EQ(two.get().error(), AuthError::malformed);
}

TEST_F(AuthenticatorTest, ARevokedKeyStopsAtOnceHere) {
  auto const buyer = rig_.make(rig_.admin, Role::buyer);
  auto const key = key_of(buyer);
  ASSERT_TRUE(bearer(key)) << "now it is cached";
  revoke(last_key_no_);
  authenticator_.forget_all();
  EXPECT_EQ(bearer(key).error(), AuthError::unknown);
}

TEST_F(AuthenticatorTest, ARevokedKeyStopsInOtherProcessesByNotification) {
  Authenticator other(rig_.database, rig_.ring.api_key_pepper(),
                      {.environment = storage::Environment::dev, .cache_ttl = 5s},
                      [this] { return rig_.now(); });
  std::atomic<int> heard{0};
  storage::postgres::KeyListener listener(rig_.files.app(), [&] {
    other.forget_all();
    ++heard;
  });
  while (heard == 0) std::this_thread::sleep_for(5ms);
  auto const key = key_of(rig_.make(rig_.admin, Role::buyer));
  ASSERT_TRUE(ask(other, "Bearer " + key));
  int const before = heard;
  revoke(last_key_no_);
  auto const deadline = std::chrono::steady_clock::now() + 4s;
  while (heard == before && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(5ms);
  }
  EXPECT_GT(heard, before) << "the listener heard nothing";
  EXPECT_EQ(ask(other, "Bearer " + key).error(), AuthError::unknown);
}

TEST_F(AuthenticatorTest, WithoutANotificationTheCacheEndsByItself) {
  Authenticator deaf(rig_.database, rig_.ring.api_key_pepper(),
                     {.environment = storage::Environment::dev, .cache_ttl = 200ms},
                     [this] { return rig_.now(); });
  auto const key = key_of(rig_.make(rig_.admin, Role::buyer));
  ASSERT_TRUE(ask(deaf, "Bearer " + key));
  revoke(last_key_no_);
  std::this_thread::sleep_for(250ms);
  EXPECT_EQ(ask(deaf, "Bearer " + key).error(), AuthError::unknown);
}

TEST_F(AuthenticatorTest, ASuspendedAccountIsToldSo) {
  auto const buyer = rig_.make(rig_.admin, Role::buyer);
  auto const key = key_of(buyer);
  ASSERT_TRUE(bearer(key));
  ASSERT_TRUE(rig_.act([&](storage::PlatformTx& tx) {
    return app::suspend_account(tx, rig_.admin, buyer.tenant_no);
  }));
  authenticator_.forget_all();
  EXPECT_EQ(bearer(key).error(), AuthError::suspended);
}

TEST_F(AuthenticatorTest, AnExpiredKeyStops) {
  auto const buyer = rig_.make(rig_.admin, Role::buyer);
  auto const issued = rig_.issue(rig_.admin, {buyer.tenant_no, {}, rig_.now() + 1h, false});
  EXPECT_TRUE(bearer(issued.value().key));
  rig_.wait(1h);
  EXPECT_EQ(bearer(issued->key).error(), AuthError::unknown);
}

TEST_F(AuthenticatorTest, DevKeysWorkInDevOnlyAndTestKeysEverywhere) {
  Authenticator production(rig_.database, rig_.ring.api_key_pepper(),
                           {.environment = storage::Environment::production},
                           [this] { return rig_.now(); });
  EXPECT_EQ(ask(production, "Bearer " + rig_.first_key).error(), AuthError::unknown);
  auto const test_key = key_of(rig_.make(rig_.admin, Role::buyer), true);
  EXPECT_EQ(ask(production, "Bearer " + test_key).value().key_kind, storage::KeyKind::test);
}

TEST_F(AuthenticatorTest, AnAddressThatFailsTooOftenIsNotLookedUp) {
  auto const invented = rig_.minter.mint(storage::KeyKind::dev).text;
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(ask(authenticator_, "Bearer " + invented, "192.0.2.1").error(), AuthError::unknown);
  }
  EXPECT_EQ(ask(authenticator_, "Bearer " + rig_.first_key, "192.0.2.1").error(),
            AuthError::too_many_failures);
  EXPECT_TRUE(ask(authenticator_, "Bearer " + rig_.first_key, "192.0.2.2"));
}

TEST_F(AuthenticatorTest, WritesLastUseAtMostOnceAMinute) {
  auto const key = key_of(rig_.make(rig_.admin, Role::buyer));
  auto const used_micros = [&] {
    boost::asio::io_context context;
    auto done =
        boost::asio::co_spawn(context, authenticator_.write_last_used(), boost::asio::use_future);
    context.run();
    EXPECT_TRUE(done.get());
    return rig_
        .as_owner(
            "select (extract(epoch from last_used_at) * 1000000)::bigint from "
            "leadex.api_key where key_no = " +
            std::to_string(last_key_no_))
        .at(0)
        .at(0)
        .as<std::int64_t>();
  };
  auto const first = to_unix_micros(rig_.now());
  ASSERT_TRUE(bearer(key));
  EXPECT_EQ(used_micros(), first);
  rig_.wait(59s);
  ASSERT_TRUE(bearer(key));
  EXPECT_EQ(used_micros(), first);
  rig_.wait(2s);
  ASSERT_TRUE(bearer(key));
  EXPECT_EQ(used_micros(), to_unix_micros(rig_.now()));
}

TEST_F(AuthenticatorTest, AKeyReadBeforeAChangeIsNotKeptAfterIt) {
  auto const key = key_of(rig_.make(rig_.admin, Role::buyer));
  std::atomic<bool> stop{false};
  std::thread asker([&] {
    while (!stop) (void)bearer(key);
  });
  std::this_thread::sleep_for(50ms);
  revoke(last_key_no_);
  authenticator_.forget_all();
  EXPECT_EQ(bearer(key).error(), AuthError::unknown);
  stop = true;
  asker.join();
}

}  // namespace
}  // namespace leadex::auth
