#pragma once
// Key epochs as they are used: the server's look at them, wrapping a month's leads anew, destroying
// a month. keep_epochs is a standing job; the others are verbs, beside a running server. See
// docs/decisions/0031-key-epochs.md.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <string>

#include "server/privacy/epoch_keys.hpp"
#include "server/privacy/key_ring.hpp"
#include "server/storage/key_epochs.hpp"

namespace leadex::app {

struct EpochServices {
  storage::KeyEpochRows& rows;
  privacy::KeyRing const& keys;  ///< keeps epochs
  /// Between the tombstone and the last look before a file goes: longer than any process uses a key
  /// after its last look at the file, and a command under way takes to be stored.
  std::chrono::milliseconds settle{5'000};
};

/// An epoch is made so long before its month, so that a full disk is noticed in time.
inline constexpr std::chrono::hours kEpochAhead{24};
/// A month's epoch can be destroyed so long after it ended: what was sealed in its last moment is
/// stored by then, and clocks may differ.
inline constexpr std::chrono::hours kEpochRest{24};

enum class EpochTrouble : std::uint8_t {
  none,
  not_made,    // the next epoch's file cannot be made
  other_file,  // a month's file is not the one that the database knows
  lost_file,   // a month's file is missing or damaged, and was not destroyed
  half_gone,   // a month has file and tombstone: a destruction was cut off
  came_back,   // a destroyed month's file is there again and cannot be taken away
  no_answer,   // the database does not answer
};
/// A sentence for the operator.
[[nodiscard]] char const* describe(EpochTrouble trouble);

struct EpochLook {
  EpochTrouble trouble{};
  privacy::EpochMonth month{};  ///< that it is about
};
/// Makes the epochs of now and of kEpochAhead, notes them, compares all with what was noted, lets
/// go of destroyed ones, and destroys again what came back of them. Never makes the file of a month
/// anew whose file was noted and is gone.
[[nodiscard]] boost::asio::awaitable<EpochLook> keep_epochs(EpochServices services);

struct Rewrapped {
  std::int64_t looked_at{};
  std::int64_t done{};
  std::int64_t damaged{};  ///< do not open: they stay, and so must their month's epoch
  std::int64_t passed{};   ///< erased or wrapped anew by others meanwhile
};
/// Wraps all that lives under either key of `month` under the epoch of now, 1,000 looked at in a
/// transaction. Cut off anywhere it can be run again. Makes no epoch. @errors what is wrong with
/// the epochs of `month` or of now: nothing is wrapped under a file that the server may not have
[[nodiscard]] boost::asio::awaitable<Result<Rewrapped, EpochLook>> rewrap_month(
    EpochServices services, privacy::EpochMonth month,
    std::function<void(Rewrapped const&)> progress = {});

enum class DestroyRefusal : std::uint8_t {
  no_answer,     // the database does not answer
  too_young,     // the month is not over for kEpochRest
  derived,       // it has leads whose key comes from the root key alone
  no_epoch,      // it has neither
  in_use,        // something is wrapped under it still
  other_file,    // the file is not the one that the database knows
  file_trouble,  // the file system refused; run it again
};
/// A sentence for the operator.
[[nodiscard]] char const* describe(DestroyRefusal refusal);

/// Destroys the month's epoch for ever. Run again it goes on where it was cut off.
[[nodiscard]] boost::asio::awaitable<Result<void, DestroyRefusal>> destroy_month(
    EpochServices services, privacy::EpochMonth month, Timestamp now);

}  // namespace leadex::app
