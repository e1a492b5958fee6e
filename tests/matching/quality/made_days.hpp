#pragma once
// Made-up days of leads that sources post one by one: honest ones, and such of which a part shows
// one sign. Addresses, devices and contacts are counted by the same tables as in the server. One
// thread.

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "matching/quality/posted_day.hpp"
#include "matching/quality/velocity_table.hpp"

namespace leadex::quality {

class MadeDays {
 public:
  static constexpr std::int64_t kDayUs = 86'400'000'000;
  static constexpr VelocityCounts kAddressMost{3, 4, 5};
  static constexpr VelocityCounts kDeviceMost{2, 3, 3};
  static constexpr VelocityCounts kContactMost{2, 3, 4};
  static constexpr int kRowBits = 12;

  explicit MadeDays(std::uint64_t seed, std::int64_t posts = 500) : random_(seed), posts_(posts) {}

  /// A source with its own shares of each sign, as honest ones have them.
  struct Source {
    double behind_nat{};
    double fast{};
    double old{};
    double handed_on{};
    double known{};
    double again{};  // people who send the form once more somewhere
  };
  [[nodiscard]] Source honest() {
    return {.behind_nat = real(0.02, 0.15),
            .fast = real(0.002, 0.02),
            .old = real(0.005, 0.03),
            .handed_on = real(0.005, 0.03),
            .known = real(0.02, 0.08),
            .again = real(0.0, 0.05)};
  }

  /// Calls `look` with the counts so far at each look of the day, until it returns true.
  /// @param part  of the posts that show the sign
  template <class Look>
  void day(Source const& source, LotSignal signal, double part, Look look) {
    VelocityTable addresses(kRowBits);
    VelocityTable devices(kRowBits);
    VelocityTable contacts(kRowBits);
    std::vector<std::uint64_t> const farm{key(), key(), key()};
    LotCounts counts;
    auto next = kFirstLook;
    std::int64_t look_no = 0;
    start_us_ += kDayUs;
    for (std::int64_t i = 0; i < posts_; ++i) {
      auto const now = start_us_ + i * (kDayUs / posts_);
      bool const shows = chance(part);
      auto const bad = [&](LotSignal one) { return shows && signal == one; };
      auto const farmed = farm[random_() % farm.size()];
      auto const address = bad(LotSignal::crowded_addresses) ? farmed
                           : chance(source.behind_nat)       ? carrier()
                                                             : key();
      auto const device = bad(LotSignal::crowded_devices) ? farmed : key();
      if (!chance(source.again)) person_ = key();
      auto const person = bad(LotSignal::crowded_contacts) ? farmed : person_;
      add(counts, LotSignal::crowded_addresses,
          is_crowd(addresses.count(address, now), kAddressMost));
      add(counts, LotSignal::crowded_devices, is_crowd(devices.count(device, now), kDeviceMost));
      add(counts, LotSignal::crowded_contacts, is_crowd(contacts.count(person, now), kContactMost));
      add(counts, LotSignal::people_known, bad(LotSignal::people_known) || chance(source.known));
      add(counts, LotSignal::filled_too_fast,
          bad(LotSignal::filled_too_fast) || chance(source.fast));
      add(counts, LotSignal::captured_long_ago,
          bad(LotSignal::captured_long_ago) || chance(source.old));
      add(counts, LotSignal::many_hops, bad(LotSignal::many_hops) || chance(source.handed_on));
      if (i + 1 < next) continue;
      if (look(counts, ++look_no)) return;
      next = next_look(next);
    }
    static_cast<void>(look(counts, ++look_no));
  }

  /// All of an honest day.
  [[nodiscard]] LotCounts honest_day(Source const& source) {
    LotCounts all;
    day(source, LotSignal::planted_contact, 0, [&all](LotCounts const& counts, std::int64_t) {
      all = counts;
      return false;
    });
    return all;
  }

  /// The findings of the first look that has any.
  [[nodiscard]] std::vector<SignalFinding> judge(Source const& source, LotSignal signal,
                                                 double part, DayReference const& reference,
                                                 SignalSettings const& settings = {}) {
    std::vector<SignalFinding> found;
    day(source, signal, part, [&](LotCounts const& counts, std::int64_t look) {
      found = judge_posted_day(counts, reference, look, settings);
      return !found.empty();
    });
    return found;
  }

 private:
  static void add(LotCounts& counts, LotSignal signal, bool shows) {
    counts.of(signal) += {1, shows ? 1 : 0};
  }
  bool chance(double share) { return std::bernoulli_distribution{share}(random_); }
  double real(double low, double high) {
    return std::uniform_real_distribution{low, high}(random_);
  }
  std::uint64_t key() { return random_() | 1U; }
  /// Of mobile carriers: few addresses are used by many.
  std::uint64_t carrier() {
    auto const rank = static_cast<std::uint64_t>(std::exp(real(0, std::log(400))));
    return (rank + 1) * 0x9E37'79B9'7F4A'7C15ULL | 1U;
  }

  std::mt19937_64 random_;
  std::int64_t posts_;
  std::int64_t start_us_{1'749'945'600'000'000};  // a midnight
  std::uint64_t person_{1};
};

}  // namespace leadex::quality
