#include "server/api/v1/trade_services.hpp"

#include <utility>

#include "server/intake/stored_person.hpp"

namespace leadex::api {

NumberBlocks::Taken NumberBlocks::take(MarketNo market) {
  std::lock_guard const lock{guard_};
  auto& [now, ahead] = blocks_[market];
  if (now.left() == 0) now = std::exchange(ahead, {});
  if (now.left() == 0) return {.fetch = true};
  return {.number = now.next++, .fetch = now.left() == block_ / 2};
}

/// What does not fit is given up: several fetch where a block is used up before the next is here.
void NumberBlocks::put(MarketNo market, Block block) {
  std::lock_guard const lock{guard_};
  auto& [now, ahead] = blocks_[market];
  if (now.left() == 0) {
    now = block;
  } else if (ahead.left() == 0) {
    ahead = block;
  }
}

boost::asio::awaitable<Result<std::int64_t, storage::StoreError>> NumberBlocks::next(
    MarketNo market) {
  auto const taken = take(market);
  if (!taken.fetch) co_return taken.number;
  auto const first = co_await ranges_.reserve_later(market, kind_, block_);
  if (taken.number != 0) {
    if (first) put(market, {*first, *first + block_});
    co_return taken.number;  // the next block can still be fetched when this one is used up
  }
  if (!first) co_return refuse(first.error());
  put(market, {*first + 1, *first + block_});
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
