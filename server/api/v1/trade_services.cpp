#include "server/api/v1/trade_services.hpp"

#include "server/intake/stored_person.hpp"

namespace leadex::api {

std::optional<std::int64_t> NumberBlocks::take(MarketNo market) {
  std::lock_guard const lock{guard_};
  auto& block = blocks_[market];
  if (block.next == block.end) return std::nullopt;
  return block.next++;
}

boost::asio::awaitable<Result<std::int64_t, storage::StoreError>> NumberBlocks::next(
    MarketNo market) {
  if (auto const number = take(market)) co_return *number;
  auto const first = co_await ranges_.reserve_later(market, kind_, block_);
  if (!first) co_return refuse(first.error());
  // Another request may have fetched a block meanwhile; the rest of the older one is given up.
  std::lock_guard const lock{guard_};
  blocks_[market] = {*first + 1, *first + block_};
  co_return *first;
}

CampaignEdits::Hold::Hold(CampaignEdits& edits, CampaignId id) : edits_(edits), id_(id) {
  std::lock_guard const lock{edits_.guard_};
  held_ = edits_.held_.insert(id_).second;
}

CampaignEdits::Hold::~Hold() {
  if (!held_) return;
  std::lock_guard const lock{edits_.guard_};
  edits_.held_.erase(id_);
}

std::function<std::vector<std::string>(LeadId, storage::SealedLead const&, std::string const&)>
persons_of(privacy::KeyRing const& keys) {
  return [&keys](LeadId lead, storage::SealedLead const& sealed, std::string const& country) {
    return intake::stored_person_digests(keys, lead, sealed, country);
  };
}

}  // namespace leadex::api
