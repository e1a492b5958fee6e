#include "server/intake/contact/disposable_domains.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/server/intake/contact/corpus.hpp"

namespace leadex::intake {
namespace {

TEST(DisposableDomains, ListedDomainsAndTheirChildrenAreFound) {
  std::istringstream lines{"# comment\n// comment\n\nThrow.Example\r\nm\u00FCll.example\n"};
  auto const list = DisposableDomains::read(lines);
  ASSERT_TRUE(list);
  EXPECT_EQ(list->size(), 2U);
  EXPECT_TRUE(list->contains("throw.example"));
  EXPECT_TRUE(list->contains("mail.throw.example"));
  EXPECT_TRUE(list->contains("xn--mll-hoa.example"));
  EXPECT_FALSE(list->contains("nothrow.example"));
  EXPECT_FALSE(list->contains("example"));
}

TEST(DisposableDomains, AnEmptyListHoldsNothing) {
  EXPECT_FALSE(DisposableDomains{}.contains("throw.example"));
}

TEST(DisposableDomains, ABadLineRefusesTheFile) {
  std::istringstream lines{"good.example\nno domain here\n"};
  auto const list = DisposableDomains::read(lines);
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error(), DomainListFault::bad_line);
}

TEST(DisposableDomains, AMissingFileIsSaid) {
  auto const list = DisposableDomains::load("no/such/file.conf");
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error(), DomainListFault::unreadable);
}

TEST(DisposableDomains, AFolderIsNoFile) {
  auto const list = DisposableDomains::load(".");
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error(), DomainListFault::unreadable);
}

TEST(DisposableDomains, ThePublishedListLoadsWhole) {
  constexpr auto kFile = "reference/disposable_email_blocklist.conf";
  if (!test::has_shared(kFile)) GTEST_SKIP();
  auto const list = DisposableDomains::load(test::shared_data() / kFile);
  ASSERT_TRUE(list);
  std::ifstream stream{test::shared_data() / kFile};
  std::size_t lines = 0;
  for (std::string line; std::getline(stream, line); ++lines) {
    EXPECT_TRUE(list->contains(line)) << line;
    EXPECT_TRUE(list->contains("mx." + line)) << line;
  }
  EXPECT_EQ(list->size(), lines);
  EXPECT_FALSE(list->contains("example.com"));
  EXPECT_FALSE(list->contains("gmail.com"));
}

}  // namespace
}  // namespace leadex::intake
