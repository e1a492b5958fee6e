#pragma once
// SourceTaxonomies: the taxonomy of sources in force for each market, kept for some seconds so that
// no lead waits for the database. A new version holds for all leads after that, and at once in the
// process that took it. Any thread.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>

#include "server/storage/lead_sources.hpp"

namespace leadex::app {

class SourceTaxonomies {
 public:
  using Version = std::shared_ptr<storage::TaxonomyVersion const>;
  static constexpr std::chrono::seconds kKept{5};

  /// @param store  outlives this.
  explicit SourceTaxonomies(storage::LeadSources& store) : store_(store) {}

  /// Null when none is in force.
  [[nodiscard]] boost::asio::awaitable<Result<Version, storage::StoreError>> of(MarketNo market);
  /// After a change.
  void forget();

 private:
  using Clock = std::chrono::steady_clock;
  struct Kept {
    Version version;
    Clock::time_point until;
  };
  /// Nothing when it is to be read anew.
  [[nodiscard]] std::optional<Version> kept(MarketNo market);
  /// Unless something changed since it began to be read.
  void keep(MarketNo market, Version const& version, std::uint64_t changes);
  [[nodiscard]] std::uint64_t changes();

  storage::LeadSources& store_;
  std::mutex guard_;
  std::map<MarketNo, Kept> kept_;
  std::uint64_t changes_{};
};

}  // namespace leadex::app
