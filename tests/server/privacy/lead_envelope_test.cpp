#include "server/privacy/lead_envelope.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <set>

#include "tests/server/privacy/ring.hpp"

namespace leadex::privacy {
namespace {

using crypto::Bytes;
using testing_support::root_of;
using testing_support::with_flipped_bit;

constexpr Timestamp kCaptured =
    std::chrono::sys_days{std::chrono::year{2026} / std::chrono::November / 22};
constexpr std::string_view kContact = R"({"email":"ada@example.org","phone":"+12015550123"})";

class LeadEnvelope : public testing::Test {
 protected:
  KeyRing const ring_{root_of('r')};
  LeadId const lead_{7, 42};
  SealedContact const contact_ = seal_contact(ring_, lead_, kCaptured, kContact);
};

TEST_F(LeadEnvelope, AContactComesBackThroughItsWrappedKey) {
  EXPECT_EQ(contact_.key_row.kek_id, 202611);
  EXPECT_EQ(open_contact(ring_, lead_, contact_.key_row, contact_.sealed).value().view(), kContact);
  EXPECT_EQ(contact_.sealed.find("ada"), Bytes::npos);
}

TEST_F(LeadEnvelope, ARestartedServerOpensWhatTheFirstOneSealed) {
  KeyRing const again(root_of('r'));
  EXPECT_EQ(open_contact(again, lead_, contact_.key_row, contact_.sealed).value().view(), kContact);
  KeyRing const other(root_of('o'));
  EXPECT_EQ(open_contact(other, lead_, contact_.key_row, contact_.sealed).error(),
            SealError::not_authentic);
}

TEST_F(LeadEnvelope, OtherFieldsOfTheLeadShareItsKey) {
  auto const row = row_key(lead_.no);
  SealPlace const place{"contact", lead_.market, row, "consent_sealed"};
  auto const sealed = seal_field(contact_.key, place, "consent text");
  auto const key = open_lead_key(ring_, lead_, contact_.key_row);
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(open_field(*key, place, sealed).value().view(), "consent text");
  // The two columns cannot be exchanged.
  EXPECT_EQ(open_contact(ring_, lead_, contact_.key_row, sealed).error(), SealError::not_authentic);
}

TEST_F(LeadEnvelope, KeysOfTwoLeadsDifferAndCannotBeExchanged) {
  LeadId const neighbour{7, 43};
  auto const other = seal_contact(ring_, neighbour, kCaptured, kContact);
  EXPECT_NE(other.key.secret().view(), contact_.key.secret().view());
  EXPECT_FALSE(open_lead_key(ring_, lead_, other.key_row).has_value());
  EXPECT_FALSE(open_contact(ring_, lead_, contact_.key_row, other.sealed).has_value());
  EXPECT_FALSE(open_contact(ring_, neighbour, contact_.key_row, contact_.sealed).has_value());
  EXPECT_FALSE(open_contact(ring_, {8, 42}, contact_.key_row, contact_.sealed).has_value());
}

TEST_F(LeadEnvelope, EveryChangedByteIsRefused) {
  for (std::size_t at = 0; at < contact_.key_row.wrapped.size(); ++at) {
    LeadKeyRow const changed{contact_.key_row.kek_id,
                             with_flipped_bit(contact_.key_row.wrapped, at)};
    EXPECT_FALSE(open_lead_key(ring_, lead_, changed).has_value()) << at;
  }
  for (std::size_t at = 0; at < contact_.sealed.size(); ++at) {
    auto const changed = with_flipped_bit(contact_.sealed, at);
    EXPECT_FALSE(open_contact(ring_, lead_, contact_.key_row, changed).has_value()) << at;
  }
  EXPECT_EQ(open_lead_key(ring_, lead_, {202612, contact_.key_row.wrapped}).error(),
            SealError::unknown_key);
  EXPECT_EQ(open_lead_key(ring_, lead_, {0, contact_.key_row.wrapped}).error(),
            SealError::unknown_key);
}

TEST_F(LeadEnvelope, ALeadWithoutItsKeyIsErased) {
  // What erasure leaves: the sealed contact, every other lead's key, and the root key.
  auto const fresh = make_lead_key(ring_, lead_, 202611);
  EXPECT_EQ(open_contact(ring_, lead_, fresh.row, contact_.sealed).error(),
            SealError::not_authentic);
}

TEST_F(LeadEnvelope, AWrongKeyUnderARightWrappingIsRefused) {
  auto const row = row_key(lead_.no);
  LeadKeyRow const short_key{
      202611, seal_value(*ring_.contact_kek(202611).value(), 202611,
                         {"lead_key", lead_.market, row, "wrapped"}, "not 32 bytes")};
  EXPECT_EQ(open_lead_key(ring_, lead_, short_key).error(), SealError::malformed);
}

TEST_F(LeadEnvelope, RewrappingKeepsWhatWasSealed) {
  auto const moved = rewrap_lead_key(ring_, lead_, contact_.key_row, 202701);
  ASSERT_TRUE(moved.has_value());
  EXPECT_EQ(moved->kek_id, 202701);
  EXPECT_NE(moved->wrapped, contact_.key_row.wrapped);
  EXPECT_EQ(open_contact(ring_, lead_, *moved, contact_.sealed).value().view(), kContact);
}

TEST_F(LeadEnvelope, TheSameContactIsNeverSealedToTheSameBytes) {
  std::set<Bytes> seen;
  for (int i = 0; i < 1'000; ++i) {
    auto sealed = seal_contact(ring_, lead_, kCaptured, kContact);
    seen.insert(std::move(sealed.sealed));
    seen.insert(std::move(sealed.key_row.wrapped));
  }
  EXPECT_EQ(seen.size(), 2'000U);
}

}  // namespace
}  // namespace leadex::privacy
