#pragma once
// The audit log as a chain: each row's hash covers the hash of the row before it; signed heads are
// kept outside the database, so that rewriting the tail shows. Pure; any thread. Writing rows and
// heads is storage's and jobs' work.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "billing/values/ids.hpp"
#include "billing/values/result.hpp"
#include "billing/values/time.hpp"
#include "server/crypto/ed25519.hpp"
#include "server/privacy/hash_chain.hpp"

namespace leadex::privacy {

/// What happened; never personal data: ids, field names, sealed or keyed values only.
struct AuditEvent {
  MarketNo stream{};   // 0 = the platform
  std::int64_t seq{};  // from 1, without gaps
  Timestamp at{};
  std::int64_t principal_no{};  // who acted; 0 = the exchange itself
  std::int64_t tenant_no{};     // for which account
  std::string action;           // "contact.revealed"
  std::string object_kind;      // "lead"
  MarketNo object_market{};
  std::int64_t object_no{};
  std::string payload;  // canonical bytes exactly as stored
};

/// A stored row. The hash of the row before it is not kept twice: it is that row's.
struct AuditRow {
  AuditEvent event;
  crypto::Digest hash{};
};

/// Hash of the row after the row whose hash is `previous` (kChainStart for seq 1).
[[nodiscard]] crypto::Digest audit_hash(AuditEvent const& event, crypto::Digest const& previous);

/// How far a stream had come at an instant.
struct AuditHead {
  MarketNo stream{};
  std::int64_t seq{};
  crypto::Digest hash{};
  Timestamp at{};
  friend bool operator==(AuditHead const&, AuditHead const&) = default;
};

/// One line without line feed: `stream seq hash at signature`, numbers decimal, `at` in Unix
/// microseconds, hash and signature hex.
[[nodiscard]] std::string sign_audit_head(crypto::Ed25519Key const& key, AuditHead const& head);

enum class AuditHeadError : std::uint8_t { malformed, not_authentic };

/// Takes only the exact line that sign_audit_head writes.
[[nodiscard]] Result<AuditHead, AuditHeadError> open_audit_head(crypto::Ed25519PublicKey const& key,
                                                                std::string_view line);

enum class AuditFault : std::uint8_t {
  wrong_stream,   // a row of another stream
  gap,            // a row is missing, doubled or out of order
  changed,        // this content after the row before it does not make this hash
  head_mismatch,  // the row is not the one that a signed head attests
};

struct AuditFinding {
  std::int64_t first_bad_seq{};
  AuditFault fault{};
  friend bool operator==(AuditFinding const&, AuditFinding const&) = default;
};

/// Walks one stream row by row, any length in constant memory.
class AuditVerifier {
 public:
  /// @param seq, hash  the last row known to be good; 0 and kChainStart to begin at the start.
  explicit AuditVerifier(MarketNo stream, std::int64_t seq = 0,
                         crypto::Digest const& hash = kChainStart)
      : stream_(stream), seq_(seq), hash_(hash) {}

  /// Nothing when the row follows; after a finding the verifier stays where it was.
  [[nodiscard]] std::optional<AuditFinding> check(AuditRow const& row);
  /// Compares with a head whose signature holds; call when seq() is the head's.
  [[nodiscard]] std::optional<AuditFinding> check(AuditHead const& head) const;

  [[nodiscard]] std::int64_t seq() const { return seq_; }
  [[nodiscard]] crypto::Digest const& hash() const { return hash_; }

 private:
  MarketNo stream_;
  std::int64_t seq_;
  crypto::Digest hash_;
};

/// The first bad row of a range in seq order, or nothing.
[[nodiscard]] std::optional<AuditFinding> verify_audit_rows(AuditVerifier& verifier,
                                                            std::span<AuditRow const> rows);

}  // namespace leadex::privacy
