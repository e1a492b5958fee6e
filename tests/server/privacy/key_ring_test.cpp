#include "server/privacy/key_ring.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <set>
#include <thread>
#include <vector>

#include "tests/server/privacy/ring.hpp"

namespace leadex::privacy {
namespace {

using crypto::Bytes;
using crypto::hex_encode;
using crypto::view_of;
using testing_support::root_of;
using namespace std::chrono_literals;

constexpr Timestamp at(std::chrono::year_month_day day) { return std::chrono::sys_days{day}; }

TEST(KeyRing, TheDerivationIsFrozen) {
  // Values computed apart. A change here makes every sealed value and every id unreadable.
  KeyRing const ring(root_of('r'));
  EXPECT_EQ(hex_encode(ring.id_key().view()),
            "1b63813b833fdb8d620f2023795bc66c86a1d4e8a819d318af8e1b17b7e7234a");
  EXPECT_EQ(hex_encode(ring.contact_kek(202611).value()->secret().view()),
            "4388c006a0ab3ca67ee17a8a76173e9d24ccc3b1ee68a5ea48f045fe0a5914c2");
  EXPECT_EQ(hex_encode(ring.contact_kek(202601).value()->secret().view()),
            "2958adb3941efa6cd130838c35ab4537e1927c9e7c31c67f0035394e8079fff8");
  EXPECT_EQ(hex_encode(ring.secret_box().secret().view()),
            "6c026656338538d9b962bf3ab05090ee7e904310fd433078a4dab5f5d1de25be");
  EXPECT_EQ(hex_encode(ring.token().secret().view()),
            "0e1a8d14755badc06d688eda27e5a4db4fb19c832c78ff1aceff4bb67c8be291");
  EXPECT_EQ(hex_encode(ring.check_value()), "56a81f6099dda25836b3939f933eb7cd");
  EXPECT_EQ(hex_encode(view_of(ring.api_key_pepper().sign("m"))),
            "fe23f863e4054b9397f0f8cd15a04e200df73d163fd2a0ec00603b9add89697e");
  EXPECT_EQ(hex_encode(view_of(ring.blind_index(BlindField::email).sign("m"))),
            "f2e093735a1cd466705a3b1c7dd804379f9c753a95f0cc3ae5d8b8f67ab7b83c");
}

TEST(KeyRing, EveryKeyIsItsOwn) {
  KeyRing const ring(root_of('r'));
  std::set<Bytes> keys;
  keys.insert(Bytes(ring.secret_box().secret().view()));
  keys.insert(Bytes(ring.token().secret().view()));
  keys.insert(Bytes(ring.id_key().view()));
  for (KekId const id : {202611, 202612, 202701, 202511}) {
    keys.insert(Bytes(ring.contact_kek(id).value()->secret().view()));
  }
  EXPECT_EQ(keys.size(), 7U);
  std::set<Bytes> tags;
  for (auto const* key :
       {&ring.blind_index(BlindField::email), &ring.blind_index(BlindField::phone),
        &ring.blind_index(BlindField::email_loose), &ring.api_key_pepper(),
        &ring.body_fingerprint()}) {
    tags.insert(Bytes(view_of(key->sign("message"))));
  }
  EXPECT_EQ(tags.size(), 5U);
}

TEST(KeyRing, AnotherRootGivesOtherKeysAndAnotherCheckValue) {
  KeyRing const ring(root_of('r'));
  KeyRing const same(root_of('r'));
  KeyRing const other(root_of('o'));
  EXPECT_EQ(ring.check_value(), same.check_value());
  EXPECT_EQ(ring.audit_signing().public_key().hex(), same.audit_signing().public_key().hex());
  EXPECT_NE(ring.check_value(), other.check_value());
  EXPECT_NE(ring.id_key().view(), other.id_key().view());
  EXPECT_NE(ring.contact_kek(202611).value()->secret().view(),
            other.contact_kek(202611).value()->secret().view());
  EXPECT_NE(ring.audit_signing().public_key().hex(), other.audit_signing().public_key().hex());
}

TEST(KeyRing, IdsThatAreNoMonthHaveNoKey) {
  KeyRing const ring(root_of('r'));
  for (KekId const id : {0, -1, 202600, 202613, 199912, 300001, 2026, -202611,
                         std::numeric_limits<KekId>::max(), std::numeric_limits<KekId>::min()}) {
    auto const key = ring.contact_kek(id);
    ASSERT_FALSE(key.has_value()) << id;
    EXPECT_EQ(key.error(), KeyRingError::unknown_key);
  }
}

TEST(KeyRing, MonthsAreUtcAndEveryInstantHasOne) {
  using namespace std::chrono;
  EXPECT_EQ(kek_id_of(at(2026y / November / 1)), 202611);
  EXPECT_EQ(kek_id_of(at(2026y / December / 1) - microseconds{1}), 202611);
  EXPECT_EQ(kek_id_of(at(2026y / December / 1)), 202612);
  EXPECT_EQ(kek_id_of(at(2027y / January / 1)), 202701);
  EXPECT_EQ(kek_id_of(at(1970y / January / 1)), 200001);
  EXPECT_EQ(kek_id_of(at(3000y / January / 1)), 299912);
  EXPECT_EQ(kek_id_of(Timestamp::min()), 200001);
  EXPECT_EQ(kek_id_of(Timestamp::max()), 299912);
  for (auto month = 2000y / January; month < 3000y / January; month += months{1}) {
    EXPECT_TRUE(is_kek_id(kek_id_of(at(month / 15))));
  }
}

TEST(KeyRing, ThreadsMeetTheSameKeys) {
  KeyRing const ring(root_of('r'));
  KeyRing const reference(root_of('r'));
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 3; ++round) {
        for (KekId year = 2000; year < 2020; ++year) {
          for (KekId month = 1; month <= 12; ++month) {
            auto const key = ring.contact_kek(year * 100 + month).value();
            auto const expected = reference.contact_kek(year * 100 + month).value();
            wrong += key->secret().view() == expected->secret().view() ? 0 : 1;
          }
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(KeyRingDeathTest, AShortRootStopsTheProcess) {
  EXPECT_DEATH(KeyRing(crypto::Secret(crypto::ByteView("short"))), "kRootKeyBytes");
}

}  // namespace
}  // namespace leadex::privacy
