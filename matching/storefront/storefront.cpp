#include "matching/storefront/storefront.hpp"

#include "billing/values/check.hpp"

namespace leadex::storefront {

Storefront::Storefront(targeting::Schema schema)
    : rows_(std::move(schema)),
      orders_{SlotOrder{Order::ask}, SlotOrder{Order::score}, SlotOrder{Order::captured}} {}

void Storefront::insert(Entry const& entry) {
  LEADEX_CHECK(!holds(entry.lead_no));
  auto const slot = rows_.add(entry);
  slots_.insert(rows_, slot);
  for (auto& order : orders_) order.insert(rows_, slot);
}

bool Storefront::remove(std::int64_t lead_no) {
  auto const slot = slots_.find(rows_, lead_no);
  if (!slot) return false;
  for (auto& order : orders_) order.erase(rows_, *slot);
  slots_.erase(rows_, *slot);
  rows_.drop(*slot);
  return true;
}

void Storefront::set_ask(std::int64_t lead_no, std::int64_t ask_micros) {
  auto const slot = slots_.find(rows_, lead_no);
  LEADEX_CHECK(slot.has_value());
  order(Order::ask).erase(rows_, *slot);
  rows_.set_ask(*slot, ask_micros);
  order(Order::ask).insert(rows_, *slot);
}

void Storefront::set_supply(std::int64_t lead_no, std::int32_t shares_left, bool whole) {
  auto const slot = slots_.find(rows_, lead_no);
  LEADEX_CHECK(slot.has_value());
  rows_.set_supply(*slot, shares_left, whole);
}

bool Storefront::holds(std::int64_t lead_no) const {
  return slots_.find(rows_, lead_no).has_value();
}

std::size_t Storefront::bytes() const {
  auto total = sizeof(*this) - sizeof(slots_) + slots_.bytes() + rows_.bytes();
  for (auto const& order : orders_) total += order.bytes();
  return total;
}

}  // namespace leadex::storefront
