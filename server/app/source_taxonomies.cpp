#include "server/app/source_taxonomies.hpp"

namespace leadex::app {

boost::asio::awaitable<Result<SourceTaxonomies::Version, storage::StoreError>> SourceTaxonomies::of(
    MarketNo market) {
  if (auto found = kept(market)) co_return std::move(*found);
  auto const before = changes();
  auto read = co_await store_.in_force(market);
  if (!read) co_return refuse(read.error());
  Version version;
  if (read->version > 0) {
    version = std::make_shared<storage::TaxonomyVersion const>(std::move(*read));
  }
  keep(market, version, before);
  co_return version;
}

void SourceTaxonomies::forget() {
  std::lock_guard const lock(guard_);
  kept_.clear();
  ++changes_;
}

std::optional<SourceTaxonomies::Version> SourceTaxonomies::kept(MarketNo market) {
  std::lock_guard const lock(guard_);
  auto const found = kept_.find(market);
  if (found == kept_.end() || found->second.until <= Clock::now()) return std::nullopt;
  return found->second.version;
}

void SourceTaxonomies::keep(MarketNo market, Version const& version, std::uint64_t changes) {
  std::lock_guard const lock(guard_);
  if (changes != changes_) return;
  kept_.insert_or_assign(market, Kept{version, Clock::now() + kKept});
}

std::uint64_t SourceTaxonomies::changes() {
  std::lock_guard const lock(guard_);
  return changes_;
}

}  // namespace leadex::app
