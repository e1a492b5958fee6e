#include "server/storage/postgres/market_chain.hpp"

#include <zstd.h>

#include "billing/values/check.hpp"
#include "matching/market/codec.hpp"
#include "server/crypto/hash.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr std::size_t kBodyBytesMax = 64 << 20;
constexpr std::size_t kDigestBytes = 32;
constexpr int kLevel = 1;  // the body is small and on the commit path

std::string digest_of(std::string const& image) {
  return std::string{crypto::view_of(crypto::sha256(image))};
}

}  // namespace

std::string transfers_digest(std::span<TransferRow const> transfers) {
  std::string image;
  market::ByteWriter write{image};
  for (auto const& row : transfers) {
    auto const& t = row.transfer;
    write(row.n, t.debit, t.credit, t.amount.micros, t.code, t.phase, t.lead_no, t.slot,
          t.pending ? t.pending->batch_seq : std::int64_t{0}, t.pending ? t.pending->n : 0);
  }
  return digest_of(image);
}

std::string auctions_digest(std::span<AuctionRow const> auctions) {
  std::string image;
  market::ByteWriter write{image};
  for (auto const& row : auctions) write(row.auction_no, row.lead_no, row.record);
  return digest_of(image);
}

std::string chain_hash(std::string_view previous, ChainLink const& link) {
  std::string image;
  market::ByteWriter write{image};
  auto const body_digest = crypto::sha256(link.stored_body);
  write(std::string{previous}, link.market_id, link.seq, link.at_us,
        std::string{crypto::view_of(body_digest)}, std::string{link.transfers_digest},
        std::string{link.auctions_digest});
  return digest_of(image);
}

std::string store_body(std::string_view rest_digest, std::string_view body) {
  LEADEX_CHECK(rest_digest.size() == kDigestBytes);
  std::string plain{rest_digest};
  plain.append(body);
  std::string stored(ZSTD_compressBound(plain.size()), '\0');
  auto const size = ZSTD_compress(stored.data(), stored.size(), plain.data(), plain.size(), kLevel);
  LEADEX_CHECK(ZSTD_isError(size) == 0);
  stored.resize(size);
  return stored;
}

std::optional<OpenedBody> open_body(std::string_view stored) {
  auto const size = ZSTD_getFrameContentSize(stored.data(), stored.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > kBodyBytesMax ||
      size < kDigestBytes) {
    return std::nullopt;
  }
  std::string plain(size, '\0');
  auto const read = ZSTD_decompress(plain.data(), plain.size(), stored.data(), stored.size());
  if (ZSTD_isError(read) != 0 || read != size) return std::nullopt;
  return OpenedBody{plain.substr(0, kDigestBytes), plain.substr(kDigestBytes)};
}

}  // namespace leadex::storage::postgres
