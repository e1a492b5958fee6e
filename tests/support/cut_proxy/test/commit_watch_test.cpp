#include "tests/support/cut_proxy/commit_watch.hpp"

#include <gtest/gtest.h>

namespace leadex::test {

namespace {

std::string length(std::size_t bytes) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) text.push_back(static_cast<char>(bytes >> shift));
  return text;
}

std::string message(char type, std::string const& body) {
  return type + length(body.size() + 4) + body;
}

std::string query(std::string const& text) { return message('Q', text + '\0'); }

std::string parse(std::string const& name, std::string const& text) {
  return message('P', name + '\0' + text + '\0' + std::string(2, '\0'));
}

std::string bind(std::string const& name) {
  return message('B', std::string(1, '\0') + name + '\0' + std::string(6, '\0'));
}

std::string start() {
  std::string const body = std::string{"\0\3\0\0", 4} + "user" + '\0' + "x" + '\0' + '\0';
  return length(body.size() + 4) + body;
}

/// How many COMMITs are marked; every byte has to come out again.
int marked(std::string const& said, std::size_t piece) {
  CommitWatch watch{{"commit_batch", "update batch"}};
  int found = 0;
  std::string passed;
  for (std::size_t at = 0; at < said.size(); at += piece) {
    watch.put(std::string_view{said}.substr(at, piece));
    while (auto const next = watch.next()) {
      found += next->marked_commit ? 1 : 0;
      passed += next->bytes;
    }
  }
  EXPECT_EQ(passed, said);
  return found;
}

TEST(CommitWatch, FindsTheCommitsOfTransactionsWithAMarkedStatement) {
  auto const said = start() + query("BEGIN") + query("insert into commit_batch values (1)") +
                    query("COMMIT") + query("BEGIN") + query("select 1") + query("COMMIT") +
                    parse("head", "insert into leadex.commit_batch select 1") +
                    parse("read", "select 2") + query("begin") + bind("read") + query("commit") +
                    query("begin") + bind("head") + query("commit;");
  for (std::size_t const piece : {std::size_t{1}, std::size_t{7}, said.size()}) {
    EXPECT_EQ(marked(said, piece), 2) << piece;
  }
}

TEST(CommitWatch, ForgetsATransactionThatWasRolledBack) {
  auto const said = start() + query("BEGIN") + query("update batch set x = 1") + query("ROLLBACK") +
                    query("BEGIN") + query("COMMIT");
  EXPECT_EQ(marked(said, said.size()), 0);
}

TEST(CommitWatch, PassesWhatComesBeforeTheStart) {
  auto const ssl = length(8) + std::string{"\x04\xd2\x16\x2f", 4};
  EXPECT_EQ(marked(ssl + start() + query("update batch") + query("COMMIT"), 5), 1);
}

TEST(CommitWatch, RefusesALengthThatCannotBe) {
  CommitWatch watch{{"x"}};
  watch.put(length(3) + length(0));
  EXPECT_THROW(static_cast<void>(watch.next()), std::runtime_error);
}

}  // namespace

}  // namespace leadex::test
