#pragma once
// ShadowTables: the tables of a market as plain maps, kept by the effects alone; the slow twin of
// storage. What an engine restored from them cannot say, the effects forgot to tell.

#include <map>

#include "matching/market/engine.hpp"

namespace leadex::market {

class ShadowTables {
 public:
  void apply(Command const& command, std::int64_t at_us, Applied const& applied) {
    if (applied.outcome.refusal != Refusal::none) return;
    if (auto const* configure = std::get_if<ConfigureMarket>(&command)) {
      rules_.push_back(configure->rules);
    }
    if (auto const* upsert = std::get_if<UpsertCampaign>(&command)) {
      campaigns_[upsert->campaign_no].latest = *upsert;
    }
    if (auto const* offer = std::get_if<OfferLead>(&command)) {
      leads_[offer->lead_no].lead = *offer;
    }
    for (auto const& effect : applied.effects) {
      std::visit([&](auto const& held) { on(at_us, held); }, effect);
    }
  }

  [[nodiscard]] Image image(Numbers numbers) const {
    Image out;
    out.rules = rules_;
    out.numbers = numbers;
    for (auto const& [no, campaign] : campaigns_) out.campaigns.push_back(campaign);
    for (auto const& [key, micros] : budgets_) out.budgets.push_back({key, micros});
    for (auto const& [no, lead] : leads_) {
      bool const waits = lead.state == LeadState::sold && has_pending(no);
      if (lead.state == LeadState::listed || waits) out.leads.push_back(lead);
    }
    for (auto const& [key, sale] : sales_) {
      out.sales.push_back(sale);
      if (sale.award.state == SaleState::delivered || sale.award.state == SaleState::settled ||
          sale.award.state == SaleState::returned) {
        out.delivered.push_back({sale.award.budget.buyer_no, sale.award.sold_us / kHourUs, 1});
      }
    }
    for (auto const& [no, bid] : bids_) {
      if (bid.state == BidState::standing) {
        out.bids.push_back({no, {bid.lead_no, bid.budget, bid.price_micros, bid.exclusive}});
      }
    }
    for (auto const& [no, returned] : returns_) out.returns.push_back(returned);
    return out;
  }

  [[nodiscard]] std::map<SaleKey, SaleImage> const& sales() const { return sales_; }
  [[nodiscard]] std::map<BudgetKey, std::int64_t> const& budgets() const { return budgets_; }
  [[nodiscard]] std::int64_t funded() const { return funded_; }
  [[nodiscard]] std::map<std::int64_t, CampaignImage> const& campaigns() const {
    return campaigns_;
  }

 private:
  [[nodiscard]] bool has_pending(std::int64_t lead_no) const {
    for (auto at = sales_.lower_bound({lead_no, 0}); at != sales_.end(); ++at) {
      if (at->first.lead_no != lead_no) return false;
      if (at->second.award.state == SaleState::pending) return true;
    }
    return false;
  }

  void on(std::int64_t, SaleAwarded const& e) {
    sales_[{e.lead_no, e.slot}] = {e, 0};
    budgets_[e.budget] -= e.gross_micros;
  }
  void on(std::int64_t, SaleStepped const& e) {
    auto& sale = sales_.at({e.lead_no, e.slot});
    auto& award = sale.award;
    award.due_us = e.due_us;
    switch (e.step) {
      case SaleStep::delivered:
        award.state = SaleState::delivered;
        break;
      case SaleStep::voided:
      case SaleStep::expired:
        award.state = SaleState::voided;
        budgets_[award.budget] += award.gross_micros;
        break;
      case SaleStep::credited:
        sale.credited_micros += e.amount_micros;
        budgets_[award.budget] += e.amount_micros;
        break;
      case SaleStep::returned:
        award.state = SaleState::returned;
        budgets_[award.budget] += award.gross_micros - sale.credited_micros;
        sale.credited_micros = award.gross_micros;
        break;
      case SaleStep::settled:
        award.state = SaleState::settled;
        break;
      case SaleStep::holdback_released:
        break;
    }
  }
  void on(std::int64_t, LeadMoved const& e) {
    leads_.at(e.lead_no).state = e.state;
    leads_.at(e.lead_no).listed_us = e.listed_us;
  }
  void on(std::int64_t, CounterMoved const& e) {
    campaigns_.at(e.campaign_no).counters = e.windows;
  }
  void on(std::int64_t, CampaignMoved const& e) { campaigns_[e.campaign_no].status = e.status; }
  void on(std::int64_t, BudgetMoved const& e) {
    if (e.kind == BudgetMoved::Kind::remitted || e.kind == BudgetMoved::Kind::covered) return;
    auto const sign = e.kind == BudgetMoved::Kind::funded ? 1 : -1;
    budgets_[e.budget] += sign * e.amount_micros;
    funded_ += sign * e.amount_micros;
  }
  void on(std::int64_t, BidMoved const& e) { bids_[e.bid_no] = e; }
  void on(std::int64_t at_us, ReturnMoved const& e) {
    auto& image = returns_[e.return_no];
    image.latest = e;
    if (e.opened) image.opened_us = at_us;
  }
  void on(std::int64_t, AuctionHeld const&) {}
  void on(std::int64_t, BudgetLow const&) {}

  std::vector<MarketRules> rules_;
  std::map<std::int64_t, CampaignImage> campaigns_;
  std::map<BudgetKey, std::int64_t> budgets_;
  std::map<std::int64_t, LeadImage> leads_;
  std::map<SaleKey, SaleImage> sales_;
  std::map<std::int64_t, BidMoved> bids_;
  std::map<std::int64_t, ReturnImage> returns_;
  std::int64_t funded_{};
};

}  // namespace leadex::market
