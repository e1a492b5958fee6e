#pragma once
// CodeRows: people who were asked by a one-time code whether they left their details. Rows hold
// digests of addresses alone. Used inside one job of LotStore (lot_store.hpp).

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/time.hpp"

namespace leadex::storage {

/// Of one check, one after the other.
inline constexpr std::int32_t kCodesOfCheckMax = 3;

enum class CodeAnswer : std::uint8_t {
  yes,
  no,
  refused,  ///< no message can get there
};
inline constexpr std::array<std::string_view, 3> kCodeAnswerTexts{"yes", "no", "refused"};
[[nodiscard]] constexpr std::string_view text(CodeAnswer answer) {
  return kCodeAnswerTexts.at(static_cast<std::size_t>(answer));
}

struct CodeKey {
  CheckId check;
  std::int32_t attempt{};
  friend auto operator<=>(CodeKey const&, CodeKey const&) = default;
};

struct CheckCode {
  CodeKey key;
  std::int64_t tenant_no{};  ///< the account in whose name
  std::int64_t principal_no{};
  std::int64_t lead_no{};  ///< of the check
  Timestamp expires_at;
  std::int32_t tries{};  ///< to hand the message over
  bool sent{};
  std::optional<CodeAnswer> answer;
  bool ended{};
  bool active{};  ///< whether the account may act now
};

struct NewCode {
  CheckId check;
  std::int64_t tenant_no{};
  std::int64_t principal_no{};
  std::optional<std::string> address_digest;  ///< 16 bytes; none: the check is left to people
  Timestamp expires_at;
};

enum class CodeReply : std::uint8_t { taken, taken_before, gone };

class CodeRows {
 public:
  virtual ~CodeRows() = default;

  /// The market's oldest open check that this principal may judge, and that was not left to people;
  /// one that it claimed and asked nobody about counts too.
  [[nodiscard]] virtual std::optional<CheckId> next_check(MarketNo market,
                                                          std::int64_t principal_no) = 0;
  /// When a message of any market last went, or was about to go, to that address after `since`. No
  /// other job asks about the address until this one ends.
  [[nodiscard]] virtual std::optional<Timestamp> last_message(std::string const& address_digest,
                                                              Timestamp since) = 0;
  /// One more for the check; ended at once when it has no address.
  virtual void add(NewCode const& code) = 0;
  /// A claimed check is anybody's again, but not before that instant.
  virtual void give_back(CheckId check, std::optional<Timestamp> rest_until) = 0;

  /// Those whose message is to be handed over now; each is one try of its own. What was tried is
  /// due again after that time, twice as long after each try, an hour at most.
  [[nodiscard]] virtual std::vector<CheckCode> take_due(std::chrono::seconds again_after,
                                                        int limit) = 0;
  virtual void sent(CodeKey key) = 0;
  /// No message can get there.
  virtual void refused(CodeKey key) = 0;
  /// The person's own answer, once and in time.
  [[nodiscard]] virtual CodeReply answer(CodeKey key, bool yes) = 0;

  /// Answered or expired ones that have not ended, oldest first.
  [[nodiscard]] virtual std::vector<CodeKey> ready(int limit) = 0;
  /// Locked until the job ends.
  [[nodiscard]] virtual std::optional<CheckCode> find_locked(CodeKey key) = 0;
  virtual void end(CodeKey key) = 0;
  /// Drops those that ended before, unless their check is still open. @return how many
  [[nodiscard]] virtual std::int64_t forget_before(Timestamp at, int limit) = 0;
};

}  // namespace leadex::storage
