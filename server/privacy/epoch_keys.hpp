#pragma once
// EpochKeys: the contact keys of the months that have an epoch of their own: root key and epoch
// file mixed. Part of KeyRing, which everybody else asks. Any thread.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>

#include "billing/values/time.hpp"
#include "server/crypto/aead.hpp"
#include "server/privacy/epoch_files.hpp"

namespace leadex::privacy {

class EpochKeys {
 public:
  using Clock = std::function<Timestamp()>;  ///< the wall clock; any thread

  /// How long a key is used before its file is looked at again: a destroyed epoch serves no longer
  /// than this in any process.
  static constexpr std::chrono::seconds kTrust{1};

  /// @param root  the root key
  EpochKeys(crypto::Secret root, EpochFiles files, Clock now,
            std::chrono::nanoseconds trust = kTrust);

  using Key = std::shared_ptr<crypto::AeadKey const>;

  /// Opens what is wrapped; never makes an epoch. @errors all of EpochError; other_file: not the
  /// one that was noted
  [[nodiscard]] Result<Key, EpochError> of(EpochMonth month) const;

  struct Current {
    EpochMonth month{};
    Key key;
  };
  /// Of the month it is now, which prepare() made: sealing never makes a file, since one that is
  /// only out of sight would be replaced. @errors as of()
  [[nodiscard]] Result<Current, EpochError> current() const;

  /// 16 bytes that tell one epoch of a month from another and nothing more. @errors as of()
  [[nodiscard]] Result<std::string, EpochError> check_value(EpochMonth month) const;

  /// Makes the month's epoch, unless it is there. @errors as EpochFiles::load_or_create
  [[nodiscard]] Result<void, EpochError> prepare(EpochMonth month) const;
  /// What the database knows of a month: from now on its file is used only if it is that one.
  void note(EpochMonth month, std::string check_value) const;
  /// Lets go of keys whose epoch was destroyed; they are wiped once nobody uses them.
  void forget_destroyed() const;

  /// The UTC month that `ahead` from now lies in.
  [[nodiscard]] EpochMonth month_in(std::chrono::seconds ahead = {}) const;
  [[nodiscard]] EpochFiles const& files() const { return files_; }

 private:
  using Steady = std::chrono::steady_clock;
  struct Kept {
    Key key;
    Steady::time_point looked_at;
  };

  [[nodiscard]] Key kept(EpochMonth month) const;
  [[nodiscard]] std::string check_of(crypto::Secret const& epoch, EpochMonth month) const;
  [[nodiscard]] crypto::Secret derive(crypto::Secret const& epoch, std::string const& name,
                                      std::size_t size) const;

  crypto::Secret root_;
  EpochFiles files_;
  Clock now_;
  std::chrono::nanoseconds trust_;
  mutable std::shared_mutex guard_;
  mutable std::map<EpochMonth, Kept> kept_;  // at most one per file
  mutable std::map<EpochMonth, std::string> noted_;
};

}  // namespace leadex::privacy
