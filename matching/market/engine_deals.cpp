// Deals between a buyer and a generator, the terms of a source, and what buyers' own lists keep
// from them.

#include <algorithm>

#include "matching/market/barred.hpp"
#include "matching/market/engine.hpp"

namespace leadex::market {

namespace {

DealMoved moved(Deal const& deal) {
  return {deal.deal_no,   deal.buyer_no, deal.generator_no, deal.price_micros,
          deal.exclusive, deal.by_no,    deal.state};
}

bool is_party(Deal const& deal, std::int64_t account_no) {
  return deal.buyer_no == account_no || deal.generator_no == account_no;
}

}  // namespace

Outcome Engine::handle(Context& c, ProposeDeal const& command) {
  if (command.price_micros < 1 || command.price_micros > kAmountMax.micros) {
    return {.refusal = Refusal::amount_invalid};
  }
  // The market's own reserve stands for its commission as well: no agreement goes below it.
  if (command.price_micros < rules_.reserve_micros) return {.refusal = Refusal::below_reserve};
  auto const open = proposed_.find({command.generator_no, command.buyer_no});
  if (open == proposed_.end() && deals_.size() >= kDealsMax) {
    return {.refusal = Refusal::limit_reached};
  }
  Deal fresh;
  fresh.deal_no = ++numbers_.deal;
  fresh.buyer_no = command.buyer_no;
  fresh.generator_no = command.generator_no;
  fresh.price_micros = command.price_micros;
  fresh.exclusive = command.exclusive;
  fresh.by_no = command.by_no;
  if (open != proposed_.end()) end_deal(c, open->second);  // one proposal at a time
  deals_[fresh.deal_no] = fresh;
  proposed_[{fresh.generator_no, fresh.buyer_no}] = fresh.deal_no;
  c.applied.effects.emplace_back(moved(fresh));
  return {.number = fresh.deal_no};
}

Outcome Engine::handle(Context& c, AcceptDeal const& command) {
  auto const found = deals_.find(command.deal_no);
  if (found == deals_.end() || !is_party(found->second, command.by_no)) {
    return {.refusal = Refusal::deal_unknown};
  }
  auto& deal = found->second;
  if (deal.state != DealState::proposed) return {.refusal = Refusal::deal_not_open};
  if (deal.by_no == command.by_no) return {.refusal = Refusal::not_counterparty};
  std::pair const parties{deal.generator_no, deal.buyer_no};
  if (auto const before = agreed_.find(parties); before != agreed_.end()) {
    end_deal(c, before->second);
  }
  deal.state = DealState::active;
  proposed_.erase(parties);
  agreed_[parties] = deal.deal_no;
  c.applied.effects.emplace_back(moved(deal));
  return {.number = deal.deal_no};
}

Outcome Engine::handle(Context& c, EndDeal const& command) {
  auto const found = deals_.find(command.deal_no);
  if (found == deals_.end() || !is_party(found->second, command.by_no)) {
    return {.refusal = Refusal::deal_unknown};
  }
  end_deal(c, command.deal_no);
  return {.number = command.deal_no};
}

void Engine::end_deal(Context& c, std::int64_t deal_no) {
  auto deal = deals_.at(deal_no);
  deals_.erase(deal_no);
  auto& of_its_state = deal.state == DealState::active ? agreed_ : proposed_;
  of_its_state.erase({deal.generator_no, deal.buyer_no});
  deal.state = DealState::ended;
  c.applied.effects.emplace_back(moved(deal));
}

Deal const* Engine::deal_between(std::int64_t buyer_no, std::int64_t generator_no) const {
  if (agreed_.empty()) return nullptr;
  auto const found = agreed_.find({generator_no, buyer_no});
  return found == agreed_.end() ? nullptr : &deals_.at(found->second);
}

Outcome Engine::handle(Context& c, SetSourceTerms const& command) {
  auto terms = source_terms(command.generator_no);
  if (command.reserve_micros != kAsItWas) terms.reserve_micros = command.reserve_micros;
  if (command.grade != kAsItWas) terms.grade = command.grade;
  if (terms.grade < 0 || terms.grade > kGradesMax || terms.reserve_micros < kNone ||
      terms.reserve_micros > kAmountMax.micros) {
    return {.refusal = Refusal::amount_invalid};
  }
  source_terms_[command.generator_no] = terms;
  c.applied.effects.emplace_back(SourceTermsMoved{terms});
  return {};
}

SetSourceTerms Engine::source_terms(std::int64_t generator_no) const {
  auto const found = source_terms_.find(generator_no);
  return found == source_terms_.end() ? SetSourceTerms{.generator_no = generator_no}
                                      : found->second;
}

/// The highest of the market's reserve, the generator's own, and that of the source's grade.
std::int64_t Engine::reserve_for(std::int64_t generator_no, MarketRules const& rules) const {
  auto const terms = source_terms(generator_no);
  auto reserve = std::max(rules.reserve_micros, terms.reserve_micros);
  if (terms.grade >= 1 && terms.grade <= std::ssize(rules.grade_reserve)) {
    reserve = std::max(reserve, rules.grade_reserve[static_cast<std::size_t>(terms.grade) - 1]);
  }
  return reserve;
}

Outcome Engine::handle(Context& c, WithholdLeads const& command) {
  if (command.lead_nos.size() > kWithholdMax) return {.refusal = Refusal::limit_reached};
  for (auto const lead_no : command.lead_nos) {
    auto const found = listings_.find(lead_no);
    if (found == listings_.end()) continue;
    auto& listing = found->second;
    if (listing.withheld_from(command.buyer_no)) continue;
    if (!listing.access) listing.access = std::make_unique<Access>();
    auto& withheld = listing.access->withheld;
    withheld.insert(std::lower_bound(withheld.begin(), withheld.end(), command.buyer_no),
                    command.buyer_no);
    c.applied.effects.emplace_back(LeadWithheld{lead_no, withheld});
    if (command.buyer_no == kEverybody) {
      if (!listing.resting) continue;  // its sales are under way; nothing follows a void of theirs
      take_off(listing);
      while (!listing.bids.empty()) close_bid(c, listing, 0, BidState::lost);
      auto const state = listing.shares_held == 0 ? LeadState::withdrawn : LeadState::sold;
      c.applied.effects.emplace_back(moved(listing, state));
      drop_if_idle(lead_no);
      continue;
    }
    auto const bid = std::find_if(listing.bids.begin(), listing.bids.end(), [&](auto const& one) {
      return one.budget.buyer_no == command.buyer_no;
    });
    if (bid != listing.bids.end()) {
      close_bid(c, listing, static_cast<std::size_t>(bid - listing.bids.begin()),
                BidState::withdrawn);
    }
  }
  return {};
}

}  // namespace leadex::market
