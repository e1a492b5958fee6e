#include "billing/settlement/sale_settlement.hpp"

#include <algorithm>

#include "billing/values/check.hpp"

namespace leadex {

namespace {

struct Leg {
  std::int64_t debit;
  std::int64_t credit;
  TransferCode code;
  SaleLeg name;
};

Leg net_leg(SaleRoute const& route) {
  return {route.budget, route.generator_pending, TransferCode::sale_net, SaleLeg::net};
}

Leg commission_leg(SaleRoute const& route) {
  return {route.budget, route.commission, TransferCode::sale_commission, SaleLeg::commission};
}

/// Collects the transfers of one sale; a leg of nothing is left out.
class Planner {
 public:
  explicit Planner(SaleRoute const& route) : route_{route} {}

  void move(std::int64_t debit, std::int64_t credit, Money amount, TransferCode code) {
    add(debit, credit, amount, code, Phase::posted, SaleLeg::none);
  }
  void reserve(Leg const& leg, Money amount) {
    add(leg.debit, leg.credit, amount, leg.code, Phase::pending, SaleLeg::none);
  }
  /// Resolves a leg of which `kept` of `reserved` stays: posts that part, or gives all back.
  void resolve(Leg const& leg, Money reserved, Money kept, TransferCode code_of_void) {
    if (kept.micros > 0) {
      add(leg.debit, leg.credit, kept, leg.code, Phase::post_pending, leg.name);
    } else {
      add(leg.debit, leg.credit, reserved, code_of_void, Phase::void_pending, leg.name);
    }
  }
  void release(Leg const& leg, Money reserved, Phase phase) {
    add(leg.debit, leg.credit, reserved, leg.code, phase, leg.name);
  }
  [[nodiscard]] TransferPlan const& plan() const { return plan_; }

 private:
  void add(std::int64_t debit, std::int64_t credit, Money amount, TransferCode code, Phase phase,
           SaleLeg resolved) {
    LEADEX_CHECK(amount.micros >= 0);
    if (amount.micros == 0) return;
    plan_.push(
        {Transfer{debit, credit, amount, code, phase, route_.lead_no, route_.slot, {}}, resolved});
  }

