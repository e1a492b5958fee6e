#include "server/http/address_limiter.hpp"

namespace leadex::http {

namespace {

/// One household or server usually holds a whole /64.
std::string key_of(boost::asio::ip::address const& address) {
  if (address.is_v4()) return address.to_string();
  auto const bytes = address.to_v6().to_bytes();
  return {bytes.begin(), bytes.begin() + 8};
}

}  // namespace

std::optional<AddressLimiter::Ticket> AddressLimiter::enter(
    boost::asio::ip::address const& address) {
  if (each_max_ == 0) return Ticket{};
  auto key = key_of(address);
  std::lock_guard const lock(mutex_);
  auto& count = counts_[key];
  if (count == each_max_) return std::nullopt;
  ++count;
  return std::optional<Ticket>(std::in_place, this, std::move(key));
}

void AddressLimiter::leave(std::string const& key) {
  std::lock_guard const lock(mutex_);
  auto const found = counts_.find(key);
  if (--found->second == 0) counts_.erase(found);
}

}  // namespace leadex::http
