#pragma once
// credit_bad_leads: the buyers of posted leads whose check found them bad have all of their price
// back, outside the ceiling of returns. Jobs run it; twice does no harm. Any executor.

#include <boost/asio/awaitable.hpp>
#include <cstdint>

#include "server/app/action.hpp"
#include "server/app/lot_services.hpp"

namespace leadex::app {

struct CreditServices {
  LotServices lots;
  storage::Database& database;
  AppTools tools;
};

/// One round over the markets that are at work here. A sale that waits for its delivery is voided,
/// a delivered one comes back by an automatic ruling, whatever became of its buyer's own return,
/// and of a settled one the rest is clawed back, above the limit once a second person confirms. One
/// that waits for a conversion is looked after again. What is refused is tried again a minute
/// later. @return of how many leads nothing is owed any more
[[nodiscard]] boost::asio::awaitable<std::int64_t> credit_bad_leads(CreditServices services);

}  // namespace leadex::app
