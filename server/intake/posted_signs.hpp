#pragma once
// PostedSigns: what leads that are posted one by one show of their sources, counted in memory by
// source and UTC day, and added to the tables now and then. Addresses, devices and contacts are
// keyed digests in tables of a fixed size. A process that dies forgets what it had not added, and
// the windows it was in. Nothing here refuses a lead. Any thread. Source:
// docs/decisions/0029-source-fraud.md.

#include <boost/asio/awaitable.hpp>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "matching/quality/velocity_table.hpp"
#include "server/intake/lot_signs.hpp"
#include "server/storage/database.hpp"
#include "server/storage/posted_signs.hpp"

namespace leadex::intake {

/// Within a minute, an hour, a UTC day: more are a crowd. Of one source, but contacts of all.
inline constexpr quality::VelocityCounts kPostedAddressMost{3, 4, 5};
inline constexpr quality::VelocityCounts kPostedDeviceMost{2, 3, 3};
inline constexpr quality::VelocityCounts kPostedContactMost{2, 3, 4};
inline constexpr std::int64_t kFormTooFastUs = 3'000'000;  // shown to sent
inline constexpr std::size_t kPostedDaysHeld = 20'000;     // sources and days that wait to be added
inline constexpr std::size_t kPostedMarksHeld = 50'000;    // leads that do; more are not marked
inline constexpr int kPostedRowBits = 15;                  // 131,072 keys of each kind, 4 MiB

/// A lead that was posted, taken or refused as known.
struct PostedSeen {
  MarketNo market{};
  std::int64_t generator_no{};
  std::int64_t lead_no{};  ///< 0: it became none
  RowSigns signs;
  std::vector<std::string> persons;       ///< digests as table person has them
  std::optional<std::int64_t> form_us{};  ///< shown to sent, of a hosted form
  bool known_elsewhere{};                 ///< the market had the person from another source
};

class PostedSigns {
 public:
  /// @param row_bits  of each table
  explicit PostedSigns(int row_bits = kPostedRowBits);

  /// @return its signs: bit n − 1 is quality::LotSignal n
  std::int32_t note(PostedSeen const& seen, Timestamp now);
  /// Adds what was counted to the tables; what could not be added is kept.
  [[nodiscard]] boost::asio::awaitable<Result<void, storage::StoreError>> flush(
      storage::Database& database);

 private:
  struct Waiting {
    std::map<storage::PostedDay, storage::PostedCounts> counts;
    std::vector<storage::PostedMark> marks;
    void add(storage::PostedCounts const& more);
  };
  [[nodiscard]] quality::LotCounts look(PostedSeen const& seen, std::int64_t now_us);
  void put_back(Waiting const& taken);

  std::mutex guard_;  // of all below
  quality::VelocityTable addresses_;
  quality::VelocityTable devices_;
  quality::VelocityTable contacts_;
  Waiting waiting_;
};

}  // namespace leadex::intake
