#pragma once
// One attempt of one postback: the generator's link with its macros filled in, called by GET, and
// what comes next. Coroutines of any executor.

#include <boost/asio/awaitable.hpp>
#include <string>

#include "server/crypto/public_id.hpp"
#include "server/delivery/retry.hpp"
#include "server/http/client.hpp"
#include "server/storage/postbacks.hpp"

namespace leadex::delivery {

struct PostbackOptions {
  milliseconds timeout{10'000};  ///< of one request, all in all
  /// Waiting before attempt n + 1, from the first on; with its spread within `give_up_after`.
  std::vector<milliseconds> waits{std::chrono::seconds(5), std::chrono::minutes(1),
                                  std::chrono::minutes(5), std::chrono::minutes(30),
                                  std::chrono::hours(2),   std::chrono::hours(4),
                                  std::chrono::hours(7),   std::chrono::hours(8)};
  milliseconds give_up_after{std::chrono::hours(24)};   ///< no attempt is begun later than that
  milliseconds retry_after_max{std::chrono::hours(8)};  ///< a peer that asks for more waits as long
};

/// Of an address with its macros filled in: as many of the longest values as a link may name, but
/// for attributes of extraordinary length, whose postbacks fail.
inline constexpr std::size_t kPostbackUrlBytesMax = 16 * 1024;

/// What a client has to allow that sends postbacks, on top of what the program gives any client. It
/// is one of its own: generators' names that do not resolve hold up no webhook.
[[nodiscard]] http::ClientOptions postback_client(http::ClientOptions options);

/// Both outlive the attempts.
struct PostbackParts {
  http::Client const& client;
  crypto::PublicIdCodec const& ids;
};

/// The address to call: macros filled, each value percent-encoded; a fragment is left out, for no
/// server is told it. A macro without a value is nothing.
[[nodiscard]] std::string postback_target(crypto::PublicIdCodec const& ids, std::string const& url,
                                          storage::PostbackValues const& values);

/// Calls it; the outcome is to be saved. Any 2xx is an answer, 410 and an address that can never be
/// called end it.
[[nodiscard]] boost::asio::awaitable<storage::PostbackOutcome> attempt(
    PostbackParts parts, PostbackOptions options, storage::ClaimedPostback claimed);

}  // namespace leadex::delivery
