// Leads whose net two generators share, and what is known of a lead across its sales: how many are
// open, how many stand settled. Which lead stood in the way of a duplicate is for the caller to
// say.

#include "billing/values/check.hpp"
#include "billing/values/money.hpp"
#include "matching/market/engine.hpp"

namespace leadex::market {

/// The exchange's own leads are shared with nobody.
Refusal Engine::refusal_of(ShareLead const& command) const {
  auto const& share = command.share;
  if (share.generator_no <= 0 || share.split_bp <= 0 || share.split_bp >= kBasisPointsWhole) {
    return Refusal::amount_invalid;
  }
  auto const* const in_market = listing(command.lead_no);
  auto const found = trades_.find(command.lead_no);
  bool const traded = found != trades_.end();
  if (in_market == nullptr && !traded) return Refusal::lead_unknown;
  auto const owner = in_market != nullptr ? in_market->generator_no : found->second.generator_no;
  if (owner == 0 || owner == share.generator_no) return Refusal::lead_unknown;
  if (!traded) return Refusal::none;
  if (found->second.share.generator_no != 0) return Refusal::lead_shared;
  return found->second.settled != 0 ? Refusal::lead_settled : Refusal::none;
}

bool Engine::has_part(std::int64_t lead_no, std::int64_t generator_no) const {
  auto const* const in_market = listing(lead_no);
  if (in_market != nullptr && in_market->generator_no == generator_no) return true;
  auto const found = trades_.find(lead_no);
  return found != trades_.end() && (found->second.generator_no == generator_no ||
                                    found->second.share.generator_no == generator_no);
}

Outcome Engine::handle(Context& c, ShareLead const& command) {
  auto const refusal = refusal_of(command);
  if (refusal != Refusal::none) return {.refusal = refusal};
  trades_[command.lead_no].share = command.share;
  c.applied.effects.emplace_back(LeadShared{command.lead_no, command.share});
  return {};
}

void Engine::keep_sale(OpenSale const& open) {
  LEADEX_CHECK(sales_.emplace(open.key, open).second);
  if (open.of_visit()) return;
  auto& trade = trades_[open.key.lead_no];
  trade.generator_no = open.generator_no;
  ++trade.open;
}

/// A sale to which nothing can happen any more, or that is forgotten already.
void Engine::forget_sale(SaleKey const& key) {
  auto const found = sales_.find(key);
  if (found == sales_.end()) return;
  bool const of_visit = found->second.of_visit();
  sales_.erase(found);
  if (of_visit) return;
  --trades_.at(key.lead_no).open;
  forget_trade(key.lead_no);
}

/// Of a lead that has left the market, with all its sales over.
void Engine::forget_trade(std::int64_t lead_no) {
  auto const found = trades_.find(lead_no);
  if (found == trades_.end() || found->second.open != 0 || listings_.contains(lead_no)) return;
  trades_.erase(found);
}

void Engine::note_settled(OpenSale const& sale) {
  if (!sale.of_visit()) ++trades_.at(sale.key.lead_no).settled;
}

/// A settled sale was taken back in full. Of most the lead is forgotten by then.
void Engine::note_taken_back(SaleKey const& key) {
  auto const found = trades_.find(key.lead_no);
  if (found == trades_.end()) return;
  LEADEX_CHECK(found->second.settled > 0);
  --found->second.settled;
}

LeadShare Engine::share_of(std::int64_t lead_no) const {
  auto const found = trades_.find(lead_no);
  return found == trades_.end() ? LeadShare{} : found->second.share;
}

/// After listings and sales, which say of which leads something is kept.
void Engine::restore_shares(Image const& image) {
  auto const kept = [this](std::int64_t lead_no) {
    return trades_.contains(lead_no) || listings_.contains(lead_no);
  };
  for (auto const& [award, credited] : image.sales) {
    bool const settled = award.state == SaleState::settled && !award.of_visit();
    if (settled && kept(award.lead_no)) ++trades_[award.lead_no].settled;
  }
  for (auto const& [lead_no, share] : image.shares) {
    if (kept(lead_no)) trades_[lead_no].share = share;
  }
}

}  // namespace leadex::market
