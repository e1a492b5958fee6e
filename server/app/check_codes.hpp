#pragma once
// People are asked themselves, by a one-time code, whether they left their details: what of it is
// kept and what it means for their check. Sends nothing. Every step may be repeated, on any node.
// Coroutines of any executor. See docs/decisions/0035-check-adapters.md.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "server/app/lot_services.hpp"
#include "server/storage/check_codes.hpp"

namespace leadex::app {

inline constexpr std::chrono::hours kAddressRest{24};   ///< between messages to one address
inline constexpr std::chrono::seconds kCodeAgain{120};  ///< after a try, twice as long each time
inline constexpr std::int32_t kCodeTriesMax = 8;        ///< to hand a message over
inline constexpr int kCodesAtOnce = 32;                 ///< handed over in one round
inline constexpr int kCodesJudgedAtOnce = 50;           ///< likewise
inline constexpr std::chrono::days kCodesKept{30};      ///< after their end

/// A check that the adapter's account has claimed.
struct BeginCode {
  CheckId check;
  Actor actor;
  std::optional<std::string> address_digest;  ///< none: there is no such address
  std::chrono::hours wait{};                  ///< for the answer
};

/// Remembers that the person is asked and gives the check back: it rests until the answer is due.
/// Without an address it is left to people; an address that had a message of late rests first.
/// @return whether a message is due    @errors not_claimed, the store's
[[nodiscard]] boost::asio::awaitable<LotResult<bool>> begin_code(LotServices services,
                                                                 BeginCode begin);

/// A message that is to be handed over now.
struct DueCode {
  storage::CheckCode code;
  std::optional<storage::CheckVerifier> verifier;  ///< of the market, as it is now
  std::optional<storage::SealedLead> lead;         ///< none once it is erased
};
[[nodiscard]] boost::asio::awaitable<std::vector<DueCode>> due_codes(LotServices services);

/// Nobody was asked, and nobody will be: the check is everybody's again.
[[nodiscard]] boost::asio::awaitable<bool> drop_code(LotServices services, storage::CodeKey key);

/// Verdicts of codes that were answered or ran out. Yes: good. No: bad. Silence, and an address
/// that takes nothing: unreachable, which is one attempt of those that a person is owed.
/// @return how many were recorded
[[nodiscard]] boost::asio::awaitable<std::int64_t> judge_codes(LotServices services);

/// Codes whose end is kCodesKept ago. @return how many
[[nodiscard]] boost::asio::awaitable<std::int64_t> forget_codes(LotServices services);

}  // namespace leadex::app
