#include "server/api/v1/code_token.hpp"

#include "matching/market/codec.hpp"
#include "server/crypto/aead.hpp"

namespace leadex::api {

namespace {

constexpr std::string_view kUse = "check-code/1";
constexpr std::size_t kTokenCharsMax = 512;

struct Sealed {
  MarketNo market{};
  std::int64_t check_no{};
  std::int32_t attempt{};
  std::int64_t expires_us{};

  static void fields(auto& self, auto& io) {
    io(self.market, self.check_no, self.attempt, self.expires_us);
  }
};

}  // namespace

std::string seal_code(privacy::KeyRing const& keys, CodeToken const& token) {
  Sealed const plain{token.key.check.market, token.key.check.no, token.key.attempt,
                     to_unix_micros(token.expires_at)};
  return crypto::base64url_encode(
      crypto::aead_seal(keys.token(), kUse, market::encode_value(plain)));
}

std::optional<CodeToken> open_code(privacy::KeyRing const& keys, std::string_view text,
                                   Timestamp now) {
  if (text.size() > kTokenCharsMax) return std::nullopt;
  auto const sealed = crypto::base64url_decode(text);
  if (!sealed) return std::nullopt;
  auto const opened = crypto::aead_open(keys.token(), kUse, *sealed);
  if (!opened) return std::nullopt;
  auto const plain = market::decode_value<Sealed>(opened->view());
  if (!plain || plain->expires_us <= to_unix_micros(now)) return std::nullopt;
  return CodeToken{{{plain->market, plain->check_no}, plain->attempt},
                   from_unix_micros(plain->expires_us)};
}

}  // namespace leadex::api
