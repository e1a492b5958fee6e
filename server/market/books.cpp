#include "server/market/books.hpp"

#include <algorithm>
#include <utility>

#include "billing/settlement/crossing.hpp"
#include "billing/settlement/duplicate_share.hpp"
#include "billing/settlement/promise.hpp"
#include "billing/values/check.hpp"
#include "server/market/commit_body.hpp"

namespace leadex::market {

namespace {

/// Where the money of a stored sale is.
SaleStage stage_of(SaleAwarded const& award, std::int64_t credited) {
  switch (award.state) {
    case SaleState::settled:
      return SaleStage::settled;
    case SaleState::returned:
    case SaleState::voided:
    case SaleState::lapsed:
      return SaleStage::closed;
    default:
      if (award.acquisition.held_micros != kNone) return SaleStage::unheld;
      return credited > 0 ? SaleStage::posted : SaleStage::held;
  }
}

SalePrice price_of(std::int64_t gross, std::int64_t fee) {
  return {Money{gross}, Money{fee}, Money{gross - fee}};
}

}  // namespace

void Books::restore(storage::LoadedMarket const& loaded) {
  for (auto const& account : loaded.accounts) {
    LEADEX_CHECK(ledger_.open_account(account).has_value());
    numbers_[{account.code, account.owner_no, account.sub_no}] = account.account_no;
    last_account_ = std::max(last_account_, account.account_no);
  }
  for (auto const& sale : loaded.sales) {
    auto const& award = sale.image.award;
    auto const stage = stage_of(award, sale.image.credited_micros);
    bool const over = award.state == SaleState::settled && award.due_us == 0;
    if (stage == SaleStage::closed || over) continue;
    OpenMoney open;
    open.money = {price_of(award.gross_micros, sale.fee), Money{sale.image.credited_micros},
                  Money{sale.holdback}, stage};
    open.route = route_of(award.lead_no, award.slot, award.budget, award.generator_no);
    open.pendings = pendings_of({sale.batch_seq, sale.n}, open.money.sold);
    open.state = award.state;
    open.due_us = award.due_us;
    if (stage == SaleStage::held) {
      auto const step = leadex::award(open.route, open.money.sold);
      std::int32_t n = sale.n;
      for (auto const& planned : step.plan) {
        LEADEX_CHECK(ledger_.restore_pending({sale.batch_seq, n++}, planned.transfer).has_value());
      }
    }
    open_.emplace(SaleKey{award.lead_no, award.slot}, open);
  }
}

void Books::begin(storage::BatchRows& rows) {
  rows_ = &rows;
  before_.clear();
  new_sales_.clear();
  sale_updates_.clear();
  new_leads_.clear();
  lead_updates_.clear();
  counters_.clear();
  new_campaigns_.clear();
  campaign_updates_.clear();
  new_bids_.clear();
  bid_updates_.clear();
  new_returns_.clear();
  return_updates_.clear();
  source_counters_.clear();
  deals_.clear();
  source_terms_.clear();
  rests_.clear();
  clicks_.clear();
  conversions_.clear();
}

void Books::write(Submission const& submission, Applied& applied, std::int64_t at_us) {
  if (applied.outcome.refusal != Refusal::none) return;
  if (submission.lead) {
    new_leads_[submission.lead->lead_no] = rows_->new_leads.size();
    rows_->new_leads.push_back(*submission.lead);
  }
  keep_rights(submission.command);
  net_brought_ = promise_added_ = 0;
  auto const* const claw_back = std::get_if<ClawBack>(&submission.command);
  SaleKey const clawed =
      claw_back != nullptr ? SaleKey{claw_back->lead_no, claw_back->slot} : SaleKey{};
  bool const forgotten = claw_back != nullptr && !open_.contains(clawed);
  if (forgotten) open_again(*claw_back);
  for (auto const& effect : applied.effects) {
    std::visit([&](auto const& held) { on(submission, at_us, held); }, effect);
  }
  if (forgotten) open_.erase(clawed);
  if (claw_back != nullptr) rows_->claw_backs_done.push_back(claw_back->order_no);
  if (std::holds_alternative<PostPing>(submission.command)) {
    applied.outcome.micros = promise_added_;
  }
  for (auto& sold : applied.outcome.sold) {
    auto const found = open_.find(SaleKey{sold.lead_no, sold.slot});
    if (found != open_.end()) sold.fee_micros = found->second.money.sold.commission.micros;
  }
}

void Books::finish() {
  for (auto const& [no, was] : before_) {
    auto const* now = ledger_.find(no);
    storage::AccountDelta delta{
        no, now->debits_pending - was.debits_pending, now->debits_posted - was.debits_posted,
        now->credits_pending - was.credits_pending, now->credits_posted - was.credits_posted};
    rows_->account_deltas.push_back(delta);
  }
  (void)ledger_.take_changed();
}

std::int64_t Books::account(AccountCode code, std::int64_t owner_no, std::int64_t sub_no) {
  auto const [at, fresh] = numbers_.try_emplace({code, owner_no, sub_no}, last_account_ + 1);
  if (!fresh) return at->second;
  Account opened;
  opened.account_no = ++last_account_;
  opened.code = code;
  opened.owner_no = owner_no;
  opened.sub_no = sub_no;
  opened.floor_micros = default_floor_micros(code);
  LEADEX_CHECK(ledger_.open_account(opened).has_value());
  if (rows_ != nullptr) rows_->new_accounts.push_back(opened);
  return opened.account_no;
}

SaleRoute Books::route_of(std::int64_t lead_no, std::int32_t slot, BudgetKey const& budget,
                          std::int64_t generator_no) {
  return {.lead_no = lead_no,
          .slot = slot,
          .budget = account(AccountCode::budget, budget.buyer_no, budget.campaign_no),
          .generator_pending = account(AccountCode::generator_pending, generator_no, 0),
          .generator_earned = account(AccountCode::generator_earned, generator_no, 0),
          .generator_holdback = account(AccountCode::generator_holdback, generator_no, 0),
          .commission = account(AccountCode::commission, 0, 0)};
}

void Books::book(Transfer const& transfer) {
  for (auto const no : {transfer.debit, transfer.credit})
    before_.try_emplace(no, *ledger_.find(no));
  TransferRef const ref{rows_->seq, static_cast<std::int32_t>(rows_->transfers.size())};
  auto const booked = ledger_.apply(ref, transfer);
  // The engine holds the same balances, so a refusal here is a bug and no business outcome.
  LEADEX_CHECK(booked.has_value());
  rows_->transfers.push_back({ref.n, transfer});
}

void Books::book(TransferPlan const& plan, SalePendings const& pendings) {
  for (auto const& planned : plan) book(bind(planned, pendings));
}

void Books::on(Submission const& s, std::int64_t, SaleAwarded const& effect) {
  OpenMoney open;
  open.route = route_of(effect.lead_no, effect.slot, effect.budget, effect.generator_no);
  auto const price = price_sale(Money{effect.gross_micros}, settings_->commission());
  // What may come of a lead later is no money that a ping was promised.
  if (effect.model == PricingModel::cpl) net_brought_ += price.net.micros;
  TransferRef const first{rows_->seq, static_cast<std::int32_t>(rows_->transfers.size())};
  open.state = effect.state;
  open.due_us = effect.due_us;
  if (effect.acquisition.held_micros != kNone) {
    open.money = award_unheld(price);
  } else {
    auto const step = award(open.route, price);
    open.money = step.after;
    open.pendings = pendings_of(first, price);
    book(step.plan, {});
  }
  SaleKey const key{effect.lead_no, effect.slot};
  new_sales_[key] = rows_->new_sales.size();
  rows_->new_sales.push_back({effect, first.n, price.commission.micros, 0, 0});
  open_.emplace(key, open);
  if (s.click) keep_click(*s.click, effect, price.net);
}

void Books::keep_click(storage::NewClick click, SaleAwarded const& sale, Money net) {
  constexpr std::int64_t kDayUs = 86'400'000'000;
  click.click_no = sale.lead_no;
  click.generator_no = sale.generator_no;
  click.campaign_no = sale.budget.campaign_no;
  click.clicked_us = sale.sold_us;
  auto const day = static_cast<std::int32_t>(sale.sold_us / kDayUs);
  bool const charged = sale.model == PricingModel::cpc;
  using storage::VisitOutcome;
  auto const outcome = charged ? VisitOutcome::charged : VisitOutcome::sold_on_result;
  auto& sold = rows_->clicks_sold;
  auto const [at, first] = clicks_.try_emplace({click.placement_no, day, outcome}, sold.size());
  if (first) sold.push_back({click.placement_no, day, static_cast<std::int16_t>(outcome), 0, 0, 0});
  sold[at->second].n += 1;
  if (charged) {
    sold[at->second].gross += sale.gross_micros;
    sold[at->second].net += net.micros;
  }
  rows_->clicks.push_back(std::move(click));
}

/// The money of a sale whose holdback was released, from what its row holds.
Books::OpenMoney& Books::open_again(ClawBack const& command) {
  OpenMoney open;
  open.money = {price_of(command.gross_micros, command.fee_micros), Money{command.credited_micros},
                Money{0}, SaleStage::settled};
  open.route = route_of(command.lead_no, command.slot, command.budget, command.generator_no);
  open.state = SaleState::settled;
  return open_.emplace(SaleKey{command.lead_no, command.slot}, open).first->second;
}

void Books::on(Submission const&, std::int64_t, SaleStepped const& effect) {
  SaleKey const key{effect.lead_no, effect.slot};
  auto& open = open_.at(key);
  auto const run = [&](Result<leadex::SaleStep, SettlementError> const& step) {
    LEADEX_CHECK(step.has_value());
    book(step->plan, open.pendings);
    auto const before = std::exchange(open.money, step->after);
    book_share(effect, open.route, before, open.money);
  };
  open.due_us = effect.due_us;
  bool over = false;
  switch (effect.step) {
    case market::SaleStep::delivered:
      open.state = SaleState::delivered;
      break;
    case market::SaleStep::voided:
    case market::SaleStep::expired:
      run(void_sale(
          open.route, open.money,
          effect.step == market::SaleStep::voided ? VoidCause::withdrawn : VoidCause::expired));
      open.state = SaleState::voided;
      over = true;
      break;
    case market::SaleStep::waiting:
      open.state = SaleState::waiting;
      break;
    case market::SaleStep::lapsed:  // a part may have been credited before
      run(open.money.stage == SaleStage::posted
              ? return_sale(open.route, open.money)
              : void_sale(open.route, open.money, VoidCause::expired));
      open.state = SaleState::lapsed;
      over = true;
      break;
    case market::SaleStep::credited:
      run(credit_buyer(open.route, open.money, Money{effect.amount_micros}));
      break;
    case market::SaleStep::returned:
      run(return_sale(open.route, open.money));
      open.state = SaleState::returned;
      over = true;
      break;
    case market::SaleStep::settled:
      run(settle_sale(open.route, open.money, BasisPoints{settings_->holdback_bp}));
      open.state = SaleState::settled;
      break;
    case market::SaleStep::holdback_released:
      run(release_holdback(open.route, open.money));
      over = true;
      break;
  }
  update_sale(key, open);
  if (over) open_.erase(key);
}

/// The other generator's part follows each step of a sale that is settled.
void Books::book_share(SaleStepped const& effect, SaleRoute const& route, SaleMoney const& before,
                       SaleMoney const& after) {
  auto const& share = effect.share;
  if (share.generator_no == 0) return;
  auto const earned = account(AccountCode::generator_earned, share.generator_no, 0);
  auto const moved = follow_share(route, {earned, BasisPoints{share.split_bp}}, before, after);
  if (!moved) return;
  book(*moved);
  auto& steps = rows_->share_steps;
  SaleKey const key{effect.lead_no, effect.slot};
  bool const known = std::ranges::any_of(steps, [&](auto const& step) {
    return step.lead_no == key.lead_no && step.slot == key.slot;
  });
  if (!known) steps.push_back({key.lead_no, key.slot});
}

void Books::update_sale(SaleKey const& key, OpenMoney const& open) {
  if (auto const fresh = new_sales_.find(key); fresh != new_sales_.end()) {
    auto& row = rows_->new_sales[fresh->second];
    row.award.state = open.state;
    row.award.due_us = open.due_us;
    row.holdback = open.money.holdback.micros;
    row.credited = open.money.credited.micros;
    return;
  }
  auto const [at, first] = sale_updates_.try_emplace(key, rows_->sale_updates.size());
  if (first) rows_->sale_updates.emplace_back();
  rows_->sale_updates[at->second] = {key.lead_no,
                                     key.slot,
                                     open.state,
                                     open.due_us,
                                     open.money.holdback.micros,
                                     open.money.credited.micros};
}

void Books::on(Submission const&, std::int64_t, LeadMoved const& effect) {
  if (auto const fresh = new_leads_.find(effect.lead_no); fresh != new_leads_.end()) {
    rows_->new_leads[fresh->second].state = effect.state;
    rows_->new_leads[fresh->second].listed_us = effect.listed_us;
    rows_->new_leads[fresh->second].reserve_micros = effect.reserve_micros;
    return;
  }
  auto const [at, first] = lead_updates_.try_emplace(effect.lead_no, rows_->lead_updates.size());
  if (first) rows_->lead_updates.emplace_back();
  rows_->lead_updates[at->second] = effect;
}

void Books::on(Submission const&, std::int64_t, CounterMoved const& effect) {
  auto const [at, first] = counters_.try_emplace(effect.campaign_no, rows_->counters.size());
  if (first) rows_->counters.emplace_back();
  rows_->counters[at->second] = effect;
}

void Books::on(Submission const& s, std::int64_t, CampaignMoved const& effect) {
  auto const* upsert = std::get_if<UpsertCampaign>(&s.command);
  if (upsert != nullptr && upsert->campaign_no == effect.campaign_no) {
    rows_->campaign_versions.push_back({effect.campaign_no, effect.version, s.definition,
                                        encode_value(upsert->terms), s.principal_no});
    if (effect.version == 1) {
      new_campaigns_[effect.campaign_no] = rows_->new_campaigns.size();
      rows_->new_campaigns.push_back(
          {effect.campaign_no, effect.buyer_no, effect.version, effect.status});
      return;
    }
  }
  if (auto const fresh = new_campaigns_.find(effect.campaign_no); fresh != new_campaigns_.end()) {
    rows_->new_campaigns[fresh->second].version = effect.version;
    rows_->new_campaigns[fresh->second].status = effect.status;
    return;
  }
  auto const [at, first] =
      campaign_updates_.try_emplace(effect.campaign_no, rows_->campaign_updates.size());
  if (first) rows_->campaign_updates.emplace_back();
  rows_->campaign_updates[at->second] = effect;
}

void Books::on(Submission const&, std::int64_t, BudgetMoved const& effect) {
  auto const clearing = account(AccountCode::clearing, 0, 0);
  Money const amount{effect.amount_micros};
  if (effect.kind == BudgetMoved::Kind::remitted) {
    auto const earned = account(AccountCode::generator_earned, effect.budget.buyer_no, 0);
    auto const moved = remit({earned, clearing}, amount, Money{0});
    LEADEX_CHECK(moved.has_value());
    book(*moved);
    rows_->new_intents.push_back({effect.intent_no, storage::IntentDirection::remit,
                                  effect.budget.buyer_no, 0, effect.amount_micros});
    return;
  }
  if (effect.kind == BudgetMoved::Kind::covered) {
    auto const earned = account(AccountCode::generator_earned, effect.budget.buyer_no, 0);
    book(claw_back_arrives({clearing, earned}, amount));
    rows_->intents_done.push_back(effect.intent_no);
    return;
  }
  auto const budget =
      account(AccountCode::budget, effect.budget.buyer_no, effect.budget.campaign_no);
  if (effect.kind == BudgetMoved::Kind::funded) {
    book(fund_arrives({clearing, budget}, amount));
    rows_->intents_done.push_back(effect.intent_no);
    return;
  }
  book(defund_leaves({budget, clearing}, amount));
  rows_->new_intents.push_back({effect.intent_no, storage::IntentDirection::defund,
                                effect.budget.buyer_no, effect.budget.campaign_no,
                                effect.amount_micros});
}

void Books::on(Submission const&, std::int64_t, BidMoved const& effect) {
  if (effect.opened) {
    new_bids_[effect.bid_no] = rows_->new_bids.size();
    rows_->new_bids.push_back(effect);
    return;
  }
  if (auto const fresh = new_bids_.find(effect.bid_no); fresh != new_bids_.end()) {
    rows_->new_bids[fresh->second].state = effect.state;
    return;
  }
  auto const [at, first] = bid_updates_.try_emplace(effect.bid_no, rows_->bid_updates.size());
  if (first) rows_->bid_updates.emplace_back();
  rows_->bid_updates[at->second] = effect;
}

void Books::on(Submission const& s, std::int64_t at_us, ReturnMoved const& effect) {
  if (effect.opened) {
    new_returns_[effect.return_no] = rows_->new_returns.size();
    rows_->new_returns.push_back({effect, at_us, s.note_sealed, 0});
    return;
  }
  bool const decided = effect.state == ReturnState::accepted || effect.state == ReturnState::denied;
  if (auto const fresh = new_returns_.find(effect.return_no); fresh != new_returns_.end()) {
    auto& row = rows_->new_returns[fresh->second];
    row.moved = effect;
    row.decided_us = decided ? at_us : 0;
    return;
  }
  auto const [at, first] =
      return_updates_.try_emplace(effect.return_no, rows_->return_updates.size());
  if (first) rows_->return_updates.emplace_back();
  auto& row = rows_->return_updates[at->second];
  row.moved = effect;
  row.decided_us = decided ? at_us : 0;
  if (std::holds_alternative<DecideDispute>(s.command)) {
    row.decision_note_sealed = s.note_sealed;
  } else if (!s.note_sealed.empty()) {
    row.generator_note_sealed = s.note_sealed;
  }
}

/// A lead that comes in real time brings its rights with it; one of a lot has them stored. Of one
/// that comes back the lists were looked up anew.
void Books::keep_rights(Command const& command) {
  auto const* const lead = brought_lead(command);
  if (lead == nullptr) return;
  auto const& offer = *lead;
  auto const fresh = new_leads_.find(offer.lead_no);
  bool const again = std::holds_alternative<RelistLead>(command);
  if (fresh == new_leads_.end() && !again) return;
  if (offer.named && !again) {
    rows_->new_leads[fresh->second].named_for = encode_value(offer.named_for);
  }
  for (auto const buyer : offer.withheld) rows_->withheld.push_back({offer.lead_no, buyer});
}

void Books::on(Submission const&, std::int64_t, SourceCounted const& effect) {
  auto const [at, first] = source_counters_.try_emplace({effect.campaign_no, effect.generator_no},
                                                        rows_->source_counters.size());
  if (first) rows_->source_counters.emplace_back();
  rows_->source_counters[at->second] = effect;
}

void Books::on(Submission const&, std::int64_t at_us, DealMoved const& effect) {
  auto const [at, first] = deals_.try_emplace(effect.deal_no, rows_->deals.size());
  if (first) rows_->deals.emplace_back();
  rows_->deals[at->second] = {effect, at_us};
}

void Books::on(Submission const&, std::int64_t, SourceTermsMoved const& effect) {
  auto const [at, first] =
      source_terms_.try_emplace(effect.terms.generator_no, rows_->source_terms.size());
  if (first) rows_->source_terms.emplace_back();
  rows_->source_terms[at->second] = effect.terms;
}

void Books::on(Submission const&, std::int64_t, LeadWithheld const& effect) {
  for (auto const buyer : effect.buyers) rows_->withheld.push_back({effect.lead_no, buyer});
}

void Books::on(Submission const&, std::int64_t, ConversionMoved const& effect) {
  auto const [at, first] =
      conversions_.try_emplace(effect.conversion_no, rows_->conversions.size());
  if (first) rows_->conversions.emplace_back();
  rows_->conversions[at->second] = effect;
}

void Books::on(Submission const& s, std::int64_t, EstimatesSet const& effect) {
  auto const& made = std::get<SetEstimates>(s.command).estimates;
  rows_->estimates.push_back({effect.version, made.made_at_us, encode_value(made)});
}

void Books::on(Submission const&, std::int64_t at_us, LeadShared const& effect) {
  rows_->lead_shares.push_back({effect, at_us});
}

/// Comes after the sales of its command.
void Books::on(Submission const&, std::int64_t, PromiseUsed const& effect) {
  auto const promise = account(AccountCode::promise, 0, 0);
  auto const earned = account(AccountCode::generator_earned, effect.generator_no, 0);
  auto const added = keep_promise({promise, earned}, Money{effect.net_micros}, Money{net_brought_},
                                  effect.lead_no);
  if (added) {
    book(*added);
    promise_added_ = added->amount.micros;
  }
  rows_->promises.push_back({effect, promise_added_});
}

void Books::on(Submission const&, std::int64_t at_us, LeadRested const& effect) {
  auto const [at, first] = rests_.try_emplace(effect.lead_no, rows_->rests.size());
  if (first) rows_->rests.emplace_back();
  rows_->rests[at->second] = {effect, at_us};
}

void Books::on(Submission const&, std::int64_t, LeadRelisted const& effect) {
  rows_->relists.push_back(effect);
}

void Books::on(Submission const&, std::int64_t, AuctionHeld const& effect) {
  rows_->auctions.push_back({effect.auction_no, effect.lead_no, auction_record(effect)});
}

}  // namespace leadex::market
