#pragma once
// Markets as staff set them up: opening one, giving it a new version, halting it. Each inside one
// transaction; the caller then calls market::MarketHost::refresh before it answers.

#include <optional>
#include <string>

#include "server/app/action.hpp"
#include "server/app/market_definition.hpp"

namespace leadex::app {

/// The kind of approval that waits for a change of commission.
inline constexpr std::string_view kCommissionApproval = "market_commission";

/// A sound definition with the JSON that says the same.
struct StatedMarket {
  MarketDefinition definition;
  std::string text;
};

/// Market, first version, empty stream, and the first thousand commitments of the draw.
/// @param numbers  for the commitments' numbers; outlives the job
/// @errors forbidden, validation_failed, wrong_state (there is one of that id)
[[nodiscard]] AppResult<storage::CatalogMarket> create_market(AppTools const& tools,
                                                              storage::NumberRanges& numbers,
                                                              PlatformTx& tx,
                                                              Principal const& actor,
                                                              StatedMarket const& market);

struct MarketChanged {
  storage::CatalogMarket market;            ///< as it is after the change, or still
  std::optional<std::int64_t> approval_no;  ///< 202 when set
};

/// @param current  locked in this transaction    @param before, after  its definition then and now
/// @errors forbidden, validation_failed
[[nodiscard]] AppResult<MarketChanged> change_market(AppTools const& tools, PlatformTx& tx,
                                                     Principal const& actor,
                                                     storage::CatalogMarket current,
                                                     MarketDefinition const& before,
                                                     StatedMarket const& after);

/// Effect of kCommissionApproval. @errors wrong_state (another version came in between)
[[nodiscard]] AppResult<void> confirm_commission(AppTools const& tools, PlatformTx& tx,
                                                 storage::Approval const& approval,
                                                 std::string const& payload);

/// Twice is fine. @errors forbidden, not_found
[[nodiscard]] AppResult<storage::CatalogMarket> set_market_status(PlatformTx& tx,
                                                                  Principal const& actor,
                                                                  std::string const& name,
                                                                  storage::MarketStatus status);

}  // namespace leadex::app
