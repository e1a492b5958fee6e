#pragma once
// Made-up lots of honest sources and of such that cheat in one of the ways of lot_signals.hpp. Rows
// are given by their prints; what else a lead shows is drawn. One thread.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "matching/quality/crowd_counter.hpp"
#include "matching/quality/lot_signals.hpp"
#include "matching/quality/row_sketch.hpp"

namespace leadex::quality {

struct MadeLead {
  std::uint64_t print{};  // of all but the contact
  std::uint64_t address{};
  std::uint64_t device{};
  std::int64_t captured_us{};
  std::int64_t came_us{};
  std::int64_t form_ms{};
  int hops{};
  bool known{};
  bool again{};  // its person was posted too often; lots take a person once, and never show it
};

class MadeLots {
 public:
  using Lot = std::vector<MadeLead>;
  static constexpr std::int64_t kSecond = 1'000'000;
  static constexpr std::int64_t kDay = 86'400 * kSecond;
  static constexpr int kHopsMax = 2;
  static constexpr std::int64_t kFormMsMin = 4'000;
  static constexpr std::int64_t kAgeMax = 14 * kDay;

  /// @param prints  of the rows that sources bring from now on; not empty
  MadeLots(std::uint64_t seed, std::vector<std::uint64_t> prints, std::size_t lot_size = 500)
      : random_(seed), prints_(std::move(prints)), lot_size_(lot_size) {}

  /// Other rows from now on.
  void deal(std::vector<std::uint64_t> prints) {
    prints_ = std::move(prints);
    dealt_ = 0;
  }

  [[nodiscard]] static std::vector<std::uint64_t> random_prints(std::size_t count,
                                                                std::uint64_t seed) {
    std::mt19937_64 random(seed + 1);
    std::vector<std::uint64_t> prints(count);
    for (auto& print : prints) print = random();
    return prints;
  }

  /// A source with its own shares of each sign, as honest ones have them.
  [[nodiscard]] Lot honest() {
    auto const behind_nat = real(0.02, 0.15);
    auto const fast = real(0.002, 0.02);
    auto const old = real(0.005, 0.03);
    auto const handed_on = real(0.005, 0.03);
    auto const known = real(0.02, 0.08);
    came_us_ += kDay;
    Lot lot(lot_size_);
    for (auto& lead : lot) {
      lead.print = next_print();
      lead.came_us = came_us_;
      lead.captured_us =
          came_us_ - std::uniform_int_distribution<std::int64_t>{0, 7 * kDay}(random_);
      if (chance(old)) lead.captured_us -= kAgeMax;
      lead.address = chance(behind_nat) ? shared_address() : random_();
      // Two people of a household share a device now and then.
      lead.device = chance(0.02) && &lead != lot.data() ? (&lead - 1)->device : random_();
      // A median of 45 s, three quarters between 20 and 100 s.
      lead.form_ms =
          static_cast<std::int64_t>(45'000 * std::exp(0.6 * std::normal_distribution{}(random_)));
      if (chance(fast)) lead.form_ms = 1'500;  // a browser filled it in
      lead.hops = chance(handed_on) ? 3 : static_cast<int>(below(kHopsMax + 1));
      lead.known = chance(known);
    }
    return lot;
  }

  /// An honest lot of which a part shows one sign.
  [[nodiscard]] Lot planted(LotSignal signal, double part) {
    auto lot = honest();
    std::vector<std::uint64_t> const farm{random_(), random_(), random_()};
    auto const count = static_cast<std::size_t>(part * static_cast<double>(lot.size()));
    for (std::size_t i = 0; i < count; ++i) plant(lot[i], signal, farm);
    std::ranges::shuffle(lot, random_);
    return lot;
  }

  [[nodiscard]] LotCounts count(Lot const& lot) {
    LotCounts counts;
    CrowdCounter addresses({.window_us = kDay, .leads_max = 5});
    CrowdCounter devices({.window_us = kDay, .leads_max = 3});
    RowSketch sketch;
    for (auto const& lead : lot) {
      addresses.add(lead.address, lead.captured_us);
      devices.add(lead.device, lead.captured_us);
      sketch.add(lead.print);
      counts.of(LotSignal::crowded_contacts) += {1, lead.again ? 1 : 0};
      counts.of(LotSignal::people_known) += {1, lead.known ? 1 : 0};
      counts.of(LotSignal::filled_too_fast) += {1, lead.form_ms < kFormMsMin ? 1 : 0};
      counts.of(LotSignal::captured_long_ago) +=
          {1, lead.came_us - lead.captured_us > kAgeMax ? 1 : 0};
      counts.of(LotSignal::many_hops) += {1, lead.hops > kHopsMax ? 1 : 0};
    }
    auto const crowd = [](CrowdCount const& seen) { return SignalCount{seen.leads, seen.crowded}; };
    counts.of(LotSignal::crowded_addresses) = crowd(addresses.finish());
    counts.of(LotSignal::crowded_devices) = crowd(devices.finish());
    counts.of(LotSignal::rows_of_other_lot) = most_shared(sketch);
    return counts;
  }

  /// Another source's, that later lots are measured by.
  void add_others(Lot const& lot) {
    auto const counts = count(lot);
    for (std::size_t i = 0; i < kLotSignals; ++i) others_.counts.at(i) += counts.counts.at(i);
    RowSketch sketch;
    for (auto const& lead : lot) sketch.add(lead.print);
    earlier_.push_back(std::move(sketch));
    rows_.insert(rows_.end(), lot.begin(), lot.end());
  }

  [[nodiscard]] std::vector<SignalFinding> judge(Lot const& lot,
                                                 SignalSettings const& settings = {}) {
    return judge_lot_signals(count(lot), others_, settings);
  }

 private:
  bool chance(double share) { return std::bernoulli_distribution{share}(random_); }
  double real(double low, double high) {
    return std::uniform_real_distribution{low, high}(random_);
  }
  std::size_t below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>{0, end - 1}(random_);
  }
  /// In their order, then once more in another one.
  std::uint64_t next_print() {
    if (dealt_ == prints_.size()) {
      std::ranges::shuffle(prints_, random_);
      dealt_ = 0;
    }
    return prints_[dealt_++];
  }

