#pragma once
// EpochFiles: one file of 32 random bytes for each UTC month, in a folder beside the root key,
// outside the database and its backups. Destroying one makes unreadable what only its key wraps, in
// every backup there is. Used by KeyRing and `leadex keys`; any thread, and several processes at
// once.

#include <cstdint>
#include <string>
#include <vector>

#include "billing/values/result.hpp"
#include "server/crypto/bytes.hpp"

namespace leadex::privacy {

/// year * 100 + month, e.g. 202611.
using EpochMonth = std::int32_t;

inline constexpr std::size_t kEpochBytes = 32;

enum class EpochError : std::uint8_t {
  missing,      // no such file, or no such folder
  destroyed,    // its tombstone is there: for ever
  not_private,  // no plain file, open to group or others, or of another user (root may own it)
  malformed,    // anything but 64 lower-case hex digits and at most one line feed
  other_file,   // not the one that was noted of the month (EpochKeys)
  unavailable,  // the file system refused
};

/// A sentence for the operator; names no path and no content.
[[nodiscard]] char const* describe(EpochError error);

/// "2026-11", as the file is named. @param month  1000…9999 years
[[nodiscard]] std::string epoch_name(EpochMonth month);

struct EpochState {
  EpochMonth month{};
  bool present{};    // its file is there
  bool destroyed{};  // its tombstone is; with `present`: not to its end, or the file came back
};

class EpochFiles {
 public:
  /// @param folder  made with mode 0700 when the first epoch is; its parent has to exist.
  explicit EpochFiles(std::string folder) : folder_(std::move(folder)) {}

  /// @errors all of EpochError
  [[nodiscard]] Result<crypto::Secret, EpochError> load(EpochMonth month) const;

  /// Makes the month's file unless it is there; whoever else makes it meanwhile, all get the same
  /// bytes, and they are on disk. @errors destroyed, not_private, malformed, unavailable, missing
  /// (no folder that the folder could be made in)
  [[nodiscard]] Result<crypto::Secret, EpochError> load_or_create(EpochMonth month) const;

  /// Whether the file is there and no tombstone is. Two looks at the file system, no read.
  [[nodiscard]] bool is_usable(EpochMonth month) const;

  /// Leaves a tombstone: nobody takes up the key from now on, those who hold it let go of it. What
  /// unmark() takes back as long as the file stands. @errors missing (no folder), unavailable
  [[nodiscard]] Result<void, EpochError> mark(EpochMonth month) const;
  [[nodiscard]] Result<void, EpochError> unmark(EpochMonth month) const;
  /// mark(), then overwrites the file and takes it away. Again: goes on where it was cut off. A
  /// file that cannot be overwritten stays. @errors missing (nothing to destroy), unavailable
  [[nodiscard]] Result<void, EpochError> destroy(EpochMonth month) const;

  /// Of every month that has a file or a tombstone, ascending. @errors unavailable
  [[nodiscard]] Result<std::vector<EpochState>, EpochError> list() const;

 private:
  [[nodiscard]] std::string file_of(EpochMonth month) const;
  [[nodiscard]] std::string tombstone_of(EpochMonth month) const;
  [[nodiscard]] Result<void, EpochError> create(EpochMonth month) const;

  std::string folder_;
};

}  // namespace leadex::privacy