  SaleRoute const& route_;
  TransferPlan plan_;
};

Money minus(Money a, Money b) { return Money{a.micros - b.micros}; }

/// What the credit from `before` to `after` credited in all takes from each part.
SalePrice increase(SalePrice const& before, SalePrice const& after) {
  return {minus(after.gross, before.gross), minus(after.commission, before.commission),
          minus(after.net, before.net)};
}

void credit_held(Planner& planner, SaleRoute const& route, SaleMoney const& before,
                 SaleMoney const& after) {
  auto const kept = kept_part(after);
  planner.resolve(net_leg(route), before.sold.net, kept.net, TransferCode::return_);
  planner.resolve(commission_leg(route), before.sold.commission, kept.commission,
                  TransferCode::return_);
}

}  // namespace

void TransferPlan::push(PlannedTransfer const& planned) {
  LEADEX_CHECK(size_ < items_.size());
  items_.at(size_++) = planned;
}

std::string_view text(SettlementError error) {
  switch (error) {
    case SettlementError::wrong_stage:
      return "wrong_stage";
    case SettlementError::amount_not_positive:
      return "amount_not_positive";
    case SettlementError::amount_exceeds_sale:
      return "amount_exceeds_sale";
  }
  return "unknown";
}

SalePrice kept_part(SaleMoney const& money) {
  if (money.stage == SaleStage::closed) return {};
  return increase(credited_part(money.sold, money.credited), money.sold);
}

SalePendings pendings_of(TransferRef first, SalePrice const& sold) {
  SalePendings found;
  if (sold.net.micros > 0) found.net = TransferRef{first.batch_seq, first.n++};
  if (sold.commission.micros > 0) found.commission = first;
  return found;
}

Transfer bind(PlannedTransfer const& planned, SalePendings const& pendings) {
  Transfer bound = planned.transfer;
  if (planned.resolves == SaleLeg::net) bound.pending = pendings.net;
  if (planned.resolves == SaleLeg::commission) bound.pending = pendings.commission;
  LEADEX_CHECK(resolves(bound.phase) == bound.pending.has_value());
  return bound;
}

SaleStep award(SaleRoute const& route, SalePrice const& price) {
  LEADEX_CHECK(price.commission.micros >= 0 && price.net.micros >= 0 &&
               minus(price.gross, price.net) == price.commission);
  Planner planner{route};
  planner.reserve(net_leg(route), price.net);
  planner.reserve(commission_leg(route), price.commission);
  return {SaleMoney{price, {}, {}, SaleStage::held}, planner.plan()};
}

SaleMoney award_unheld(SalePrice const& price) {
  LEADEX_CHECK(price.commission.micros >= 0 && price.net.micros >= 0 &&
               minus(price.gross, price.net) == price.commission);
  return SaleMoney{price, {}, {}, SaleStage::unheld};
}

Result<SaleStep, SettlementError> void_sale(SaleRoute const& route, SaleMoney const& money,
                                            VoidCause cause) {
  if (money.stage == SaleStage::unheld) {
    SaleMoney closed = money;
    closed.stage = SaleStage::closed;
    return SaleStep{closed, {}};
  }
  if (money.stage != SaleStage::held) return refuse(SettlementError::wrong_stage);
  auto const phase = cause == VoidCause::expired ? Phase::expire_pending : Phase::void_pending;
  Planner planner{route};
  planner.release(net_leg(route), money.sold.net, phase);
  planner.release(commission_leg(route), money.sold.commission, phase);
  SaleMoney after = money;
  after.stage = SaleStage::closed;
  return SaleStep{after, planner.plan()};
}

Result<SaleStep, SettlementError> credit_buyer(SaleRoute const& route, SaleMoney const& money,
                                               Money amount) {
  if (money.stage == SaleStage::closed) return refuse(SettlementError::wrong_stage);
  if (amount.micros <= 0) return refuse(SettlementError::amount_not_positive);
  if (amount > minus(money.sold.gross, money.credited)) {
    return refuse(SettlementError::amount_exceeds_sale);
  }
  SaleMoney after = money;
  after.credited.micros += amount.micros;
  auto const back = increase(credited_part(money.sold, money.credited),
                             credited_part(money.sold, after.credited));
  Planner planner{route};
  switch (money.stage) {
    case SaleStage::held:
      credit_held(planner, route, money, after);
      after.stage = SaleStage::posted;
      break;
    case SaleStage::posted:
      planner.move(route.generator_pending, route.budget, back.net, TransferCode::return_);
      planner.move(route.commission, route.budget, back.commission, TransferCode::return_);
      break;
    case SaleStage::unheld:
      break;
    default: {
      Money const from_holdback = std::min(back.net, money.holdback);
      after.holdback = minus(money.holdback, from_holdback);
      planner.move(route.generator_holdback, route.budget, from_holdback, TransferCode::claw_back);
      planner.move(route.generator_earned, route.budget, minus(back.net, from_holdback),
                   TransferCode::claw_back);
      planner.move(route.commission, route.budget, back.commission, TransferCode::claw_back);
    }
  }
  if (after.credited == money.sold.gross) after.stage = SaleStage::closed;
  return SaleStep{after, planner.plan()};
}

Result<SaleStep, SettlementError> return_sale(SaleRoute const& route, SaleMoney const& money) {
  Money const rest = minus(money.sold.gross, money.credited);
  if (rest.micros == 0 && money.stage != SaleStage::closed) {  // a free sale has no money to move
    SaleMoney after = money;
    after.stage = SaleStage::closed;
    return SaleStep{after, {}};
  }
  return credit_buyer(route, money, rest);
}

Result<SaleStep, SettlementError> settle_sale(SaleRoute const& route, SaleMoney const& money,
                                              BasisPoints holdback_rate) {
  if (money.stage == SaleStage::settled || money.stage == SaleStage::closed) {
    return refuse(SettlementError::wrong_stage);
  }
  auto const kept = kept_part(money);
  Planner planner{route};
  if (money.stage == SaleStage::held) {
    planner.resolve(net_leg(route), money.sold.net, kept.net, TransferCode::sale_net);
    planner.resolve(commission_leg(route), money.sold.commission, kept.commission,
                    TransferCode::sale_commission);
  } else if (money.stage == SaleStage::unheld) {
    planner.move(route.budget, route.generator_pending, kept.net, TransferCode::sale_net);
    planner.move(route.budget, route.commission, kept.commission, TransferCode::sale_commission);
  }
  SaleMoney after = money;
  after.stage = SaleStage::settled;
  after.holdback = holdback_of(kept.net, holdback_rate);
  planner.move(route.generator_pending, route.generator_holdback, after.holdback,
               TransferCode::holdback);
  planner.move(route.generator_pending, route.generator_earned, minus(kept.net, after.holdback),
               TransferCode::settle);
  return SaleStep{after, planner.plan()};
}

Result<SaleStep, SettlementError> release_holdback(SaleRoute const& route, SaleMoney const& money) {
  if (money.stage != SaleStage::settled && money.stage != SaleStage::closed) {
    return refuse(SettlementError::wrong_stage);
  }
  Planner planner{route};
  planner.move(route.generator_holdback, route.generator_earned, money.holdback,
               TransferCode::release);
  SaleMoney after = money;
  after.holdback = {};
  return SaleStep{after, planner.plan()};
}

}  // namespace leadex