  /// Of mobile carriers: few are used by many.
  std::uint64_t shared_address() {
    auto const rank = std::exp(real(0, std::log(400)));
    return 1 + static_cast<std::uint64_t>(rank);
  }

  void plant(MadeLead& lead, LotSignal signal, std::vector<std::uint64_t> const& farm) {
    switch (signal) {
      case LotSignal::crowded_addresses:
        lead.address = farm[below(farm.size())];
        break;
      case LotSignal::crowded_devices:
        lead.device = farm[below(farm.size())];
        break;
      case LotSignal::people_known:
        lead.known = true;
        break;
      case LotSignal::filled_too_fast:
        lead.form_ms = 900 + static_cast<std::int64_t>(below(2'000));
        break;
      case LotSignal::captured_long_ago:
        lead.captured_us -= kAgeMax + static_cast<std::int64_t>(below(60)) * kDay;
        break;
      case LotSignal::many_hops:
        lead.hops = kHopsMax + 1 + static_cast<int>(below(4));
        break;
      case LotSignal::crowded_contacts:
        lead.again = true;
        break;
      case LotSignal::planted_contact:
        break;
      case LotSignal::rows_of_other_lot:
        // All of one earlier lot, as far as that goes.
        if (copied_ == 0 || copied_ % lot_size_ == 0) copied_ = below(earlier_.size()) * lot_size_;
        lead.print = rows_.at(copied_++).print;
        break;
    }
  }

  SignalCount most_shared(RowSketch& sketch) {
    SignalCount most;
    for (auto& other : earlier_) {
      auto const seen = overlap(sketch, other);
      // Larger share, without division.
      bool const more = most.leads == 0 || seen.shared * most.leads > most.events * seen.compared;
      if (more) most = {seen.compared, seen.shared};
    }
    return most;
  }

  std::mt19937_64 random_;
  std::vector<std::uint64_t> prints_;
  std::size_t lot_size_;
  std::size_t dealt_{0};
  std::size_t copied_{0};
  std::int64_t came_us_{1'750'000'000 * kSecond};
  LotCounts others_;
  std::vector<RowSketch> earlier_;
  std::vector<MadeLead> rows_;
};

}  // namespace leadex::quality
