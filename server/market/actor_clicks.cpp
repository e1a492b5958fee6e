// Visits: each is sold once to whoever gets it, durably before the visitor is sent on. See
// docs/decisions/0018.

#include <algorithm>

#include "server/market/actor.hpp"

namespace leadex::market {

/// Completes the command by who got the visitor within a day, of what was looked up and of
/// what was charged since. @return false when the placement's own link was: nobody pays then
bool Actor::charge_once(Item& item) {
  auto* const click = std::get_if<OfferClick>(&item.submission.command);
  if (click == nullptr || !item.submission.click) return true;
  auto const& row = *item.submission.click;
  auto const since = now_us() - kRepeatedWithinUs;
  auto paid = std::move(item.clicks);
  clicks_.find(row.visitor, item.looked_up_seq, paid);
  std::erase_if(paid, [&](auto const& one) { return one.clicked_us < since; });
  auto const same = std::find_if(paid.begin(), paid.end(), [&](auto const& one) {
    return one.placement_no == row.placement_no;
  });
  if (same == paid.end()) {
    click->paid_by.clear();
    for (auto const& one : paid) click->paid_by.push_back(one.campaign_no);
    std::sort(click->paid_by.begin(), click->paid_by.end());
    auto const last = std::unique(click->paid_by.begin(), click->paid_by.end());
    click->paid_by.erase(last, click->paid_by.end());
    return true;
  }
  item.answer = Answer{.at_us = now_us()};
  item.answer.way.repeated = true;
  // Where it went before, as long as that campaign is there for visitors, and as what it was then:
  // what comes of it is the first visit's, which is who the buyer pays for.
  auto const* const before = engine_.campaign(same->campaign_no);
  bool const runs = before != nullptr && !before->stopped() && before->buys_visits();
  if (runs) show_way(item, same->campaign_no, same->click_no);
  return false;
}

/// Whether all that was charged of the visitor is committed.
bool Actor::is_durable(Item const& repeated) const {
  std::vector<storage::FoundClick> under_way;
  clicks_.find(repeated.submission.click->visitor, released_seq_, under_way);
  return under_way.empty();
}

void Actor::show_way(Item& item, std::int64_t campaign_no, std::int64_t click_no) {
  auto const* const campaign = engine_.campaign(campaign_no);
  if (campaign == nullptr) return;
  item.answer.way.campaign_no = campaign_no;
  item.answer.way.click_no = click_no;
  item.answer.way.landing_url = campaign->terms.landing_url;
}

/// What came of a visit: where it goes, and that its visitor was charged for.
void Actor::note_click(Building const& building, Item& item, Applied const& applied) {
  if (!item.submission.click) return;
  for (auto const& effect : applied.effects) {
    auto const* const sale = std::get_if<SaleAwarded>(&effect);
    if (sale == nullptr) continue;
    auto const& row = *item.submission.click;
    show_way(item, sale->budget.campaign_no, sale->lead_no);
    clicks_.add(
        row.visitor,
        {row.visitor, row.placement_no, sale->budget.campaign_no, sale->sold_us, sale->lead_no},
        building.rows.seq);
  }
}

}  // namespace leadex::market
