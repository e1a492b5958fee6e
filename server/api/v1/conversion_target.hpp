#pragma once
// ConversionTarget: which of a buyer's sales a conversion is of, and the command that tells of it:
// what is paid for when something comes of it converts, a click that was paid for as such has its
// conversion noted. Any executor.

#include "server/api/v1/trade_support.hpp"

namespace leadex::api {

struct ConversionTarget {
  SaleId sale;
  std::int64_t campaign_no{};
  PricingModel model{};
  std::int64_t sold_us{};
  std::string event;  // that it is paid for, if one by its number was looked for and there is one
};

using FoundTarget = asio::awaitable<Result<std::optional<ConversionTarget>, storage::StoreError>>;

/// By the public id of a lead, or of a click; nothing where the buyer has no sale of it.
[[nodiscard]] FoundTarget target_of_lead(ApiCall& call, std::int64_t buyer_no, std::string lead_id);
[[nodiscard]] FoundTarget target_of_click(ApiCall& call, std::int64_t buyer_no,
                                          std::string click_id);

/// @param told  what is known but the sale
[[nodiscard]] market::Command conversion_command(ConversionTarget const& target,
                                                 market::ReportConversion told);

}  // namespace leadex::api
