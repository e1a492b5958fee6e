#include "server/api/v1/ping_token.hpp"

#include "matching/market/codec.hpp"
#include "server/crypto/aead.hpp"
#include "server/crypto/hash.hpp"
#include "server/crypto/random.hpp"

namespace leadex::api {

namespace {

constexpr std::string_view kPrefix = "ping_";
constexpr std::uint64_t kNumberBits = (1ULL << 62U) - 1;

std::string place_of(std::int64_t account_no, PingUse use) {
  std::string place = use == PingUse::test ? "ping/1/test" : "ping/1";
  crypto::append_be64(place, static_cast<std::uint64_t>(account_no));
  return place;
}

}  // namespace

std::int64_t new_ping_no() {
  constexpr auto kRoom = static_cast<std::uint64_t>(kSharesPerRound);
  auto const random = crypto::read_be64(crypto::random_bytes(8)) & kNumberBits;
  return static_cast<std::int64_t>(random / kRoom * kRoom + kRoom);
}

std::string seal_ping(privacy::KeyRing const& keys, std::int64_t account_no, PingToken const& token,
                      PingUse use) {
  auto const sealed =
      crypto::aead_seal(keys.token(), place_of(account_no, use), market::encode_value(token));
  return std::string{kPrefix} + crypto::base64url_encode(sealed);
}

std::optional<PingToken> open_ping(privacy::KeyRing const& keys, std::int64_t account_no,
                                   std::string_view text, PingUse use) {
  if (!text.starts_with(kPrefix)) return std::nullopt;
  auto const sealed = crypto::base64url_decode(text.substr(kPrefix.size()));
  if (!sealed) return std::nullopt;
  auto const opened = crypto::aead_open(keys.token(), place_of(account_no, use), *sealed);
  if (!opened) return std::nullopt;
  auto token = market::decode_value<PingToken>(opened->view());
  if (!token) return std::nullopt;
  return std::move(*token);
}

bool answers_to(PingToken const& token, market::OfferLead const& lead,
                std::vector<std::string> const& companies) {
  return lead.captured_us >= token.asked_us - kPingedAgeMaxUs &&
         digest_of(lead, companies) == token.digest;
}

std::string digest_of(market::OfferLead const& lead, std::vector<std::string> const& companies) {
  std::string bytes;
  market::encode_to(bytes, lead.attributes);
  market::encode_to(bytes, lead.vehicle);
  market::encode_to(bytes, lead.reason);
  market::encode_to(bytes, companies);
  return std::string{crypto::view_of(crypto::sha256(bytes))};
}

}  // namespace leadex::api
