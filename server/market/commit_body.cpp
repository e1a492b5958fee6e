#include "server/market/commit_body.hpp"

#include "server/crypto/hash.hpp"

namespace leadex::market {

std::string auction_record(AuctionHeld const& held, std::uint32_t format) {
  auto record = held;
  auto const digest = crypto::sha256(held.book);
  record.book = std::string{crypto::view_of(digest)};
  return encode_value(record, format);
}

std::optional<AuctionHeld> open_auction_record(std::string const& record) {
  auto held = decode_stored<AuctionHeld>(record);
  if (!held) return std::nullopt;
  return std::move(*held);
}

std::vector<Effect> log_form(std::vector<Effect> effects) {
  for (auto& effect : effects) {
    if (auto* held = std::get_if<AuctionHeld>(&effect)) {
      *held = AuctionHeld{.auction_no = held->auction_no, .lead_no = held->lead_no};
    }
  }
  return effects;
}

std::optional<CommitBody> read_body(std::string const& bytes) {
  CommitBody body;
  ByteReader reader{bytes};
  reader(body);
  if (!reader.done()) return std::nullopt;
  return body;
}

}  // namespace leadex::market
