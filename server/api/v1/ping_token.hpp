#pragma once
// PingToken: what a ping was promised, as its public id carries it: sealed for the account that
// asked, so that it outlives the process and nobody can change or read it. Pure; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "matching/market/command.hpp"
#include "server/privacy/key_ring.hpp"

namespace leadex::api {

struct PingToken {
  MarketNo market{};
  std::int64_t ping_no{};  // a multiple of kSharesPerRound: its bids are numbered from it
  std::int64_t asked_us{};
  std::int64_t expires_us{};  // the last instant of the promise
  std::string digest;         // digest_of the lead it asked about
  std::vector<market::PromisedBid> promised;

  [[nodiscard]] std::int64_t bid_no(std::size_t i) const {
    return ping_no + static_cast<std::int64_t>(i);
  }
  static void fields(auto& self, auto& io) {
    io(self.market, self.ping_no, self.asked_us, self.expires_us, self.digest, self.promised);
  }
};

/// A number for a new ping: random, above zero, with room for its bids.
[[nodiscard]] std::int64_t new_ping_no();

/// What a test key was promised is no promise: neither opens as the other.
enum class PingUse : std::uint8_t { live, test };

/// "ping_" and base64url.
[[nodiscard]] std::string seal_ping(privacy::KeyRing const& keys, std::int64_t account_no,
                                    PingToken const& token, PingUse use = PingUse::live);
/// Nothing for anything but a token sealed for that account and use.
[[nodiscard]] std::optional<PingToken> open_ping(privacy::KeyRing const& keys,
                                                 std::int64_t account_no, std::string_view text,
                                                 PingUse use = PingUse::live);

/// Of attributes, vehicle, reason and whom the consent names: a ping and its post have the same, or
/// the promise would be for another lead. @param companies  intake::company_keys
[[nodiscard]] std::string digest_of(market::OfferLead const& lead,
                                    std::vector<std::string> const& companies);

/// How much older than its ping a posted lead may be: prices of fresh leads are not for stale ones.
inline constexpr std::int64_t kPingedAgeMaxUs = 24LL * 3'600'000'000;
/// Whether the lead is the one the ping told of, as far as a ping tells.
[[nodiscard]] bool answers_to(PingToken const& token, market::OfferLead const& lead,
                              std::vector<std::string> const& companies);

}  // namespace leadex::api
