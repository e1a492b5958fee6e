#pragma once
// HttpVerifier: has configured endpoints judge the checks of their markets: claims a check in the
// name of the endpoint's account, posts it signed, records the verdict that comes back. Built once
// by main; a job runs it. Any one thread at a time.

#include <chrono>
#include <map>

#include "server/api/api_context.hpp"
#include "server/app/lot_services.hpp"
#include "server/http/client.hpp"

namespace leadex::api {

inline constexpr int kHttpChecksPerRound = 20;                ///< of one market
inline constexpr std::chrono::hours kHttpAgainAfter{1};       ///< a person who was not reached
inline constexpr std::chrono::seconds kHttpVerifierRest{30};  ///< after a failure, twice …
inline constexpr std::chrono::seconds kHttpVerifierRestMax{3'600};  ///< … as long each time

class HttpVerifier {
 public:
  /// @param client  its answers are at most 4 KiB; all outlive this.
  HttpVerifier(ApiContext const& context, app::LotServices lots, http::Client const& client)
      : context_(context), lots_(lots), client_(client) {}

  /// One round: of each market with an endpoint its oldest checks, one after the other. An endpoint
  /// that fails rests; its check stays claimed for its lease, and is asked about again.
  /// @return how many verdicts were recorded
  [[nodiscard]] boost::asio::awaitable<std::int64_t> run();

 private:
  struct Rest {
    std::chrono::steady_clock::time_point until;
    std::chrono::seconds length{};
  };
  [[nodiscard]] boost::asio::awaitable<std::int64_t> run_one(storage::CheckVerifier verifier);
  [[nodiscard]] boost::asio::awaitable<void> let_rest(CheckId check);
  void fail(MarketNo market);

  ApiContext const& context_;
  app::LotServices lots_;
  http::Client const& client_;
  std::map<MarketNo, Rest> rests_;
};

}  // namespace leadex::api
