#include "server/intake/contact/company_name.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace leadex::intake {
namespace {

TEST(CompanyKey, LeavesBlanksAtTheEndsAndRepeatedOnesOut) {
  EXPECT_EQ(company_key("Acme Insurance"), "acme insurance");
  EXPECT_EQ(company_key(" \t Acme \n  Insurance\r\n"), "acme insurance");
  EXPECT_EQ(company_key("Acme\u00A0\u2003Insurance\u3000"), "acme insurance");
  EXPECT_EQ(company_key("AcmeInsurance"), "acmeinsurance");
}

TEST(CompanyKey, FoldsTheCaseOfAllScriptsAndComposes) {
  EXPECT_EQ(company_key("WEISS & SÖHNE"), company_key("Weiß & Söhne"));
  EXPECT_EQ(company_key("ΑΣΦΑΛΕΙΕΣ"), company_key("ασφαλειες"));
  EXPECT_EQ(company_key("Cafe\u0301"), company_key("CAFÉ"));
  EXPECT_EQ(company_key("СТРАХ"), "страх");
}

TEST(CompanyKey, TakesNothingElseForTheSame) {
  EXPECT_NE(company_key("Acme Inc."), company_key("Acme"));
  EXPECT_NE(company_key("Acme, Inc."), company_key("Acme Inc."));
  EXPECT_NE(company_key("Café"), company_key("Cafe"));
}

TEST(CompanyKey, IsEmptyForBlanksAndForWhatIsNoText) {
  EXPECT_EQ(company_key(""), "");
  EXPECT_EQ(company_key(" \t\u2003"), "");
  EXPECT_EQ(company_key("Acme\xFF"), "");
}

TEST(CompanyKey, OfAKeyIsTheKeyItself) {
  char const* const given = std::getenv("LEADEX_TEST_SEED");
  auto const seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  SCOPED_TRACE("LEADEX_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 random{seed};
  std::vector<std::string> const pieces{"A", "b", "ß", "É",  "e\u0301", " ", "\u00A0", "\t",
                                        "Σ", "İ", "&", "Ｌ", "ﬁ",       "9", "."};
  for (int round = 0; round < 2000; ++round) {
    std::string name;
    for (auto n = random() % 12; n > 0; --n) name += pieces[random() % pieces.size()];
    auto const key = company_key(name);
    EXPECT_EQ(company_key(key), key) << name;
    EXPECT_EQ(company_key("  " + name + ' '), key) << name;
  }
}

}  // namespace
}  // namespace leadex::intake
