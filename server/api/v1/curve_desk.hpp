#pragma once
// CurveDesk: keeps curves that were asked for, and lets each account compute one at a time, so that
// nobody's asking keeps the others waiting for long. Any thread.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <tuple>
#include <vector>

#include "server/app/check_curve.hpp"

namespace leadex::api {

class CurveDesk {
 public:
  static constexpr std::size_t kKept = 256;
  using Curve = std::shared_ptr<std::optional<std::vector<app::ModeCurve>> const>;
  /// Rates, risks, method, lot size: all that a curve depends on.
  using Key = std::tuple<std::int32_t, std::int32_t, std::int32_t, std::int32_t,
                         quality::PlanMethod, std::int64_t>;

  [[nodiscard]] static Key key_of(quality::SpotCheckSettings const& settings,
                                  quality::PlanMethod method, std::int64_t lot_size) {
    return {settings.acceptable_rate.bp,
            settings.rejectable_rate.bp,
            settings.seller_risk.bp,
            settings.buyer_risk.bp,
            method,
            lot_size};
  }

  /// Null when it was not computed yet.
  [[nodiscard]] Curve find(Key const& key) {
    std::lock_guard const lock(guard_);
    auto const found = kept_.find(key);
    return found == kept_.end() ? nullptr : found->second;
  }
  /// In the place of the oldest one when the desk is full.
  void keep(Key const& key, Curve curve) {
    std::lock_guard const lock(guard_);
    if (!kept_.insert_or_assign(key, std::move(curve)).second) return;
    order_.push_back(key);
    if (order_.size() <= kKept) return;
    kept_.erase(order_.front());
    order_.pop_front();
  }

  /// An account's right to compute, until it is destroyed; not held while it has one already.
  class Turn {
   public:
    Turn(CurveDesk& desk, std::int64_t account_no) : desk_(desk), account_no_(account_no) {
      std::lock_guard const lock(desk_.guard_);
      held_ = desk_.busy_.insert(account_no_).second;
    }
    ~Turn() {
      if (!held_) return;
      std::lock_guard const lock(desk_.guard_);
      desk_.busy_.erase(account_no_);
    }
    Turn(Turn const&) = delete;
    Turn& operator=(Turn const&) = delete;
    [[nodiscard]] bool held() const { return held_; }

   private:
    CurveDesk& desk_;
    std::int64_t account_no_{};
    bool held_{};
  };

 private:
  std::mutex guard_;
  std::map<Key, Curve> kept_;
  std::deque<Key> order_;        // of what is kept, oldest first
  std::set<std::int64_t> busy_;  // accounts
};

}  // namespace leadex::api
