// After the sale: delivery, returns and disputes, settlement, and what else comes due.

#include <algorithm>

#include "billing/values/check.hpp"
#include "matching/market/barred.hpp"
#include "matching/market/engine.hpp"
#include "matching/market/found_bad.hpp"

namespace leadex::market {

namespace {

ReturnCase case_of(OpenReturn const& command, OpenSale const& sale, std::int64_t number) {
  ReturnCase fresh;
  fresh.return_no = number;
  fresh.sale = sale.key;
  fresh.buyer_no = sale.budget.buyer_no;
  fresh.generator_no = sale.generator_no;
  fresh.reason = command.reason;
  return fresh;
}

}  // namespace

void BuyerRecord::prune(std::int64_t now_us) {
  auto const from = now_us - kCeilingSpanUs;
  delivered.erase(delivered.begin(), delivered.lower_bound(from / kHourUs));
  std::erase_if(returns, [&](auto const& entry) { return entry.second < from; });
}

std::int64_t BuyerRecord::delivered_since(std::int64_t from_us) const {
  std::int64_t sum = 0;
  for (auto at = delivered.lower_bound(from_us / kHourUs); at != delivered.end(); ++at) {
    sum += at->second;
  }
  return sum;
}

std::int64_t BuyerRecord::returned_since(std::int64_t from_us) const {
  return std::count_if(returns.begin(), returns.end(),
                       [&](auto const& entry) { return entry.second >= from_us; });
}

OpenSale* Engine::find_sale(SaleKey const& key) {
  auto const found = sales_.find(key);
  return found == sales_.end() ? nullptr : &found->second;
}

Outcome Engine::handle(Context& c, ConfirmDelivery const& command) {
  auto* sale = find_sale({command.lead_no, command.slot});
  if (sale == nullptr) return {.refusal = Refusal::sale_unknown};
  if (sale->state != SaleState::pending) return {.refusal = Refusal::sale_not_pending};
  auto& listing = listings_.at(command.lead_no);
  sale->state = SaleState::delivered;
  sale->due_us = c.now_us + return_window_us(listing, sale->budget, sale->trial);
  schedule(Tick::settlement, {sale->due_us, command.lead_no, command.slot});
  buyers_[sale->budget.buyer_no].delivered[sale->sold_us / kHourUs] += 1;
  c.applied.effects.emplace_back(
      SaleStepped{command.lead_no, command.slot, SaleStep::delivered, 0, sale->due_us});
  --listing.pending;
  drop_if_idle(command.lead_no);
  return {};
}

Outcome Engine::handle(Context& c, RefuseDelivery const& command) {
  SaleKey const key{command.lead_no, command.slot};
  auto const* sale = find_sale(key);
  if (sale == nullptr) return {.refusal = Refusal::sale_unknown};
  if (sale->state != SaleState::pending) return {.refusal = Refusal::sale_not_pending};
  void_sale(c, key, SaleStep::voided);
  return std::move(c.applied.outcome);
}

/// Undoes an undelivered sale: money and cap come back, and the lead meets the campaigns again
/// (the buyer who had it is out).
void Engine::void_sale(Context& c, SaleKey const& key, SaleStep step) {
  auto const sale = sales_.at(key);
  forget_sale(key);
  auto& listing = listings_.at(key.lead_no);
  if (sale.pooled()) {
    leave_pool(sale);
  } else {
    budget(sale.budget) += sale.gross_micros;
  }
  if (auto const found = campaigns_.find(sale.budget.campaign_no); found != campaigns_.end()) {
    uncount_sale(c, found->second, sale);
  }
  listing.shares_held &= static_cast<std::uint16_t>(~(1U << (key.slot % kSharesPerRound)));
  listing.exclusive_held = false;
  --listing.pending;
  // The voided owner may have set the limit: the least of those that remain.
  listing.shares_max = kSharesPerRound;
  for (auto& owner : listing.owners) {
    if (owner.slot == key.slot) owner.voided = true;
    if (!owner.voided)
      listing.shares_max = std::min<std::int32_t>(listing.shares_max, owner.shares_max);
  }
  c.applied.effects.emplace_back(SaleStepped{key.lead_no, key.slot, step, 0, 0});
  Values values;
  unpack(listing.packed, schema().market_size(), values);
  values.resize(schema().size(), targeting::kMissing);
  meet_campaigns(c, listing, values);
  rest_or_close(c, listing);
  if (barred(listing) && listing.shares_held == 0) {
    c.applied.effects.emplace_back(moved(listing, LeadState::withdrawn));
  }
  drop_if_idle(key.lead_no);
}

/// Leads of a trial have return rights of their own on top of the market's.
bool Engine::within_ceiling(OpenSale const& sale, std::int64_t now_us) const {
  auto const found = buyers_.find(sale.budget.buyer_no);
  if (found == buyers_.end()) return true;
  auto const from = now_us - kCeilingSpanUs;
  auto const part = [](std::int64_t of, std::int64_t bp) { return of * bp / kBasisPointsWhole; };
  auto allowed = std::max<std::int64_t>(
      1, part(found->second.delivered_since(from), rules_.return_ceiling_bp));
  if (auto const* buying = campaign(sale.budget.campaign_no); sale.trial && buying != nullptr) {
    auto const& trial = buying->terms.trial;
    allowed = std::max(allowed, part(trial.leads, trial.return_ceiling_bp));
  }
  return found->second.returned_since(from) < allowed;
}

std::int64_t Engine::return_window_us(Listing const& listing, BudgetKey const& budget,
                                      bool trial) const {
  auto const* buying = campaign(budget.campaign_no);
  if (trial && buying != nullptr && buying->terms.trial.return_window_us > 0) {
    return buying->terms.trial.return_window_us;
  }
  return rules_of(listing).return_window_us;
}

/// Of what the exchange found bad neither the window nor an earlier return is asked
/// (found_bad.hpp).
Outcome Engine::handle(Context& c, OpenReturn const& command) {
  auto* sale = find_sale({command.lead_no, command.slot});
  bool const bad = finds_bad(command);
  if (sale == nullptr || (!bad && sale->budget.buyer_no != command.buyer_no)) {
    return {.refusal = Refusal::sale_unknown};
  }
  if (sale->of_visit()) return {.refusal = Refusal::not_of_this_model};
  if (!bad && sale->return_no != 0) return {.refusal = Refusal::already_returned};
  auto const* converted = conversion(sale->conversion_no);
  if (converted != nullptr && converted->state == ConversionState::uncovered) {
    return {.refusal = Refusal::already_converted};
  }
  if (sale->state == SaleState::pending) return {.refusal = Refusal::sale_not_delivered};
  if (sale->state != SaleState::delivered || (!bad && c.now_us > sale->due_us)) {
    return {.refusal = Refusal::return_window_closed};
  }
  auto& record = buyers_[sale->budget.buyer_no];
  record.prune(c.now_us);
  if (!command.proven && !within_ceiling(*sale, c.now_us)) {
    return {.refusal = Refusal::return_ceiling_reached};
  }
  ReturnCase silent;  // without a reason for which the lead would rest
  if (sale->return_no != 0 && !sale->return_open) {
    give_back_all(c, *sale, silent);  // its return was decided, and stays so
    forget_sale(SaleKey{command.lead_no, command.slot});
    return {};
  }
  if (sale->return_no == 0) {
    auto fresh = case_of(command, *sale, ++numbers_.returned);
    fresh.opened_us = c.now_us;
    fresh.due_us = c.now_us + rules_.contest_us;
    sale->return_no = fresh.return_no;
    sale->return_open = true;
    c.applied.effects.emplace_back(ReturnMoved{fresh.return_no, fresh.sale.lead_no, fresh.sale.slot,
                                               fresh.buyer_no, fresh.generator_no, fresh.reason,
                                               ReturnState::open, 0, 0, fresh.due_us, true});
    returns_.emplace(fresh.return_no, std::move(fresh));
  }
  auto const number = sale->return_no;
  auto& returned = returns_.at(number);
  if (command.proven) {
    if (bad) record.returns.erase(number);
    give_back_all(c, *sale, bad ? silent : returned);
    close_return(c, returned, ReturnState::accepted, 1, sale->gross_micros);
    forget_sale(SaleKey{command.lead_no, command.slot});
  } else {
    record.returns[number] = c.now_us;
    schedule(Tick::returns, {returned.due_us, number, kDueReturn});
  }
  return {.number = number};
}

/// The whole price goes back to the budget it came from; a cap gets nothing back for a return.
void Engine::give_back_all(Context& c, OpenSale& sale, ReturnCase& returned) {
  auto const rest = sale.gross_micros - sale.credited_micros;
  sale.credited_micros = sale.gross_micros;
  c.applied.effects.emplace_back(
      SaleStepped{sale.key.lead_no, sale.key.slot, SaleStep::returned, rest, 0});
  if (sale.conversion_no != 0) close_conversion(c, sale, ConversionState::rejected);
  if (sale.pooled()) leave_pool(sale);
  give_back(c, sale, rest);
  returned.due_us = 0;
  rest_returned(c, returned);
}

/// A part of its price goes back to where it is held.
void Engine::give_back(Context& c, OpenSale const& sale, std::int64_t micros) {
  give_to_budget(c, sale.budget, sale.pooled() ? 0 : micros);
}

/// Money of a sale or a bid is its buyer's again: a campaign that had run dry goes on.
void Engine::give_to_budget(Context& c, BudgetKey const& key, std::int64_t micros) {
  budget(key) += micros;
  auto const found = campaigns_.find(key.campaign_no);
  if (found == campaigns_.end()) return;
  wake(c, found->second);
  refresh(found->second);
}

/// `returned` is gone afterwards.
void Engine::close_return(Context& c, ReturnCase& returned, ReturnState state, std::uint8_t ruling,
                          std::int64_t credited) {
  c.applied.effects.emplace_back(
      ReturnMoved{returned.return_no, returned.sale.lead_no, returned.sale.slot, returned.buyer_no,
                  returned.generator_no, returned.reason, state, ruling, credited, 0, false});
  if (state == ReturnState::denied) buyers_[returned.buyer_no].returns.erase(returned.return_no);
  if (auto* sale = find_sale(returned.sale)) {
    sale->return_open = false;
    // The window may have ended meanwhile: settlement was waiting for this.
    schedule(Tick::settlement, {sale->due_us, sale->key.lead_no, sale->key.slot});
    if (auto const* waiting = conversion(sale->conversion_no)) {
      schedule(Tick::settlement, {waiting->due_us, waiting->conversion_no, kDueConversion});
    }
  }
  returns_.erase(returned.return_no);
}

Outcome Engine::handle(Context& c, AcceptReturn const& command) {
  auto const found = returns_.find(command.return_no);
  if (found == returns_.end() || found->second.generator_no != command.generator_no) {
    return {.refusal = Refusal::return_unknown};
  }
  if (found->second.state != ReturnState::open) return {.refusal = Refusal::return_not_open};
  auto const key = found->second.sale;
  auto* sale = find_sale(key);
  LEADEX_CHECK(sale != nullptr);
  give_back_all(c, *sale, found->second);
  close_return(c, found->second, ReturnState::accepted, 0, sale->gross_micros);
  forget_sale(key);
  return {.number = command.return_no};
}

Outcome Engine::handle(Context& c, ContestReturn const& command) {
  auto const found = returns_.find(command.return_no);
  if (found == returns_.end() || found->second.generator_no != command.generator_no) {
    return {.refusal = Refusal::return_unknown};
  }
  auto& returned = found->second;
  if (returned.state != ReturnState::open) return {.refusal = Refusal::return_not_open};
  returned.state = ReturnState::disputed;
  returned.due_us = c.now_us + rules_.decide_us;
  c.applied.effects.emplace_back(ReturnMoved{
      returned.return_no, returned.sale.lead_no, returned.sale.slot, returned.buyer_no,
      returned.generator_no, returned.reason, ReturnState::disputed, 0, 0, returned.due_us, false});
  return {.number = command.return_no};
}

Outcome Engine::handle(Context& c, DecideDispute const& command) {
  auto const found = returns_.find(command.return_no);
  if (found == returns_.end()) return {.refusal = Refusal::return_unknown};
  auto& returned = found->second;
  if (returned.state != ReturnState::disputed) return {.refusal = Refusal::dispute_not_open};
  auto const key = returned.sale;
  auto* sale = find_sale(key);
  LEADEX_CHECK(sale != nullptr);
  bool const all =
      command.ruling == Ruling::credit_buyer ||
      (command.ruling == Ruling::partial && command.amount_micros == sale->gross_micros);
  if (command.ruling == Ruling::partial &&
      (command.amount_micros <= 0 || command.amount_micros > sale->gross_micros)) {
    return {.refusal = Refusal::amount_invalid};
  }
  if (command.ruling == Ruling::deny) {
    close_return(c, returned, ReturnState::denied, 2, 0);
  } else if (all) {
    give_back_all(c, *sale, returned);
    close_return(c, returned, ReturnState::accepted, 2, sale->gross_micros);
    forget_sale(key);
  } else {
    sale->credited_micros += command.amount_micros;
    c.applied.effects.emplace_back(SaleStepped{key.lead_no, key.slot, SaleStep::credited,
                                               command.amount_micros, sale->due_us});
    give_back(c, *sale, command.amount_micros);
    close_return(c, returned, ReturnState::accepted, 2, command.amount_micros);
  }
  return {.number = command.return_no};
}

/// A sale that is still here speaks for itself; of one whose holdback was released the command
/// says what its row holds.
Outcome Engine::handle(Context& c, ClawBack const& command) {
  SaleKey const key{command.lead_no, command.slot};
  auto* const sale = find_sale(key);
  if (sale != nullptr && sale->state != SaleState::settled) {
    return {.refusal = Refusal::sale_not_settled};
  }
  auto const gross = sale != nullptr ? sale->gross_micros : command.gross_micros;
  auto const before = sale != nullptr ? sale->credited_micros : command.credited_micros;
  if (command.amount_micros <= 0 || command.amount_micros > gross - before) {
    return {.refusal = Refusal::amount_invalid};
  }
  bool const all = command.amount_micros == gross - before;
  auto const due_us = sale != nullptr && !all ? sale->due_us : 0;
  c.applied.effects.emplace_back(
      SaleStepped{.lead_no = key.lead_no,
                  .slot = key.slot,
                  .step = all ? SaleStep::returned : SaleStep::credited,
                  .amount_micros = command.amount_micros,
                  .due_us = due_us,
                  .share = sale != nullptr ? share_of(key.lead_no) : command.share});
  give_to_budget(c, sale != nullptr ? sale->budget : command.budget, command.amount_micros);
  if (sale != nullptr) sale->credited_micros += command.amount_micros;
  if (all) note_taken_back(key);
  if (all) forget_sale(key);
  return {.micros = before + command.amount_micros};
}

Outcome Engine::handle(Context& c, Tick const& command) {
  std::int32_t done = 0;
  for (;;) {
    // The oldest of what is due, over the jobs asked for.
    Tick::Job job{};
    Due const* oldest = nullptr;
    for (auto const& [kind, queue] : due_) {
      if ((command.jobs & kind) == 0 || queue.empty()) continue;
      if (oldest == nullptr || queue.top() < *oldest) {
        oldest = &queue.top();
        job = static_cast<Tick::Job>(kind);
      }
    }
    if (oldest == nullptr || oldest->due_us > c.now_us) break;
    auto const due = *oldest;
    bool const idle = stale(job, due, c.now_us);
    if (!idle && done >= command.limit) {
      c.applied.outcome.more = true;
      break;
    }
    due_[job].pop();
    if (idle) continue;
    run_due(c, job, due);
    ++done;
  }
  return std::move(c.applied.outcome);
}

/// Whether its subject has moved on. A reloaded engine has no such entries, so nothing may come of
/// them, not even that there is more to do.
bool Engine::stale(Tick::Job job, Due const& due, std::int64_t now_us) const {
  if (due.slot == kDueReturn) {
    auto const found = returns_.find(due.no);
    return found == returns_.end() || found->second.state != ReturnState::open;
  }
  if (due.slot == kDueConversion) return stale_conversion(due);
  if (due.slot == kDueExpiry || due.slot == kDueAuction || due.slot == kDueFill) {
    auto const* rests = listing(due.no);
    if (rests == nullptr || !rests->resting) return true;
    if (due.slot == kDueExpiry) return rests->listed_us + rules_of(*rests).listing_ttl_us > now_us;
    if (due.slot == kDueAuction) return rests->bids.empty();
    return std::none_of(rests->bids.begin(), rests->bids.end(),
                        [&](auto const& bid) { return reaches_ask(*rests, bid, ask(*rests)); });
  }
  return stale_sale(job, due);
}

bool Engine::stale_sale(Tick::Job job, Due const& due) const {
  auto const* open = sale({due.no, due.slot});
  if (open == nullptr || open->due_us != due.due_us) return true;
  if (job == Tick::delivery_deadline) return open->state != SaleState::pending;
  if (job == Tick::release_holdback) return open->state != SaleState::settled;
  if (open->state == SaleState::waiting) return open->conversion_no != 0;
  return open->state != SaleState::delivered || open->return_open;
}

/// What is due and not stale.
void Engine::run_due(Context& c, Tick::Job job, Due const& due) {
  if (due.slot == kDueReturn) {
    (void)handle(c, AcceptReturn{due.no, returns_.at(due.no).generator_no});
    return;
  }
  if (due.slot == kDueConversion) return approve_silently(c, due.no);
  if (due.slot == kDueExpiry || due.slot == kDueAuction || due.slot == kDueFill) {
    auto& listing = listings_.at(due.no);
    if (due.slot == kDueFill) {
      fill_bids(c, listing);
    } else if (due.slot == kDueAuction) {
      end_listing_auction(c, listing);
    } else {
      take_off(listing);
      while (!listing.bids.empty()) close_bid(c, listing, 0, BidState::lost);
      auto const state = listing.shares_held != 0 ? LeadState::sold : LeadState::expired;
      c.applied.effects.emplace_back(moved(listing, state));
      rest_unsold(c, listing);
    }
    return drop_if_idle(due.no);
  }
  SaleKey const key{due.no, due.slot};
  auto& open = sales_.at(key);
  if (job == Tick::delivery_deadline) {
    void_sale(c, key, SaleStep::expired);
  } else if (job == Tick::release_holdback) {
    c.applied.effects.emplace_back(SaleStepped{.lead_no = key.lead_no,
                                               .slot = key.slot,
                                               .step = SaleStep::holdback_released,
                                               .share = share_of(key.lead_no)});
    forget_sale(key);
  } else if (open.state == SaleState::waiting) {
    lapse(c, key);
  } else if (open.model == PricingModel::cpa) {
    await_conversion(c, open);
  } else {
    settle(c, open);
  }
}

}  // namespace leadex::market
