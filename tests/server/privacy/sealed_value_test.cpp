#include "server/privacy/sealed_value.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "server/crypto/random.hpp"
#include "tests/server/privacy/ring.hpp"

namespace leadex::privacy {
namespace {

using crypto::AeadKey;
using crypto::Bytes;
using crypto::ByteView;
using testing_support::root_of;
using testing_support::with_flipped_bit;

class SealedValue : public testing::Test {
 protected:
  AeadKey const key_ = AeadKey::generate();
  Bytes const row_ = row_key(42);
  SealPlace const place_{"contact", 7, row_, "sealed"};
};

TEST_F(SealedValue, HasTheFormOfTheDesign) {
  auto const sealed = seal_value(key_, 202611, place_, "plain");
  EXPECT_EQ(sealed.size(), 1 + 4 + 12 + 5 + 16U);
  EXPECT_EQ(crypto::hex_encode(ByteView(sealed).substr(0, 5)), "0100031773");
  EXPECT_EQ(sealed_key_id(sealed), 202611);
}

TEST_F(SealedValue, EverySizeComesBack) {
  for (std::size_t const size : {0U, 1U, 400U, 70'000U}) {
    auto const plain = crypto::random_bytes(size);
    auto const sealed = seal_value(key_, 1, place_, plain);
    EXPECT_EQ(sealed.size(), size + kSealedOverheadBytes);
    EXPECT_EQ(open_value(key_, 1, place_, sealed).value().view(), plain);
  }
}

TEST_F(SealedValue, EveryChangedByteIsRefused) {
  auto const sealed = seal_value(key_, 1, place_, "the plain text");
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    auto const opened = open_value(key_, 1, place_, with_flipped_bit(sealed, at));
    ASSERT_FALSE(opened.has_value()) << at;
    EXPECT_EQ(opened.error(), at == 0  ? SealError::unknown_version
                              : at < 5 ? SealError::unknown_key
                                       : SealError::not_authentic);
  }
  // A changed key id is refused even by a caller that follows it to the same key.
  auto changed = sealed;
  changed[4] = 2;
  EXPECT_EQ(open_value(key_, 2, place_, changed).error(), SealError::not_authentic);
}

TEST_F(SealedValue, EveryCutIsRefused) {
  auto const sealed = seal_value(key_, 1, place_, "the plain text");
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    auto const opened = open_value(key_, 1, place_, ByteView(sealed).substr(0, size));
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error(),
              size < kSealedOverheadBytes ? SealError::malformed : SealError::not_authentic);
  }
}

TEST_F(SealedValue, OpensInItsOwnPlaceOnly) {
  auto const sealed = seal_value(key_, 1, place_, "plain");
  auto const other_row = row_key(43);
  for (auto const& elsewhere :
       {SealPlace{"contacts", 7, row_, "sealed"}, SealPlace{"contact", 8, row_, "sealed"},
        SealPlace{"contact", 7, other_row, "sealed"},
        SealPlace{"contact", 7, row_, "consent_sealed"}, SealPlace{"", 7, row_, "sealed"}}) {
    EXPECT_EQ(open_value(key_, 1, elsewhere, sealed).error(), SealError::not_authentic);
  }
  EXPECT_EQ(open_value(AeadKey::generate(), 1, place_, sealed).error(), SealError::not_authentic);
}

TEST_F(SealedValue, PlacesThatReadAlikeDiffer) {
  auto const sealed = seal_value(key_, 1, {"ab", 0, "c", "d"}, "plain");
  EXPECT_FALSE(open_value(key_, 1, {"a", 0, "bc", "d"}, sealed).has_value());
  EXPECT_FALSE(open_value(key_, 1, {"ab", 0, "cd", ""}, sealed).has_value());
  EXPECT_FALSE(open_value(key_, 1, {"abc", 0, "", "d"}, sealed).has_value());
}

TEST_F(SealedValue, RowKeysOfDifferentRowsDiffer) {
  auto const key16 = crypto::random_bytes(16);
  std::set<Bytes> const keys{row_key(1),    row_key(2),        row_key(-1),      row_key(1, 2),
                             row_key(2, 1), row_key(1, key16), row_key(2, key16)};
  EXPECT_EQ(keys.size(), 7U);
  EXPECT_EQ(row_key(1).size(), 8U);
}

TEST(SecretBox, SealsUnderItsOwnKey) {
  KeyRing const ring(root_of('r'));
  KeyRing const other(root_of('o'));
  SecretBox const box(ring);
  auto const row = row_key(5);
  SealPlace const place{"webhook_endpoint", 0, row, "secret_sealed"};
  auto const sealed = box.seal(place, "whsec_");
  EXPECT_EQ(box.open(place, sealed).value().view(), "whsec_");
  EXPECT_EQ(SecretBox(other).open(place, sealed).error(), SealError::not_authentic);
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    EXPECT_FALSE(box.open(place, with_flipped_bit(sealed, at)).has_value()) << at;
  }
}

}  // namespace
}  // namespace leadex::privacy
