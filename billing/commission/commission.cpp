#include "billing/commission/commission.hpp"

#include <algorithm>

#include "billing/values/check.hpp"

namespace leadex {

namespace {

bool is_share(BasisPoints rate) { return rate.bp >= 0 && rate.bp <= kBasisPointsWhole; }

/// A share of at most the whole always fits.
Money part(Money whole, BasisPoints rate, Rounding rounding) {
  auto const amount = share(whole, rate, rounding);
  LEADEX_CHECK(amount.has_value());
  return *amount;
}

}  // namespace

bool valid(CommissionRule const& rule) {
  if (!is_share(rule.rate)) return false;
  if (rule.minimum && rule.minimum->micros < 0) return false;
  if (rule.maximum && rule.maximum->micros < 0) return false;
  return !rule.minimum || !rule.maximum || *rule.minimum <= *rule.maximum;
}

SalePrice price_sale(Money gross, CommissionRule const& rule) {
  LEADEX_CHECK(gross.micros >= 0 && valid(rule));
  Money commission = part(gross, rule.rate, Rounding::half_even);
  if (rule.minimum) commission = std::max(commission, *rule.minimum);
  if (rule.maximum) commission = std::min(commission, *rule.maximum);
  commission = std::min(commission, gross);
  return {gross, commission, Money{gross.micros - commission.micros}};
}

Money holdback_of(Money net, BasisPoints rate) {
  LEADEX_CHECK(net.micros >= 0 && is_share(rate));
  return part(net, rate, Rounding::floor);
}

SalePrice credited_part(SalePrice const& sold, Money credited) {
  LEADEX_CHECK(credited.micros >= 0 && credited <= sold.gross);
  if (credited.micros == 0) return {};
  auto const commission =
      scale(sold.commission, credited.micros, sold.gross.micros, Rounding::half_even);
  LEADEX_CHECK(commission.has_value() && *commission <= credited);
  Money const net{credited.micros - commission->micros};
  LEADEX_CHECK(net <= sold.net);
  return {credited, *commission, net};
}

}  // namespace leadex
