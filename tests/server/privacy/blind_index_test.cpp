#include "server/privacy/blind_index.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/server/privacy/ring.hpp"

namespace leadex::privacy {
namespace {

using testing_support::root_of;

constexpr std::string_view kEmail = "ada@example.org";

class Blind : public testing::Test {
 protected:
  KeyRing const ring_{root_of('r')};
};

TEST_F(Blind, IsFrozen) {  // computed apart
  EXPECT_EQ(crypto::hex_encode(crypto::view_of(blind_index(ring_, BlindField::email, kEmail))),
            "63f6afe3e1ad8fda9ab89a68b68d7938");
}

TEST_F(Blind, APartnersPlainSha256FindsThePerson) {
  auto const hex = crypto::hex_encode(crypto::view_of(crypto::sha256(kEmail)));
  auto const theirs = parse_sha256_hex(hex);
  ASSERT_TRUE(theirs.has_value());
  EXPECT_EQ(blind_index_of_sha256(ring_, BlindField::email, *theirs),
            blind_index(ring_, BlindField::email, kEmail));
}

TEST_F(Blind, FieldsAndExchangesDoNotMeet) {
  KeyRing const other(root_of('o'));
  std::set<BlindIndex> const indexes{blind_index(ring_, BlindField::email, kEmail),
                                     blind_index(ring_, BlindField::phone, kEmail),
                                     blind_index(ring_, BlindField::email_loose, kEmail),
                                     blind_index(other, BlindField::email, kEmail),
                                     blind_index(ring_, BlindField::email, "ada@example.com")};
  EXPECT_EQ(indexes.size(), 5U);
}

TEST_F(Blind, ValuesAreTakenAsTheyCome) {  // normalising is the caller's work, and must be
  EXPECT_NE(blind_index(ring_, BlindField::email, "Ada@example.org"),
            blind_index(ring_, BlindField::email, kEmail));
}

TEST(Sha256Hex, TakesBothCasesAndNothingElse) {
  auto const lower = crypto::hex_encode(crypto::view_of(crypto::sha256(kEmail)));
  auto upper = lower;
  for (auto& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  EXPECT_EQ(parse_sha256_hex(lower), crypto::sha256(kEmail));
  EXPECT_EQ(parse_sha256_hex(upper), crypto::sha256(kEmail));
  for (auto const& wrong : {std::string(), lower.substr(1), lower + "0", " " + lower.substr(1),
                            "g" + lower.substr(1), "0x" + lower.substr(2)}) {
    EXPECT_FALSE(parse_sha256_hex(wrong).has_value()) << wrong;
  }
}

}  // namespace
}  // namespace leadex::privacy
