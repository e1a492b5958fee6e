// Sales per acquisition: what they hold, the conversions they are paid for, their lapse.

#include <algorithm>

#include "billing/values/check.hpp"
#include "billing/values/money.hpp"
#include "matching/market/engine.hpp"

namespace leadex::market {

namespace {

constexpr std::int64_t kSecondUs = 1'000'000;

bool is_value(std::int64_t micros) {
  return micros == kNone || (micros > 0 && micros <= kAmountMax.micros);
}

Outcome approved(ConversionMoved const& conversion) {
  return {.rests = conversion.state == ConversionState::uncovered,
          .number = conversion.conversion_no,
          .micros = conversion.price_micros};
}

/// What a conversion of that value costs: what is left of the sale's price, or the part of the
/// value that was agreed on when that is less. Without a value it is the whole price: who wants to
/// pay less says what the acquisition was worth.
std::int64_t price_of(OpenSale const& sale, std::int64_t value_micros) {
  auto const whole = sale.gross_micros - sale.credited_micros;
  auto const bp = sale.acquisition.value_bp;
  if (bp == 0 || value_micros == kNone) return whole;
  auto const part = share(Money{value_micros}, BasisPoints{bp}, Rounding::half_even);
  LEADEX_CHECK(part.has_value());
  return std::min(whole, part->micros);
}

}  // namespace

/// Makes the sale one per acquisition when its campaign buys so.
void Engine::agree(SaleAwarded& sold, Campaign const& campaign, Listing const& listing,
                   std::int64_t worth_ppb) const {
  if (!campaign.pays_on_result(listing.click)) return;
  auto const& rules = rules_of(listing);
  sold.model = PricingModel::cpa;
  auto& agreed = sold.acquisition;
  agreed.until_us = sold.sold_us + rules.cpa_window_us;
  agreed.event = campaign.per_acquisition() ? campaign.terms.event : kLeadEvent;
  agreed.value_bp = campaign.per_acquisition() ? campaign.terms.value_bp : 0;
  agreed.visit = listing.click;
  if (pools(campaign, rules, listing.click)) {
    agreed.held_micros = auction::value_of(sold.gross_micros, worth_ppb);
  }
}

/// In this order. Instants are told by the second, so a conversion may seem a moment too early.
Refusal Engine::refusal_of(ReportConversion const& command, OpenSale const* sale,
                           std::int64_t now_us) const {
  if (sale == nullptr || sale->budget.buyer_no != command.buyer_no) return Refusal::sale_unknown;
  if (sale->model != PricingModel::cpa) return Refusal::not_per_acquisition;
  if (sale->state == SaleState::pending) return Refusal::sale_not_delivered;
  if (sale->state == SaleState::settled || sale->conversion_no != 0) {
    return Refusal::already_converted;
  }
  if (command.event != sale->acquisition.event) return Refusal::event_unknown;
  bool const early = command.at_us < sale->sold_us - sale->sold_us % kSecondUs;
  if (early || command.at_us > sale->acquisition.until_us || command.at_us > now_us) {
    return Refusal::conversion_window_closed;
  }
  if (command.transaction_id.empty() || command.transaction_id.size() > kTransactionBytesMax ||
      !is_value(command.value_micros) || price_of(*sale, command.value_micros) == 0) {
    return Refusal::amount_invalid;
  }
  return command.confirmed && sale->return_open ? Refusal::return_open : Refusal::none;
}

Outcome Engine::handle(Context& c, ReportConversion const& command) {
  auto* sale = find_sale({command.lead_no, command.slot});
  if (auto const refusal = refusal_of(command, sale, c.now_us); refusal != Refusal::none) {
    return {.refusal = refusal};
  }
  ConversionMoved fresh;
  fresh.conversion_no = ++numbers_.conversion;
  fresh.lead_no = command.lead_no;
  fresh.slot = command.slot;
  fresh.budget = sale->budget;
  fresh.event = command.event;
  fresh.transaction_id = command.transaction_id;
  fresh.at_us = command.at_us;
  fresh.value_micros = command.value_micros;
  fresh.confirmed = command.confirmed;
  fresh.opened = true;
  fresh.moved_us = c.now_us;
  auto const number = fresh.conversion_no;
  if (command.confirmed) {
    approve(c, *sale, fresh);
    return approved(fresh);
  }
  fresh.due_us = c.now_us + rules_.cpa_review_us;
  sale->conversion_no = number;
  schedule(Tick::settlement, {fresh.due_us, number, kDueConversion});
  c.applied.effects.emplace_back(fresh);
  fresh.opened = false;
  conversions_.emplace(number, std::move(fresh));
  return {.number = number};
}

Outcome Engine::handle(Context& c, DecideConversion const& command) {
  auto const found = conversions_.find(command.conversion_no);
  bool const known = found != conversions_.end() &&
                     (command.buyer_no == 0 || command.buyer_no == found->second.budget.buyer_no);
  if (!known || found->second.state != ConversionState::pending) {
    return {.refusal = Refusal::conversion_unknown};
  }
  auto conversion = found->second;
  auto& sale = sales_.at({conversion.lead_no, conversion.slot});
  if (!command.approved) {
    close_conversion(c, sale, ConversionState::rejected);
    return {.number = command.conversion_no};
  }
  if (command.value_micros != kNone) conversion.value_micros = command.value_micros;
  if (!is_value(command.value_micros) || price_of(sale, conversion.value_micros) == 0) {
    return {.refusal = Refusal::amount_invalid};
  }
  if (sale.return_open) return {.refusal = Refusal::return_open};
  conversion.moved_us = c.now_us;
  approve(c, sale, conversion);
  return approved(conversion);
}

/// Nothing moves but the number of conversions.
Outcome Engine::handle(Context& c, NoteConversion const& command) {
  if (command.event.empty() || command.event.size() > kEventBytesMax) {
    return {.refusal = Refusal::event_unknown};
  }
  auto const until = command.clicked_us + std::max(kNotedWithinUs, rules_.cpa_window_us);
  bool const early = command.at_us < command.clicked_us - command.clicked_us % kSecondUs;
  if (early || command.at_us > until || command.at_us > c.now_us) {
    return {.refusal = Refusal::conversion_window_closed};
  }
  if (command.transaction_id.empty() || command.transaction_id.size() > kTransactionBytesMax ||
      !is_value(command.value_micros)) {
    return {.refusal = Refusal::amount_invalid};
  }
  ConversionMoved noted;
  noted.conversion_no = ++numbers_.conversion;
  noted.lead_no = command.click_no;
  noted.budget = command.budget;
  noted.event = command.event;
  noted.transaction_id = command.transaction_id;
  noted.at_us = command.at_us;
  noted.value_micros = command.value_micros;
  noted.state = ConversionState::noted;
  noted.confirmed = command.confirmed;
  noted.opened = true;
  noted.moved_us = c.now_us;
  c.applied.effects.emplace_back(std::move(noted));
  return {.number = numbers_.conversion};
}

/// While a return is open a conversion waits for that.
bool Engine::stale_conversion(Due const& due) const {
  auto const* waiting = conversion(due.no);
  return waiting == nullptr || waiting->state != ConversionState::pending ||
         waiting->due_us != due.due_us || sales_.at({waiting->lead_no, waiting->slot}).return_open;
}

/// Silence of the buyer.
void Engine::approve_silently(Context& c, std::int64_t conversion_no) {
  auto conversion = conversions_.at(conversion_no);
  conversion.moved_us = c.now_us;
  approve(c, sales_.at({conversion.lead_no, conversion.slot}), conversion);
}

/// Pays for it, or keeps it as a debt that stops its campaign. A debt comes after older ones.
void Engine::approve(Context& c, OpenSale& sale, ConversionMoved& conversion) {
  auto& campaign = campaigns_.at(sale.budget.campaign_no);
  conversion.price_micros = price_of(sale, conversion.value_micros);
  conversion.due_us = 0;
  auto const free = *campaign.money - campaign.reserved.micros;
  bool const covered =
      !sale.pooled() || (campaign.uncovered.empty() && free >= conversion.price_micros);
  if (covered) {
    auto const budget_key = sale.budget;
    auto const had = campaign.spendable();
    bool const of_pool = sale.pooled();
    pay(c, sale, conversion);
    if (of_pool) note_spent(c, campaign, had);
    return give_to_budget(c, budget_key, 0);
  }
  conversion.state = ConversionState::uncovered;
  c.applied.effects.emplace_back(conversion);
  sale.conversion_no = conversion.conversion_no;
  campaign.uncovered.insert(conversion.conversion_no);
  debtors_.insert(campaign.campaign_no);
  conversion.opened = false;
  conversions_[conversion.conversion_no] = conversion;
  if (campaign.stopped()) return;
  campaign.status = CampaignStatus::owing;
  move_campaign(c, campaign);
  refresh(campaign);
}

/// Settles the sale for the conversion's price; the rest of what the budget holds goes back.
void Engine::pay(Context& c, OpenSale& sale, ConversionMoved& conversion) {
  auto const back = sale.gross_micros - sale.credited_micros - conversion.price_micros;
  if (sale.pooled()) {
    leave_pool(sale);
    budget(sale.budget) -= conversion.price_micros;
  } else {
    budget(sale.budget) += back;
  }
  if (back > 0) {
    sale.credited_micros += back;
    c.applied.effects.emplace_back(
        SaleStepped{sale.key.lead_no, sale.key.slot, SaleStep::credited, back, sale.due_us});
  }
  conversion.state = ConversionState::approved;
  c.applied.effects.emplace_back(conversion);
  conversions_.erase(conversion.conversion_no);
  sale.conversion_no = 0;
  settle(c, sale);
}

void Engine::settle(Context& c, OpenSale& sale) {
  sale.state = SaleState::settled;
  sale.due_us = c.now_us + rules_.holdback_us;
  schedule(Tick::release_holdback, {sale.due_us, sale.key.lead_no, sale.key.slot});
  note_settled(sale);
  c.applied.effects.emplace_back(SaleStepped{.lead_no = sale.key.lead_no,
                                             .slot = sale.key.slot,
                                             .step = SaleStep::settled,
                                             .due_us = sale.due_us,
                                             .share = share_of(sale.key.lead_no)});
}

void Engine::pay_all_debts(Context& c) {
  auto const debtors = debtors_;
  for (auto const campaign_no : debtors) pay_debts(c, campaigns_.at(campaign_no));
}

/// The oldest first, as far as the money goes.
void Engine::pay_debts(Context& c, Campaign& campaign) {
  if (campaign.uncovered.empty()) return;
  while (!campaign.uncovered.empty()) {
    auto conversion = conversions_.at(*campaign.uncovered.begin());
    if (*campaign.money - campaign.reserved.micros < conversion.price_micros) return;
    campaign.uncovered.erase(campaign.uncovered.begin());
    conversion.moved_us = c.now_us;
    pay(c, sales_.at({conversion.lead_no, conversion.slot}), conversion);
  }
  debtors_.erase(campaign.campaign_no);
  if (campaign.status != CampaignStatus::owing) return;
  campaign.status = covers_a_bid(campaign) ? CampaignStatus::active : CampaignStatus::exhausted;
  move_campaign(c, campaign);
  refresh(campaign);
}

/// Ends the conversion that the sale waits with.
void Engine::close_conversion(Context& c, OpenSale& sale, ConversionState state) {
  auto const found = conversions_.find(sale.conversion_no);
  LEADEX_CHECK(found != conversions_.end());
  auto closed = std::move(found->second);
  conversions_.erase(found);
  sale.conversion_no = 0;
  closed.state = state;
  closed.due_us = 0;
  closed.moved_us = c.now_us;
  c.applied.effects.emplace_back(std::move(closed));
  // Its window may have ended meanwhile: the lapse was waiting for this.
  schedule(Tick::settlement, {sale.due_us, sale.key.lead_no, sale.key.slot});
}

/// The lead is kept: from now on only a conversion makes it cost something. One that happened in
/// time may be told of a while later.
void Engine::await_conversion(Context& c, OpenSale& sale) {
  sale.state = SaleState::waiting;
  sale.due_us = std::max(c.now_us, lapses_us(sale.acquisition));
  schedule(Tick::settlement, {sale.due_us, sale.key.lead_no, sale.key.slot});
  c.applied.effects.emplace_back(
      SaleStepped{sale.key.lead_no, sale.key.slot, SaleStep::waiting, 0, sale.due_us});
}

/// Nothing came of the lead: money and caps come back, the lead stays its buyer's.
void Engine::lapse(Context& c, SaleKey const& key) {
  auto const sale = sales_.at(key);
  forget_sale(key);
  auto const rest = sale.gross_micros - sale.credited_micros;
  c.applied.effects.emplace_back(
      SaleStepped{key.lead_no, key.slot, SaleStep::lapsed, 0, 0, sale.acquisition.visit});
  if (sale.pooled()) leave_pool(sale);
  give_back(c, sale, rest);
  uncount_sale(c, campaigns_.at(sale.budget.campaign_no), sale);
}

void Engine::leave_pool(OpenSale const& sale) {
  campaigns_.at(sale.budget.campaign_no)
      .pool.remove(sale.gross_micros, sale.acquisition.held_micros);
}

ConversionMoved const* Engine::conversion(std::int64_t conversion_no) const {
  auto const found = conversions_.find(conversion_no);
  return found == conversions_.end() ? nullptr : &found->second;
}

}  // namespace leadex::market
