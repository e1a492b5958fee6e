#include "server/market/preview.hpp"

#include "billing/commission/commission.hpp"

namespace leadex::market {

std::optional<std::vector<SoldShare>> preview(EngineView const& view, OfferLead const& lead) {
  auto shares = view.engine.preview(lead, view.now_us);
  if (!shares) return std::nullopt;
  for (auto& share : *shares) {
    auto const price = price_sale(Money{share.gross_micros}, view.settings.commission());
    share.fee_micros = price.commission.micros;
  }
  return shares;
}

}  // namespace leadex::market
