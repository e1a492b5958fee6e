// Which spellings of an address are one person, and that their digests meet whichever comes first.

#include "server/intake/contact/mailbox.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "server/intake/lead_rows.hpp"
#include "tests/matching/seed.hpp"
#include "tests/server/privacy/ring.hpp"

namespace leadex::intake {
namespace {

std::string mailbox(std::string_view text) { return mailbox_of(parse_email(text).value()); }

std::vector<std::string> claims(privacy::KeyRing const& ring, std::string_view text,
                                DigestUse use = DigestUse::claim) {
  CheckedLead lead;
  lead.email = parse_email(text).value();
  return person_digests(ring, lead, use);
}

bool meet(std::vector<std::string> const& a, std::vector<std::string> const& b) {
  return std::ranges::any_of(
      a, [&](auto const& digest) { return std::ranges::find(b, digest) != b.end(); });
}

TEST(Mailbox, TagsSayNothingAndDotsOnlyWhereTheProviderReadsThem) {
  EXPECT_EQ(mailbox("J.o.Hn+x@gmail.com"), "john@gmail.com");
  EXPECT_EQ(mailbox("john@googlemail.com"), "john@gmail.com");
  EXPECT_EQ(mailbox("j.ohn@pm.me"), "john@proton.me");
  EXPECT_EQ(mailbox("j.ohn+x+y@example.com"), "j.ohn@example.com");
  EXPECT_EQ(mailbox("john@mail.gmail.com"), "john@mail.gmail.com");
  EXPECT_EQ(mailbox("+x@gmail.com"), "+x@gmail.com");
  EXPECT_EQ(mailbox("\"j. o+x\"@gmail.com"), "\"j. o+x\"@gmail.com");
}

TEST(Mailbox, OnlyAnotherSpellingIsClaimedAsWell) {
  privacy::KeyRing const ring{privacy::testing_support::root_of('k')};
  EXPECT_EQ(claims(ring, "john@gmail.com").size(), 1U);
  EXPECT_EQ(claims(ring, "J.OHN@example.com").size(), 1U);
  EXPECT_EQ(claims(ring, "john+x@gmail.com").size(), 2U);
  EXPECT_TRUE(meet(claims(ring, "john+x@gmail.com"), claims(ring, "john@gmail.com")));
  EXPECT_TRUE(meet(claims(ring, "j.ohn@gmail.com"), claims(ring, "john+y@googlemail.com")));
  EXPECT_FALSE(meet(claims(ring, "j.ohn@example.com"), claims(ring, "john@example.com")));
}

TEST(Mailbox, AnErasureCoversWhateverATableOfProvidersMadeOfIt) {
  privacy::KeyRing const ring{privacy::testing_support::root_of('k')};
  auto const all = claims(ring, "j.ohn+x@example.com", DigestUse::erasure);
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), all.size());
  for (auto const* form : {"j.ohn+x@example.com", "j.ohn@example.com", "john@example.com"}) {
    EXPECT_TRUE(meet(all, claims(ring, form))) << form;
  }
}

TEST(Mailbox, AnyTwoSpellingsMeetExactlyWhenTheirMailboxIsOne) {
  std::mt19937_64 random{seed_of_run()};
  privacy::KeyRing const ring{privacy::testing_support::root_of('k')};
  auto const pick = [&](std::initializer_list<char const*> of) {
    std::uniform_int_distribution<std::size_t> which{0, of.size() - 1};
    return std::string{of.begin()[which(random)]};
  };
  auto const address = [&] {
    return pick({"a", "A", "b"}) + pick({"", "."}) + pick({"c", "d"}) + pick({"", "+x", "+y.z"}) +
           '@' + pick({"gmail.com", "googlemail.com", "example.com", "Proton.me", "pm.me"});
  };
  int met = 0;
  for (int i = 0; i < 2'000; ++i) {
    auto const one = address();
    auto const other = address();
    bool const same = mailbox(one) == mailbox(other);
    met += same ? 1 : 0;
    EXPECT_EQ(meet(claims(ring, one), claims(ring, other)), same) << one << ' ' << other;
    EXPECT_EQ(mailbox(mailbox(one)), mailbox(one));
  }
  EXPECT_GT(met, 20);
}

}  // namespace
}  // namespace leadex::intake
