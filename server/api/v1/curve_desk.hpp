#pragma once
// CurveDesk: keeps curves that were asked for, and lets one be computed at a time, so that asking
// cannot take the processor from uploads. Any thread.

#include <map>
#include <memory>
#include <mutex>
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
  void keep(Key const& key, Curve curve) {
    std::lock_guard const lock(guard_);
    if (kept_.size() >= kKept) kept_.clear();
    kept_[key] = std::move(curve);
  }

  /// The right to compute, until it is destroyed; not held when somebody else has it.
  class Turn {
   public:
    explicit Turn(CurveDesk& desk) : desk_(desk) {
      std::lock_guard const lock(desk_.guard_);
      held_ = !desk_.busy_;
      desk_.busy_ = true;
    }
    ~Turn() {
      if (!held_) return;
      std::lock_guard const lock(desk_.guard_);
      desk_.busy_ = false;
    }
    Turn(Turn const&) = delete;
    Turn& operator=(Turn const&) = delete;
    [[nodiscard]] bool held() const { return held_; }

   private:
    CurveDesk& desk_;
    bool held_{};
  };

 private:
  std::mutex guard_;
  std::map<Key, Curve> kept_;
  bool busy_{};
};

}  // namespace leadex::api
