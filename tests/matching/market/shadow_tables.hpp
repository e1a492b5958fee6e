#pragma once
// ShadowTables: the tables of a market as plain maps, kept by the effects alone; the slow twin of
// storage. What an engine restored from them cannot say, the effects forgot to tell.

#include <map>

#include "matching/market/engine.hpp"

namespace leadex::market {

class ShadowTables {
 public:
  void apply(Command const& command, std::int64_t at_us, Applied const& applied) {
    last_at_us_ = at_us;
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
    if (auto const* post = std::get_if<PostPing>(&command)) {
      leads_[post->lead.lead_no].lead = post->lead;
    }
    if (auto const* again = std::get_if<RelistLead>(&command)) {
      leads_[again->lead.lead_no].lead = again->lead;
    }
    if (auto const* set = std::get_if<SetEstimates>(&command)) estimates_ = set->estimates;
    for (auto const& effect : applied.effects) {
      std::visit([&](auto const& held) { on(at_us, held); }, effect);
    }
  }

  [[nodiscard]] Image image(Numbers numbers) const {
    Image out;
    out.rules = rules_;
    out.last_at_us = last_at_us_;
    out.numbers = numbers;
    for (auto const& [no, campaign] : campaigns_) out.campaigns.push_back(campaign);
    for (auto const& [key, micros] : budgets_) out.budgets.push_back({key, micros});
    for (auto const& [no, lead] : leads_) {
      bool const waits = lead.state == LeadState::sold && has_pending(no);
      if (lead.state == LeadState::listed || waits) out.leads.push_back(lead);
    }
    for (auto const& [key, sale] : sales_) {
      out.sales.push_back(sale);
      if (sale.award.of_visit()) continue;
      if (sale.award.state == SaleState::delivered || sale.award.state == SaleState::settled ||
          sale.award.state == SaleState::returned || sale.award.state == SaleState::waiting ||
          sale.award.state == SaleState::lapsed) {
        out.delivered.push_back({sale.award.budget.buyer_no, sale.award.sold_us / kHourUs, 1});
      }
    }
    for (auto const& [no, bid] : bids_) {
      if (bid.state == BidState::standing) {
        out.bids.push_back({no, {bid.lead_no, bid.budget, bid.price_micros, bid.exclusive}});
      }
    }
    for (auto const& [no, returned] : returns_) out.returns.push_back(returned);
    for (auto const& [key, counted] : source_counts_) out.source_counts.push_back(counted);
    for (auto const& [no, deal] : deals_) {
      if (deal.state != DealState::ended) out.deals.push_back(deal);
    }
    out.estimates = estimates_;
    for (auto const& [no, share] : shares_) out.shares.push_back(share);
    for (auto const& [no, conversion] : conversions_) {
      bool const open = conversion.state == ConversionState::pending ||
                        conversion.state == ConversionState::uncovered;
      if (open) out.conversions.push_back(conversion);
    }
    for (auto const& [no, terms] : source_terms_) out.source_terms.push_back(terms);
    for (auto const& [no, used] : promises_) {
      if (used.expires_us >= last_at_us_) out.promises.push_back(used);
    }
    return out;
  }

