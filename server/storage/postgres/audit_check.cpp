#include "server/storage/postgres/audit_check.hpp"

#include <map>
#include <set>

#include "server/privacy/audit_chain.hpp"
#include "server/storage/postgres/audit_rows.hpp"
#include "server/storage/postgres/statement.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr int kPageRows = 2000;

constexpr char const* kStreams =
    "select stream from audit_head union select distinct stream from audit order by 1";
constexpr char const* kStoredHead = "select seq, hash from audit_head where stream = $1";
constexpr char const* kPage =
    LEADEX_AUDIT_COLUMNS "from audit where stream = $1 and seq > $2 order by seq limit $3";

/// Signed heads of one stream by seq; two different ones for a seq show as a mismatch anyway.
using Heads = std::multimap<std::int64_t, privacy::AuditHead>;

std::string_view text(privacy::AuditFault fault) {
  switch (fault) {
    case privacy::AuditFault::wrong_stream:
      return "wrong_stream";
    case privacy::AuditFault::gap:
      return "gap";
    case privacy::AuditFault::changed:
      return "changed";
    case privacy::AuditFault::head_mismatch:
      return "head_mismatch";
  }
  return "changed";
}

class StreamCheck {
 public:
  StreamCheck(pqxx::transaction_base& tx, MarketNo stream, Heads const& heads, AuditReport& report)
      : tx_(tx), stream_(stream), heads_(heads), report_(report), verifier_(stream) {}

  void run() {
    if (!walk()) return;
    if (!heads_.empty() && heads_.rbegin()->first > verifier_.seq()) {
      problem(verifier_.seq() + 1, "truncated");
      return;
    }
    compare_stored_head();
  }

 private:
  /// False after a problem.
  bool walk() {
    for (std::int64_t after = -1;;) {
      auto const rows = execute(tx_, kPage, Parameters(stream_, after, kPageRows));
      for (auto const& row : rows) {
        auto const record = read_audit_record(row);
        after = record.seq;
        if (auto const found = verifier_.check(chain_row(record))) {
          return problem(found->first_bad_seq, text(found->fault));
        }
        ++report_.rows;
        if (!compare_heads()) return false;
      }
      if (rows.size() < static_cast<std::size_t>(kPageRows)) return true;
    }
  }

  bool compare_heads() {
    auto const [first, last] = heads_.equal_range(verifier_.seq());
    for (auto it = first; it != last; ++it) {
      if (auto const found = verifier_.check(it->second)) {
        return problem(found->first_bad_seq, text(found->fault));
      }
      ++report_.heads;
    }
    return true;
  }

  void compare_stored_head() {
    auto const stored = execute(tx_, kStoredHead, Parameters(stream_));
    std::int64_t const seq = stored.empty() ? 0 : stored.at(0).at(0).as<std::int64_t>();
    auto const hash = stored.empty() ? privacy::kChainStart : read_digest(stored.at(0).at(1));
    if (seq > verifier_.seq()) {
      problem(verifier_.seq() + 1, "truncated");
    } else if (seq != verifier_.seq() || hash != verifier_.hash()) {
      problem(verifier_.seq(), "stored_head_differs");
    }
  }

  bool problem(std::int64_t seq, std::string_view reason) {
    report_.problems.push_back({stream_, seq, std::string(reason)});
    return false;
  }

  pqxx::transaction_base& tx_;
  MarketNo stream_;
  Heads const& heads_;
  AuditReport& report_;
  privacy::AuditVerifier verifier_;
};

}  // namespace

AuditReport check_audit(pqxx::transaction_base& tx, crypto::Ed25519PublicKey const& key,
                        std::vector<std::string> const& signed_heads) {
  AuditReport report;
  std::map<MarketNo, Heads> heads;
  for (std::size_t i = 0; i < signed_heads.size(); ++i) {
    auto const head = privacy::open_audit_head(key, signed_heads[i]);
    if (head) {
      heads[head->stream].emplace(head->seq, *head);
    } else {
      report.problems.push_back({0, 0, "signed_head_not_authentic line " + std::to_string(i + 1)});
    }
  }
  std::set<MarketNo> streams;
  for (auto const& row : execute(tx, kStreams)) streams.insert(row.at(0).as<MarketNo>());
  for (auto const& [stream, list] : heads) streams.insert(stream);
  for (auto const stream : streams) StreamCheck(tx, stream, heads[stream], report).run();
  return report;
}

}  // namespace leadex::storage::postgres
