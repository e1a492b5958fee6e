#include "server/privacy/audit_chain.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "server/crypto/random.hpp"

namespace leadex::privacy {
namespace {

using crypto::Digest;
using crypto::Ed25519Key;

constexpr MarketNo kStream = 7;

std::vector<AuditRow> log_of(std::int64_t size) {
  std::vector<AuditRow> rows;
  Digest previous = kChainStart;
  for (std::int64_t seq = 1; seq <= size; ++seq) {
    AuditEvent event{.stream = kStream,
                     .seq = seq,
                     .at = from_unix_micros(1'000'000 * seq),
                     .principal_no = 3,
                     .tenant_no = 4,
                     .action = "contact.revealed",
                     .object_kind = "lead",
                     .object_market = kStream,
                     .object_no = seq * 10,
                     .payload = "{\"fields\":[\"email\"]}"};
    auto const hash = audit_hash(event, previous);
    rows.push_back({std::move(event), hash});
    previous = hash;
  }
  return rows;
}

std::optional<AuditFinding> verify(std::vector<AuditRow> const& rows) {
  AuditVerifier verifier(kStream);
  return verify_audit_rows(verifier, rows);
}

AuditHead head_of(std::vector<AuditRow> const& rows) {
  return {kStream, rows.back().event.seq, rows.back().hash, from_unix_micros(5)};
}

TEST(AuditChain, AnUntouchedLogVerifiesWholeAndInParts) {
  auto const rows = log_of(100);
  EXPECT_EQ(verify(rows), std::nullopt);
  EXPECT_EQ(verify({}), std::nullopt);
  AuditVerifier verifier(kStream);
  std::span<AuditRow const> const all(rows);
  EXPECT_EQ(verify_audit_rows(verifier, all.first(40)), std::nullopt);
  EXPECT_EQ(verify_audit_rows(verifier, all.subspan(40)), std::nullopt);
  EXPECT_EQ(verifier.seq(), 100);
  EXPECT_EQ(verifier.hash(), rows.back().hash);
  AuditVerifier tail(kStream, 40, rows[39].hash);
  EXPECT_EQ(verify_audit_rows(tail, all.subspan(40)), std::nullopt);
}

TEST(AuditChain, AnyChangedFieldNamesItsRow) {
  std::vector<std::function<void(AuditRow&)>> const changes{
      [](AuditRow& r) { r.event.at += Micros{1}; },
      [](AuditRow& r) { r.event.principal_no = 9; },
      [](AuditRow& r) { std::swap(r.event.principal_no, r.event.tenant_no); },
      [](AuditRow& r) { r.event.action = "contact.reveale"; },
      [](AuditRow& r) { r.event.object_kind = "sale"; },
      [](AuditRow& r) { r.event.object_market = 8; },
      [](AuditRow& r) { r.event.object_no += 1; },
      [](AuditRow& r) { r.event.payload += ' '; },
      [](AuditRow& r) { r.hash[0] ^= 1; },
  };
  for (std::size_t change = 0; change < changes.size(); ++change) {
    for (std::size_t at : {0U, 4U, 9U}) {
      auto rows = log_of(10);
      changes[change](rows[at]);
      EXPECT_EQ(verify(rows), (AuditFinding{rows[at].event.seq, AuditFault::changed})) << change;
    }
  }
}

TEST(AuditChain, MissingDoubledAndExchangedRowsAreGaps) {
  auto rows = log_of(10);
  rows.erase(rows.begin() + 4);
  EXPECT_EQ(verify(rows), (AuditFinding{5, AuditFault::gap}));
  rows = log_of(10);
  rows.insert(rows.begin() + 4, rows[3]);
  EXPECT_EQ(verify(rows), (AuditFinding{5, AuditFault::gap}));
  rows = log_of(10);
  std::swap(rows[4], rows[5]);
  EXPECT_EQ(verify(rows), (AuditFinding{5, AuditFault::gap}));
  rows = log_of(10);
  rows[4].event.stream = 8;
  EXPECT_EQ(verify(rows), (AuditFinding{5, AuditFault::wrong_stream}));
}

TEST(AuditChain, ARowRewrittenWithItsHashBreaksTheNextOne) {
  auto rows = log_of(10);
  rows[4].event.payload = "{}";
  rows[4].hash = audit_hash(rows[4].event, rows[3].hash);
  EXPECT_EQ(verify(rows), (AuditFinding{6, AuditFault::changed}));
}

TEST(AuditChain, ARewrittenTailIsFoundByTheSignedHead) {
  auto rows = log_of(10);
  auto const key = Ed25519Key::from_seed(crypto::random_secret(32));
  auto const line = sign_audit_head(key, head_of(rows));
  rows[4].event.payload = "{}";
  for (std::size_t i = 4; i < rows.size(); ++i) {
    rows[i].hash = audit_hash(rows[i].event, rows[i - 1].hash);
  }
  EXPECT_EQ(verify(rows), std::nullopt);  // the chain alone cannot tell
  AuditVerifier verifier(kStream);
  EXPECT_EQ(verify_audit_rows(verifier, rows), std::nullopt);
  auto const head = open_audit_head(key.public_key(), line);
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(verifier.check(*head), (AuditFinding{10, AuditFault::head_mismatch}));
}

TEST(AuditChain, ACutTailIsFoundByTheSignedHead) {
  auto rows = log_of(10);
  auto const head = head_of(rows);
  AuditVerifier whole(kStream);
  EXPECT_EQ(verify_audit_rows(whole, rows), std::nullopt);
  EXPECT_EQ(whole.check(head), std::nullopt);
  rows.pop_back();
  AuditVerifier verifier(kStream);
  EXPECT_EQ(verify_audit_rows(verifier, rows), std::nullopt);
  EXPECT_EQ(verifier.check(head), (AuditFinding{10, AuditFault::head_mismatch}));
  EXPECT_EQ(AuditVerifier(8).check(head), (AuditFinding{10, AuditFault::wrong_stream}));
}

class AuditHeadLine : public testing::Test {
 protected:
  Ed25519Key const key_ = Ed25519Key::from_seed(crypto::random_secret(32));
  AuditHead const head_{kStream, 12345, crypto::sha256("x"),
                        from_unix_micros(1'795'000'000'123'456)};
  std::string const line_ = sign_audit_head(key_, head_);
};

TEST_F(AuditHeadLine, ComesBack) {
  EXPECT_EQ(line_.find("7 12345 " + crypto::hex_encode(crypto::view_of(head_.hash)) +
                       " 1795000000123456 "),
            0U);
  EXPECT_EQ(open_audit_head(key_.public_key(), line_), head_);
  auto const other = Ed25519Key::from_seed(crypto::random_secret(32)).public_key();
  EXPECT_EQ(open_audit_head(other, line_).error(), AuditHeadError::not_authentic);
}

TEST_F(AuditHeadLine, AnyChangedCharacterIsRefused) {
  auto const key = key_.public_key();
  for (std::size_t at = 0; at < line_.size(); ++at) {
    for (char const c : std::string("019afgF -+\n")) {
      auto changed = line_;
      changed[at] = c;
      if (changed != line_) EXPECT_FALSE(open_audit_head(key, changed).has_value()) << changed;
    }
  }
}

TEST_F(AuditHeadLine, OtherTextsAreMalformed) {
  auto const key = key_.public_key();
  for (auto const& text :
       {std::string(), std::string(" "), std::string("    "), line_ + " ", line_ + "\n",
        " " + line_, "0" + line_, "+" + line_, line_.substr(0, line_.rfind(' ')),
        std::string(1'000'000, ' '), std::string("99999999999") + line_}) {
    auto const opened = open_audit_head(key, text);
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error(), AuditHeadError::malformed);
  }
}

}  // namespace
}  // namespace leadex::privacy
