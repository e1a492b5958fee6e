#include "server/intake/contact/mail_typo.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/intake/contact/disposable_domains.hpp"
#include "server/intake/contact/email.hpp"
#include "tests/server/intake/contact/corpus.hpp"

namespace leadex::intake {
namespace {

TEST(MailTypo, SlipsOfHandAndEyeAreFound) {
  std::vector<std::pair<std::string, std::string>> const slips{
      {"gmial.com", "gmail.com"},
      {"gmai.com", "gmail.com"},
      {"gnail.com", "gmail.com"},
      {"gmaill.com", "gmail.com"},
      {"gmal.com", "gmail.com"},
      {"gamil.com", "gmail.com"},
      {"mgail.com", "gmail.com"},
      {"grnail.com", "gmail.com"},
      {"gmail.con", "gmail.com"},
      {"gmail.co", "gmail.com"},
      {"gmail.cm", "gmail.com"},
      {"gmail.comm", "gmail.com"},
      {"gmai1.com", "gmail.com"},
      {"googelmail.com", "googlemail.com"},
      {"yaho.com", "yahoo.com"},
      {"yahooo.com", "yahoo.com"},
      {"yhaoo.com", "yahoo.com"},
      {"yah00.com", "yahoo.com"},
      {"yahoo.cmo", "yahoo.com"},
      {"yaho.co.uk", "yahoo.co.uk"},
      {"hotmial.com", "hotmail.com"},
      {"hotmai.com", "hotmail.com"},
      {"hotnail.com", "hotmail.com"},
      {"hormail.com", "hotmail.com"},
      {"hotmaill.com", "hotmail.com"},
      {"hotmail.con", "hotmail.com"},
      {"hotmial.co.uk", "hotmail.co.uk"},
      {"outlok.com", "outlook.com"},
      {"outloook.com", "outlook.com"},
      {"putlook.com", ""},
      {"outlool.com", "outlook.com"},
      {"iclould.com", "icloud.com"},
      {"iclod.com", "icloud.com"},
      {"icloud.con", "icloud.com"},
      {"comcats.net", "comcast.net"},
      {"comcast.nte", "comcast.net"},
      {"verison.net", "verizon.net"},
      {"sbcgloabl.net", "sbcglobal.net"},
      {"bellsoth.net", "bellsouth.net"},
      {"aol.con", "aol.com"},
      {"msn.cmo", "msn.com"},
      {"live.con", "live.com"},
      {"protonmial.com", "protonmail.com"},
      {"t-onlien.de", "t-online.de"},
  };
  for (auto const& [written, meant] : slips) {
    auto const suggested = suggest_mail_domain(written);
    EXPECT_EQ(suggested.value_or(""), meant) << written;
  }
}

TEST(MailTypo, RealDomainsAreNotSuspected) {
  for (auto const* real :
       {"gmail.com",     "googlemail.com", "yahoo.com",     "yahoo.fr",       "yahoo.it",
        "yahoo.co.in",   "yahoo.co.jp",    "yahoo.com.br",  "hotmail.es",     "hotmail.it",
        "hotmail.co.uk", "outlook.com",    "outlook.es",    "outlook.com.br", "live.com",
        "live.co.uk",    "live.nl",        "msn.com",       "aol.com",        "aol.de",
        "mail.com",      "email.com",      "ymail.com",     "gmx.com",        "gmx.net",
        "gmx.at",        "web.de",         "me.com",        "mac.com",        "icloud.com",
        "cloud.com",     "proton.me",      "pm.me",         "comcast.com",    "verizon.com",
        "att.net",       "cox.net",        "charter.net",   "rogers.com",     "orange.fr",
        "free.fr",       "sfr.fr",         "fmail.com",     "hmail.com",      "zmail.com",
        "mailbox.org",   "hushmail.com",   "tutanota.com",  "zoho.com",       "yandex.com",
        "example.com",   "company.com",    "github.com",    "gov.uk",         "harvard.edu",
        "photon.me",     "t-mobile.de",    "fastmail.fm",   "hotelmail.com",  "sohu.com",
        "protonmail.ch", "google.com",     "microsoft.com", "apple.com",      "x.com"}) {
    EXPECT_FALSE(suggest_mail_domain(real))
        << real << " " << suggest_mail_domain(real).value_or("");
  }
}

TEST(MailTypo, OddNamesAreNoTrouble) {
  for (auto const* odd : {"", ".", "com", ".com", "a.", "gmail", "g.com", "gmail..com"}) {
    EXPECT_FALSE(suggest_mail_domain(odd)) << odd;
  }
  EXPECT_FALSE(suggest_mail_domain(std::string(200, 'g') + ".com"));
}

TEST(MailTypo, CostsAreAsStated) {
  EXPECT_EQ(slip_cost("gmail", "gmail"), 0);
  EXPECT_EQ(slip_cost("gmial", "gmail"), 1);   // swapped
  EXPECT_EQ(slip_cost("gnail", "gmail"), 1);   // the key beside
  EXPECT_EQ(slip_cost("grnail", "gmail"), 1);  // reads as m
  EXPECT_EQ(slip_cost("gmaill", "gmail"), 1);  // doubled
  EXPECT_EQ(slip_cost("gzail", "gmail"), 2);   // any other letter
  EXPECT_EQ(slip_cost("xyz", "gmail"), 5);
}

// Of domains that are used for something else, few may be suspected: 8,335 of them stand in a list.
TEST(MailTypo, HardlyAnyOtherDomainIsSuspected) {
  constexpr std::string_view kFile = "reference/disposable_email_blocklist.conf";
  if (!test::has_shared(kFile)) GTEST_SKIP();
  std::ifstream lines{test::shared_data() / kFile};
  int all = 0;
  int suspected = 0;
  for (std::string line; std::getline(lines, line);) {
    ++all;
    if (auto const meant = suggest_mail_domain(line)) {
      ++suspected;
      std::cout << line << " -> " << *meant << '\n';
    }
  }
  std::cout << suspected << " of " << all << " suspected\n";
  EXPECT_GT(all, 8000);
  EXPECT_LT(suspected * 200, all);  // half of a hundredth; look-alikes are what some of them are
}

}  // namespace
}  // namespace leadex::intake
