#include "server/privacy/audit_chain.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace leadex::privacy {
namespace {

using crypto::Digest;

// A signature for a head must never serve for anything else signed by this key.
constexpr std::string_view kHeadDomain = "leadex audit head 1\n";
constexpr std::size_t kHeadFields = 5;
constexpr std::size_t kHeadLineMax = 320;

std::string head_text(AuditHead const& head) {
  return std::to_string(head.stream) + ' ' + std::to_string(head.seq) + ' ' +
         crypto::hex_encode(crypto::view_of(head.hash)) + ' ' +
         std::to_string(to_unix_micros(head.at));
}

std::string signed_bytes(std::string_view text) { return std::string(kHeadDomain).append(text); }

template <class Number>
bool read_number(std::string_view text, Number& out) {
  auto const* const end = text.data() + text.size();
  auto const [stop, error] = std::from_chars(text.data(), end, out);
  return error == std::errc{} && stop == end;
}

std::optional<std::array<std::string_view, kHeadFields>> split_head(std::string_view line) {
  std::array<std::string_view, kHeadFields> fields;
  for (std::size_t i = 0; i < kHeadFields; ++i) {
    auto const end = line.find(' ');
    if ((end == std::string_view::npos) != (i + 1 == kHeadFields)) return std::nullopt;
    fields[i] = line.substr(0, end);
    line.remove_prefix(std::min(line.size(), fields[i].size() + 1));
  }
  return fields;
}

}  // namespace

Digest audit_hash(AuditEvent const& event, Digest const& previous) {
  return ChainHasher("audit/1")
      .add_int64(event.stream)
      .add_int64(event.seq)
      .add_int64(to_unix_micros(event.at))
      .add_int64(event.principal_no)
      .add_int64(event.tenant_no)
      .add_text(event.action)
      .add_text(event.object_kind)
      .add_int64(event.object_market)
      .add_int64(event.object_no)
      .add_bytes(event.payload)
      .finish(previous);
}

std::string sign_audit_head(crypto::Ed25519Key const& key, AuditHead const& head) {
  auto const text = head_text(head);
  return text + ' ' + crypto::hex_encode(crypto::view_of(key.sign(signed_bytes(text))));
}

Result<AuditHead, AuditHeadError> open_audit_head(crypto::Ed25519PublicKey const& key,
                                                  std::string_view line) {
  if (line.size() > kHeadLineMax) return refuse(AuditHeadError::malformed);
  auto const fields = split_head(line);
  if (!fields) return refuse(AuditHeadError::malformed);
  auto const& [stream, seq, hash_hex, at, signature_hex] = *fields;
  AuditHead head;
  std::int64_t at_micros = 0;
  auto const hash = crypto::hex_decode(hash_hex);
  auto const signature = crypto::hex_decode(signature_hex);
  if (!read_number(stream, head.stream) || !read_number(seq, head.seq) ||
      !read_number(at, at_micros) || !hash || hash->size() != head.hash.size() || !signature) {
    return refuse(AuditHeadError::malformed);
  }
  std::copy_n(crypto::octets(*hash), head.hash.size(), head.hash.begin());
  head.at = from_unix_micros(at_micros);
  auto const text = line.substr(0, line.size() - signature_hex.size() - 1);
  if (head_text(head) != text) return refuse(AuditHeadError::malformed);  // "007", "-0"
  if (!key.verify(signed_bytes(text), *signature)) return refuse(AuditHeadError::not_authentic);
  return head;
}

std::optional<AuditFinding> AuditVerifier::check(AuditRow const& row) {
  auto const& event = row.event;
  if (event.stream != stream_) return AuditFinding{seq_ + 1, AuditFault::wrong_stream};
  if (event.seq != seq_ + 1) return AuditFinding{seq_ + 1, AuditFault::gap};
  if (audit_hash(event, hash_) != row.hash) return AuditFinding{event.seq, AuditFault::changed};
  seq_ = event.seq;
  hash_ = row.hash;
  return std::nullopt;
}

std::optional<AuditFinding> AuditVerifier::check(AuditHead const& head) const {
  if (head.stream != stream_) return AuditFinding{head.seq, AuditFault::wrong_stream};
  if (head.seq != seq_ || head.hash != hash_) {
    return AuditFinding{head.seq, AuditFault::head_mismatch};
  }
  return std::nullopt;
}

std::optional<AuditFinding> verify_audit_rows(AuditVerifier& verifier,
                                              std::span<AuditRow const> rows) {
  for (auto const& row : rows) {
    if (auto const finding = verifier.check(row)) return finding;
  }
  return std::nullopt;
}

}  // namespace leadex::privacy
