#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/support/platform_rig.hpp"

namespace leadex::storage::postgres {
namespace {

constexpr std::string_view kBody = "0123456789abcdef0123456789abcdef";
constexpr std::string_view kOtherBody = "fedcba9876543210fedcba9876543210";

class IdempotencyTest : public testing::Test {
 protected:
  /// What a request does: looks, and when it is fresh stores `answer`.
  IdempotencyFinding request(std::string_view key, std::string_view body,
                             std::string const& answer = "{}", std::int64_t tenant = 1,
                             std::string_view operation = "create_deposit") {
    return *rig_.database.transact_now([=](PlatformTx& tx) {
      IdempotencyScope const scope{tenant, operation, key, body};
      auto found = tx.idempotency().begin(scope);
      if (found.state == IdempotencyState::fresh) tx.idempotency().store(scope, 201, answer);
      return found;
    });
  }
  test::PlatformRig rig_{8};
};

TEST_F(IdempotencyTest, GivesTheFirstAnswerAgain) {
  EXPECT_EQ(request("k", kBody, "first").state, IdempotencyState::fresh);
  auto const again = request("k", kBody, "second");
  EXPECT_EQ(again.state, IdempotencyState::replay);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, "first");
}

TEST_F(IdempotencyTest, RefusesAnotherBodyUnderTheSameKey) {
  (void)request("k", kBody);
  EXPECT_EQ(request("k", kOtherBody).state, IdempotencyState::reused);
}

TEST_F(IdempotencyTest, KeysOfOtherAccountsAndOperationsAreOthers) {
  (void)request("k", kBody);
  EXPECT_EQ(request("k", kOtherBody, "{}", 2).state, IdempotencyState::fresh);
  EXPECT_EQ(request("k", kOtherBody, "{}", 1, "create_account").state, IdempotencyState::fresh);
}

TEST_F(IdempotencyTest, ForgetsAfter72Hours) {
  (void)request("k", kBody, "first");
  rig_.wait(kIdempotencyKept - std::chrono::seconds(1));
  EXPECT_EQ(request("k", kBody).state, IdempotencyState::replay);
  rig_.wait(std::chrono::seconds(2));
  EXPECT_EQ(request("k", kOtherBody, "new").state, IdempotencyState::fresh);
  EXPECT_EQ(request("k", kOtherBody).body, "new");
}

TEST_F(IdempotencyTest, PurgesOnlyWhatIsOld) {
  for (int i = 0; i < 5; ++i) (void)request("old" + std::to_string(i), kBody);
  rig_.wait(kIdempotencyKept + std::chrono::seconds(1));
  (void)request("new", kBody);
  auto const purge = [&](int limit) {
    return *rig_.database.transact_now(
        [limit](PlatformTx& tx) { return tx.idempotency().purge(limit); });
  };
  EXPECT_EQ(purge(3), 3);
  EXPECT_EQ(purge(100), 2);
  EXPECT_EQ(purge(100), 0);
  EXPECT_EQ(request("new", kBody).state, IdempotencyState::replay);
}

TEST_F(IdempotencyTest, ARolledBackJobFreesItsKey) {
  ASSERT_TRUE(rig_.database.run_now([](PlatformTx& tx) {
    IdempotencyScope const scope{1, "create_deposit", "k", kBody};
    EXPECT_EQ(tx.idempotency().begin(scope).state, IdempotencyState::fresh);
    tx.idempotency().store(scope, 201, "lost");
    return false;
  }));
  EXPECT_EQ(request("k", kBody).state, IdempotencyState::fresh);
}

TEST_F(IdempotencyTest, KeepsAnswersSealed) {
  (void)request("k", kBody, "marker-7f3a");
  auto const rows = rig_.as_owner(
      "select encode(answer_sealed, 'escape') from "
      "leadex.platform_idempotency");
  EXPECT_EQ(rows.at(0).at(0).as<std::string>().find("marker"), std::string::npos);
}

TEST_F(IdempotencyTest, FiftyAtOnceHaveOneEffect) {
  std::atomic<int> effects{0};
  std::atomic<int> busy{0};
  std::atomic<int> replayed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 50; ++i) {
    threads.emplace_back([&] {
      auto const found = *rig_.database.transact_now([](PlatformTx& tx) {
        IdempotencyScope const scope{1, "create_deposit", "k", kBody};
        auto begun = tx.idempotency().begin(scope);
        if (begun.state == IdempotencyState::fresh) {
          EXPECT_TRUE(tx.ledger().deposit(1, "USD", Money{1'000'000}, "x"));
          tx.idempotency().store(scope, 201, "the answer");
        }
        return begun;
      });
      if (found.state == IdempotencyState::fresh) ++effects;
      if (found.state == IdempotencyState::in_progress) ++busy;
      if (found.state == IdempotencyState::replay) {
        ++replayed;
        EXPECT_EQ(found.body, "the answer");
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(effects, 1);
  EXPECT_EQ(busy + replayed, 49);
  auto const wallet =
      *rig_.database.transact_now([](PlatformTx& tx) { return tx.ledger().wallet(1, "USD"); });
  EXPECT_EQ(wallet.micros, 1'000'000);
}

}  // namespace
}  // namespace leadex::storage::postgres
