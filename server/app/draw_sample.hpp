#pragma once
// The draw of a lot: which rows are checked and in which order. It depends on the secret that was
// committed before the upload, the hash of the file and the row numbers alone, so anybody can
// repeat it once the secret is out. Coroutines of any executor; the hashing runs in database jobs.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "matching/quality/draw_order.hpp"
#include "server/app/lot_services.hpp"

namespace leadex::app {

/// The secret behind a commitment. Throws when it does not open: another root key, or tampered.
[[nodiscard]] crypto::Secret open_draw_secret(privacy::KeyRing const& keys, MarketNo market,
                                              storage::Commitment const& commitment);

/// HMAC-SHA256(secret, "<sha256 of the file, hex>:<row>").
[[nodiscard]] quality::DrawHash draw_hash(crypto::HmacKey const& secret, std::string_view file_hex,
                                          std::int64_t row_no);

/// Whether a lot whose source is proven is left out: HMAC-SHA256(secret, "skip") below a half.
[[nodiscard]] bool draws_skip(crypto::HmacKey const& secret);
/// Whether two verifiers judge a row: HMAC-SHA256(secret, "second:<row>") below the share.
[[nodiscard]] bool draws_second(crypto::HmacKey const& secret, std::int64_t row_no,
                                BasisPoints share);

struct DrawnChecks {
  std::vector<storage::NewCheck> checks;
  std::vector<std::int64_t> second_rows;  // of these, those that two verifiers judge
};
/// Adds them to the batch.
void add_drawn(storage::LotTx& tx, BatchId batch, DrawnChecks const& drawn);

/// The first `keep` rows of the draw order, with their leads, as checks from position `from` on.
/// Numbers are taken for them. @cost 1 µs an accepted row
[[nodiscard]] boost::asio::awaitable<Result<DrawnChecks, storage::StoreError>> draw_checks(
    LotServices services, storage::Batch batch, std::string file_sha256, std::int64_t from,
    std::int64_t keep);

/// Opens the checks that a lot needs and does not have: the next of a sequential plan, stand-ins of
/// rows that could not be reached. Asks for an admin where no verifier is left for a check. Safe to
/// run twice. @return how many were opened
[[nodiscard]] boost::asio::awaitable<LotResult<std::int64_t>> extend_draw(LotServices services,
                                                                          BatchId batch);

}  // namespace leadex::app
