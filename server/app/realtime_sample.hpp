#pragma once
// Which posted leads are checked. A secret per market and UTC day is committed before the day
// begins; a lead is chosen when HMAC-SHA256(secret, "realtime:<its id>") is below the day's rate.
// Who posts it cannot know the secret nor choose the id, and the exchange cannot change the secret:
// see docs/decisions/0034-realtime-checks.md. Any thread; coroutines of any executor.

#include <boost/asio/awaitable.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "server/app/lot_services.hpp"
#include "server/crypto/hash.hpp"
#include "server/storage/realtime_checks.hpp"

namespace leadex::app {

/// Days that are committed beyond today.
inline constexpr storage::DayNo kRealtimeDaysAhead = 2;
/// No day is committed so short before it begins that another clock has it begun already.
inline constexpr std::chrono::hours kRealtimeMargin{1};
/// After so long a day is revealed whatever of its checks is open.
inline constexpr std::chrono::days kRealtimeRevealDays{30};

[[nodiscard]] storage::DayNo day_of(Timestamp at);
/// "2026-11-23", and back; none for what is no day.
[[nodiscard]] std::string day_text(storage::DayNo day);
[[nodiscard]] std::optional<storage::DayNo> day_from_text(std::string_view text);

/// Throws when it does not open: another root key, or tampered.
[[nodiscard]] crypto::Secret open_day_secret(privacy::KeyRing const& keys, MarketNo market,
                                             storage::RealtimeDay const& day);
/// Whether a lead of that day is checked. @param lead_id  as its answer names it
[[nodiscard]] bool draws_lead(crypto::HmacKey const& secret, std::string_view lead_id,
                              BasisPoints rate);
/// Whether two verifiers judge it: HMAC-SHA256(secret, "second:<its id>") below the share.
[[nodiscard]] bool draws_second_of_lead(crypto::HmacKey const& secret, std::string_view lead_id,
                                        BasisPoints share);

/// Days before that one are revealed whether they are decided or not.
[[nodiscard]] storage::DayNo undecided_from(Timestamp now);

enum class DayStatus : std::uint8_t { committed, running, checking, revealed };
[[nodiscard]] std::string_view text(DayStatus status);
/// Revealed: the day is over, and its checks have their verdicts or had kRealtimeRevealDays.
[[nodiscard]] DayStatus status_of(storage::RealtimeDayView const& day, Timestamp now);

/// Commits the days to come of every market of this process that samples its posted leads.
/// @return how many days
[[nodiscard]] boost::asio::awaitable<std::int64_t> commit_realtime_days(LotServices services);

/// What becomes of a posted lead.
struct Sampled {
  storage::DayNo day{};  ///< that it is checked for; 0: it is not
  bool hold{};           ///< every posted lead of this time is, checked or not
};

/// Asks of each posted lead whether it is chosen. All that a lead costs is a hash, chosen or not;
/// a day's secret is read once.
class RealtimeSampler {
 public:
  explicit RealtimeSampler(LotServices services) : services_(services) {}

  /// Days without a secret choose and hold nobody.
  [[nodiscard]] boost::asio::awaitable<Result<Sampled, storage::StoreError>> choose(
      MarketNo market, std::string lead_id, Timestamp at);

 private:
  struct Day {
    crypto::HmacKey secret;
    storage::RealtimeTerms terms;
  };
  using Key = std::pair<MarketNo, storage::DayNo>;
  using DayPtr = std::shared_ptr<Day const>;  // null: the day has no secret
  [[nodiscard]] std::optional<DayPtr> known(Key key);
  void keep(Key key, DayPtr day);

  LotServices services_;
  std::mutex guard_;
  std::map<Key, DayPtr> days_;
};

}  // namespace leadex::app
