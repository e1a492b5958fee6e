#pragma once
// Happenings: what a market's committed batch means to the accounts concerned, as events. The same
// batch gives the same events with the same keys, so following it twice cannot double them. Pure;
// any thread.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "server/crypto/public_id.hpp"
#include "server/market/commit_body.hpp"
#include "server/storage/deliveries.hpp"

namespace leadex::delivery {

struct Happening {
  storage::EventKey key;
  std::string_view type;  ///< a literal
  crypto::IdKind subject_kind{};
  std::int64_t subject_no{};
  std::int64_t at_us{};
  std::int64_t buyer_no{};      ///< 0: not concerned, or to be looked up by `sale`
  std::int64_t generator_no{};  ///< 0: not concerned, or to be looked up by `sale` or `lead_no`
  std::optional<storage::SaleKey> sale;
  std::optional<std::int64_t> lead_no;
  std::int64_t confirming_campaign{};  ///< whose endpoint decides about the sale; 0: none does
};

/// In the order of the batch. A sale that is delivered at once (pull, desk) is told by
/// `sale.created` alone, whose sale says so.
[[nodiscard]] std::vector<Happening> happenings(MarketNo market, std::int64_t batch_seq,
                                                market::CommitBody const& body);

/// Conversions whose generator can be told now: paid, rejected or noted; each once in its life.
[[nodiscard]] std::vector<storage::NewPostback> told_conversions(market::CommitBody const& body);

}  // namespace leadex::delivery
