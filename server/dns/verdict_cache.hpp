#pragma once
// VerdictCache: verdicts by domain, each until its time; at most so many, the one unused longest
// goes first. Only server/dns; no clock; one thread at a time.

#include <chrono>
#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "server/dns/mail_domains.hpp"

namespace leadex::dns {

class VerdictCache {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  explicit VerdictCache(std::size_t capacity) : capacity_(capacity) {}

  [[nodiscard]] std::optional<MailVerdict> find(std::string_view domain, Instant now) {
    auto const found = places_.find(domain);
    if (found == places_.end()) return std::nullopt;
    if (found->second->until <= now) {
      drop(found->second);
      return std::nullopt;
    }
    kept_.splice(kept_.begin(), kept_, found->second);
    return found->second->verdict;
  }

  void put(std::string domain, MailVerdict verdict, Instant until) {
    if (auto const found = places_.find(domain); found != places_.end()) drop(found->second);
    if (capacity_ == 0) return;
    if (kept_.size() >= capacity_) drop(std::prev(kept_.end()));
    kept_.push_front({std::move(domain), verdict, until});
    places_.emplace(kept_.front().domain, kept_.begin());
  }

  [[nodiscard]] std::size_t size() const { return kept_.size(); }

 private:
  struct Kept {
    std::string domain;
    MailVerdict verdict{};
    Instant until;
  };
  using Place = std::list<Kept>::iterator;

  void drop(Place place) {
    places_.erase(place->domain);
    kept_.erase(place);
  }

  std::size_t capacity_;
  std::list<Kept> kept_;                                // most lately used first
  std::unordered_map<std::string_view, Place> places_;  // views into kept_, whose nodes stay put
};

}  // namespace leadex::dns