  [[nodiscard]] std::map<SaleKey, SaleImage> const& sales() const { return sales_; }
  [[nodiscard]] std::map<BudgetKey, std::int64_t> const& budgets() const { return budgets_; }
  [[nodiscard]] std::int64_t funded() const { return funded_; }
  [[nodiscard]] std::map<std::int64_t, CampaignImage> const& campaigns() const {
    return campaigns_;
  }
  using SourceKey = std::pair<std::int64_t, std::int64_t>;  // campaign, generator
  [[nodiscard]] std::map<SourceKey, SourceCounted> const& source_counts() const {
    return source_counts_;
  }
  [[nodiscard]] std::map<std::int64_t, std::int64_t> const& trial_n_max() const {
    return trial_n_max_;
  }
  /// What standing bids hold of a budget.
  [[nodiscard]] std::int64_t held_by_bids(BudgetKey const& key) const {
    std::int64_t sum = 0;
    for (auto const& [no, bid] : bids_) {
      if (bid.state == BidState::standing && bid.budget == key) sum += bid.price_micros;
    }
    return sum;
  }
  /// What pools keep of a campaign's budget.
  [[nodiscard]] std::int64_t pooled(BudgetKey const& key) const {
    std::int64_t expected = 0;
    std::int64_t largest = 0;
    for (auto const& [no, sale] : sales_) {
      if (sale.award.budget != key || !in_pool(sale)) continue;
      expected += sale.award.acquisition.held_micros;
      largest = std::max(largest, sale.award.gross_micros);
    }
    return std::max(expected, largest);
  }
  /// Whether no budget has paid for it, though it may yet have to.
  [[nodiscard]] static bool in_pool(SaleImage const& sale) {
    auto const state = sale.award.state;
    return sale.award.acquisition.held_micros != kNone &&
           (state == SaleState::pending || state == SaleState::delivered ||
            state == SaleState::waiting);
  }
  [[nodiscard]] std::map<std::int64_t, ConversionMoved> const& conversions() const {
    return conversions_;
  }
  [[nodiscard]] std::map<std::int64_t, LeadShared> const& shares() const { return shares_; }
  [[nodiscard]] std::map<std::int64_t, LeadImage> const& leads() const { return leads_; }
  [[nodiscard]] estimate::EstimateVersion estimates() const {
    return estimates_.value_or(without_history());
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
    if (e.acquisition.held_micros == kNone) budgets_[e.budget] -= e.gross_micros;
  }
  void on(std::int64_t, SaleStepped const& e) {
    auto& sale = sales_.at({e.lead_no, e.slot});
    auto& award = sale.award;
    award.due_us = e.due_us;
    bool const pooled = in_pool(sale);
    switch (e.step) {
      case SaleStep::delivered:
        award.state = SaleState::delivered;
        break;
      case SaleStep::voided:
      case SaleStep::expired:
        award.state = SaleState::voided;
        if (!pooled) budgets_[award.budget] += award.gross_micros;
        break;
      case SaleStep::credited:
        sale.credited_micros += e.amount_micros;
        if (!pooled) budgets_[award.budget] += e.amount_micros;
        break;
      case SaleStep::returned:
        award.state = SaleState::returned;
        if (!pooled) budgets_[award.budget] += award.gross_micros - sale.credited_micros;
        sale.credited_micros = award.gross_micros;
        break;
      case SaleStep::settled:
        award.state = SaleState::settled;
        if (pooled) budgets_[award.budget] -= award.gross_micros - sale.credited_micros;
        break;
      case SaleStep::waiting:
        award.state = SaleState::waiting;
        break;
      case SaleStep::lapsed:
        award.state = SaleState::lapsed;
        if (!pooled) budgets_[award.budget] += award.gross_micros - sale.credited_micros;
        break;
      case SaleStep::holdback_released:
        break;
    }
  }
  void on(std::int64_t, LeadMoved const& e) {
    leads_.at(e.lead_no).state = e.state;
    leads_.at(e.lead_no).listed_us = e.listed_us;
    leads_.at(e.lead_no).reserve_micros = e.reserve_micros;
  }
  void on(std::int64_t, CounterMoved const& e) {
    auto& campaign = campaigns_.at(e.campaign_no);
    campaign.counters = e.windows;
    campaign.turn = e.turn;
    campaign.trial_n = e.trial_n;
    campaign.visits = e.visits;
    campaign.visit_turn = e.visit_turn;
    trial_n_max_[e.campaign_no] = e.trial_n_max;
  }
  void on(std::int64_t, SourceCounted const& e) {
    source_counts_[{e.campaign_no, e.generator_no}] = e;
  }
  void on(std::int64_t, DealMoved const& e) { deals_[e.deal_no] = e; }
  void on(std::int64_t, SourceTermsMoved const& e) {
    source_terms_[e.terms.generator_no] = e.terms;
  }
  void on(std::int64_t, LeadWithheld const& e) { leads_.at(e.lead_no).lead.withheld = e.buyers; }
  void on(std::int64_t, LeadRested const&) {}
  void on(std::int64_t, LeadRelisted const& e) {
    auto& lead = leads_.at(e.lead_no);
    lead.round = e.round;
    lead.relisted_us = e.relisted_us;
    lead.lead.ask_micros = e.ask_micros;
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
  void on(std::int64_t, PingReserved const&) {}
  void on(std::int64_t, ConversionMoved const& e) { conversions_[e.conversion_no] = e; }
  void on(std::int64_t, EstimatesSet const&) {}
  void on(std::int64_t, LeadShared const& e) { shares_[e.lead_no] = e; }
  void on(std::int64_t, PromiseUsed const& e) { promises_[e.ping_no] = e; }

  std::vector<MarketRules> rules_;
  std::map<std::int64_t, CampaignImage> campaigns_;
  std::map<BudgetKey, std::int64_t> budgets_;
  std::map<std::int64_t, LeadImage> leads_;
  std::map<SaleKey, SaleImage> sales_;
  std::map<std::int64_t, BidMoved> bids_;
  std::map<std::int64_t, ReturnImage> returns_;
  std::map<SourceKey, SourceCounted> source_counts_;
  std::map<std::int64_t, std::int64_t> trial_n_max_;
  std::map<std::int64_t, DealMoved> deals_;
  std::map<std::int64_t, SetSourceTerms> source_terms_;
  std::map<std::int64_t, PromiseUsed> promises_;
  std::map<std::int64_t, ConversionMoved> conversions_;
  std::map<std::int64_t, LeadShared> shares_;
  std::optional<estimate::EstimateVersion> estimates_;
  std::int64_t funded_{};
  std::int64_t last_at_us_{};
};

}  // namespace leadex::market
