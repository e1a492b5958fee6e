#pragma once
// AddressLimiter: how many connections each peer address holds. Any thread. Inside this room only.

#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace leadex::http {

class AddressLimiter {
 public:
  /// One counted connection; gives its place back when it dies.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(AddressLimiter* limiter, std::string key) : limiter_(limiter), key_(std::move(key)) {}
    Ticket(Ticket&& other) noexcept
        : limiter_(std::exchange(other.limiter_, nullptr)), key_(std::move(other.key_)) {}
    Ticket& operator=(Ticket&&) = delete;
    ~Ticket() {
      if (limiter_ != nullptr) limiter_->leave(key_);
    }

   private:
    AddressLimiter* limiter_ = nullptr;
    std::string key_;
  };

  /// `each_max` 0 switches it off.
  explicit AddressLimiter(std::size_t each_max) : each_max_(each_max) {}

  /// None when that address (of IPv6 its /64) holds as many as it may.
  [[nodiscard]] std::optional<Ticket> enter(boost::asio::ip::address const& address);

 private:
  void leave(std::string const& key);

  std::size_t each_max_;
  std::mutex mutex_;
  std::map<std::string, std::size_t> counts_;
};

}  // namespace leadex::http
