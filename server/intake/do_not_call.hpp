#pragma once
// DoNotCall: holds leads' phones against the do-not-call list of their market's country, where the
// market's rules ask for it. Every door asks it after the row's own checks: uploads a chunk at
// once, posted leads, posts of pings and forms one by one. One per process; coroutines of any
// executor.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/intake/contact/lead_check.hpp"
#include "server/privacy/key_ring.hpp"
#include "server/storage/do_not_call.hpp"

namespace leadex::intake {

/// A list that is older refuses every phone of its country.
inline constexpr std::chrono::days kDoNotCallAgeMax{31};

/// Whole days since the list's day; none before it.
[[nodiscard]] std::chrono::days do_not_call_age(Timestamp version_at, Timestamp now);

/// The fault of a listed phone, and of one that no list of late can tell about.
[[nodiscard]] RowFault do_not_call_fault(RowCode code);

/// 16 bytes under which a phone stands on a list. @param e164  with +
[[nodiscard]] std::string do_not_call_digest(privacy::KeyRing const& keys, std::string_view e164);

class DoNotCall {
 public:
  /// Both outlive this.
  DoNotCall(storage::DoNotCallLists& lists, privacy::KeyRing const& keys)
      : lists_(lists), keys_(keys) {}

  struct Hit {
    std::size_t place{};  ///< of the lead
    RowCode code{};       ///< do_not_call or do_not_call_stale
  };
  /// @param version  of the market's rules  @param leads  outlive the call
  /// @return  hits in the order of their places; nothing where the rules ask for no list
  [[nodiscard]] boost::asio::awaitable<Result<std::vector<Hit>, storage::StoreError>> find(
      MarketNo market, std::int32_t version, std::vector<CheckedLead const*> leads, Timestamp now);

 private:
  boost::asio::awaitable<Result<std::optional<std::string>, storage::StoreError>> rule_of(
      MarketNo market, std::int32_t version);

  storage::DoNotCallLists& lists_;
  privacy::KeyRing const& keys_;
  std::mutex guard_;
  /// Of the version looked at last: a version never changes. One entry a market.
  std::map<MarketNo, std::pair<std::int32_t, std::optional<std::string>>> rules_;
};

}  // namespace leadex::intake
