#include "server/app/commitments.hpp"

#include "billing/values/check.hpp"
#include "server/crypto/hash.hpp"
#include "server/crypto/random.hpp"
#include "server/privacy/sealed_value.hpp"

namespace leadex::app {

storage::Commitment make_commitment(privacy::KeyRing const& keys, MarketNo market,
                                    std::int64_t no) {
  constexpr std::size_t kSecretBytes = 32;
  auto const secret = crypto::random_secret(kSecretBytes);
  auto const digest = crypto::sha256(secret.view());
  auto const row = privacy::row_key(no);
  storage::Commitment made;
  made.no = no;
  made.commitment = crypto::view_of(digest);
  made.secret_sealed =
      privacy::SecretBox(keys).seal({"commitment", market, row, "secret_sealed"}, secret.view());
  return made;
}

storage::AuditEntry commitments_entry(MarketNo market,
                                      std::span<storage::Commitment const> commitments) {
  LEADEX_CHECK(!commitments.empty());
  crypto::Sha256 all;
  for (auto const& commitment : commitments) all.update(commitment.commitment);
  auto const digest = all.finish();
  storage::AuditEntry entry;
  entry.action = "commitments.published";
  entry.object_kind = "market";
  entry.object_market = market;
  entry.object_no = market;
  entry.payload = "first=" + std::to_string(commitments.front().no) +
                  ";last=" + std::to_string(commitments.back().no) +
                  ";sha256=" + crypto::hex_encode(crypto::view_of(digest));
  return entry;
}

}  // namespace leadex::app
