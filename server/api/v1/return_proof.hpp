#pragma once
// Whether the exchange's own data prove a return, so that it is ruled at once and does not count
// against the ceiling. What they cannot prove stays with the parties. On the connection's thread.

#include <string_view>

#include "server/api/market_ref.hpp"

namespace leadex::api {

/// Earlier sales of the buyer that are looked through, newest first.
inline constexpr int kProofSalesMax = 500;

/// duplicate        the buyer holds an earlier sale of the same person in that market (same e-mail
/// or
///                  phone, as duplicates are kept out)
/// never_requested  the lead's consent had been revoked before it was sold
/// Anything else is not proven here. A database that does not answer proves nothing.
[[nodiscard]] asio::awaitable<bool> is_proven(ApiCall& call, MarketRef market, SaleId sale,
                                              std::string_view reason);

}  // namespace leadex::api
