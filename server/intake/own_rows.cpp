#include "server/intake/own_rows.hpp"

namespace leadex::intake {
namespace {

// The key is the batch's, so its rows need no number to tell which key it was.
constexpr std::int32_t kKeyId = 0;

}  // namespace

NewOwnKey make_own_key(privacy::KeyRing const& ring, BatchId batch) {
  auto key = crypto::AeadKey::generate();
  auto const row = privacy::row_key(batch.no);
  auto sealed = privacy::SecretBox{ring}.seal({"batch_own_key", batch.market, row, "key_sealed"},
                                              key.secret().view());
  return {std::move(key), std::move(sealed)};
}

Result<crypto::AeadKey, privacy::SealError> open_own_key(privacy::KeyRing const& ring,
                                                         BatchId batch, std::string_view sealed) {
  auto const row = privacy::row_key(batch.no);
  auto secret =
      privacy::SecretBox{ring}.open({"batch_own_key", batch.market, row, "key_sealed"}, sealed);
  if (!secret) return refuse(secret.error());
  return crypto::AeadKey{std::move(*secret)};
}

std::string seal_own_row(crypto::AeadKey const& key, BatchId batch, std::int64_t row_no,
                         std::string_view text) {
  auto const row = privacy::row_key(batch.no, row_no);
  return privacy::seal_value(key, kKeyId, {"batch_own_row", batch.market, row, "sealed"}, text);
}

Result<crypto::Secret, privacy::SealError> open_own_row(crypto::AeadKey const& key, BatchId batch,
                                                        std::int64_t row_no,
                                                        std::string_view sealed) {
  auto const row = privacy::row_key(batch.no, row_no);
  return privacy::open_value(key, kKeyId, {"batch_own_row", batch.market, row, "sealed"}, sealed);
}

}  // namespace leadex::intake
