#include "server/app/attribution_report.hpp"

#include <algorithm>
#include <tuple>

#include "billing/commission/commission.hpp"
#include "billing/values/check.hpp"
#include "matching/targeting/schema.hpp"

namespace leadex::app {

namespace {

std::vector<Timestamp> instants_of(storage::SourcedLead const& lead) {
  std::vector<Timestamp> instants;
  instants.reserve(lead.touches.size());
  for (auto const& touch : lead.touches) instants.push_back(from_unix_micros(touch.at_us));
  return instants;
}

void increase(Money& sum, Money by) {
  auto const whole = add(sum, by);
  LEADEX_CHECK(whole.has_value());
  sum = *whole;
}

std::string vehicle_named(std::int32_t vehicle) {
  auto const no = static_cast<std::size_t>(vehicle);
  LEADEX_CHECK(vehicle >= 0 && no < std::size(targeting::kVehicles));
  return std::string{targeting::kVehicles[no]};
}

}  // namespace

Money net_of(storage::CreditedSale const& sale) {
  SalePrice const sold{sale.gross, sale.fee, Money{sale.gross.micros - sale.fee.micros}};
  return Money{sold.net.micros - credited_part(sold, sale.credited).net.micros};
}

std::string AttributionReport::value_of(storage::SourcedLead const& lead, std::size_t touch) const {
  switch (group_) {
    case storage::SourceGroup::vehicle:
      return vehicle_named(touch == kOwnSource ? lead.vehicle : lead.touches.at(touch).vehicle);
    case storage::SourceGroup::reason:
      return touch == kOwnSource ? lead.reason : lead.touches.at(touch).reason;
    default:
      return lead.tag;
  }
}

bool AttributionReport::add(storage::SourcedLead const& lead) {
  auto const shares = attribute(rule_, instants_of(lead), from_unix_micros(lead.captured_us));
  Money net;
  for (auto const& sale : lead.sales) increase(net, net_of(sale));
  auto const sales = std::ssize(lead.sales) * kWholeShare;
  auto const lead_parts = split_by(shares, Money{kWholeShare});
  auto const sale_parts = split_by(shares, Money{sales});
  auto const net_parts = split_by(shares, net);
  for (std::size_t i = 0; i < shares.size(); ++i) {
    auto& sum = sums_[value_of(lead, shares[i].touch)];
    sum.lead_shares += lead_parts[i].micros;
    sum.sale_shares += sale_parts[i].micros;
    increase(sum.net, net_parts[i]);
  }
  total_.lead_shares += kWholeShare;
  total_.sale_shares += sales;
  increase(total_.net, net);
  return sums_.size() <= kValuesMax;
}

std::vector<AttributedGroup> AttributionReport::groups() const {
  std::vector<AttributedGroup> groups;
  groups.reserve(sums_.size());
  for (auto const& [value, sum] : sums_) groups.push_back({value, sum});
  auto const before = [](AttributedGroup const& a, AttributedGroup const& b) {
    auto const rank = [](AttributedGroup const& g) {
      return std::tuple{g.sum.net.micros, g.sum.sale_shares, g.sum.lead_shares};
    };
    return rank(a) != rank(b) ? rank(a) > rank(b) : a.value < b.value;
  };
  std::ranges::sort(groups, before);
  if (groups.size() > kGroupsMax) groups.resize(kGroupsMax);
  return groups;
}

}  // namespace leadex::app
