#pragma once
// CampaignReads: campaigns with their latest version, budget and counters, as their buyer and staff
// see them. Committed rows only. Coroutines of any executor; each call is one transaction.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/money.hpp"
#include "billing/values/result.hpp"
#include "billing/values/time.hpp"
#include "matching/market/outcome.hpp"
#include "server/storage/store_error.hpp"
#include "server/storage/viewer.hpp"

namespace leadex::storage {

struct CampaignView {
  CampaignId id;
  std::string market;  // its name
  std::string currency;
  std::int64_t buyer_no{};
  std::int32_t version{};
  market::CampaignStatus status{};
  std::string definition;  // JSON as accepted
  Timestamp created_at{};
  Timestamp changed_at{};  // of that version
  Money budget;            // what can be spent
  market::CounterWindows counters;
};

struct CampaignCursor {
  std::int64_t created_us{};
  MarketNo market{};
  std::int64_t campaign_no{};
};

struct CampaignFilter {
  std::optional<CampaignCursor> before;
  std::optional<MarketNo> market;
  std::vector<market::CampaignStatus> states;  // none: all
  int limit = 50;
};

/// An auction as recorded: all of its inputs. What of it is shown is the renderer's to choose.
struct AuctionRecord {
  AuctionId id;
  std::int64_t lead_no{};
  std::int64_t generator_no{};
  Timestamp at{};
  std::string market;  // its name
  std::string currency;
  market::AuctionHeld held;  // `book` holds the digest of the candidate list
};

/// Auctions of one campaign, newest first. Records are searched backwards and only so far.
struct AuctionSearch {
  CampaignId campaign;
  std::optional<std::int64_t> before_no;
  std::optional<bool> won;  // none: both
  int limit = 50;
};
struct AuctionsFound {
  std::vector<AuctionRecord> auctions;
  std::optional<std::int64_t> go_on_before;  // nothing more when empty
};

class CampaignReads {
 public:
  virtual ~CampaignReads() = default;
  template <class T>
  using Later = boost::asio::awaitable<Result<T, StoreError>>;

  [[nodiscard]] virtual Later<std::vector<CampaignView>> list(Viewer viewer,
                                                              CampaignFilter filter) = 0;
  [[nodiscard]] virtual Later<std::optional<CampaignView>> find(Viewer viewer,
                                                                CampaignId campaign) = 0;
  /// The same with the definition of that version; all else as it is now.
  [[nodiscard]] virtual Later<std::optional<CampaignView>> find_version(Viewer viewer,
                                                                        CampaignId campaign,
                                                                        std::int32_t version) = 0;
  /// Whether that webhook endpoint is an active one of the viewer's own account.
  [[nodiscard]] virtual Later<bool> owns_endpoint(Viewer viewer, std::int64_t endpoint_no) = 0;
  /// How many of `accounts` are generators.
  [[nodiscard]] virtual Later<std::int64_t> count_generators(
      std::vector<std::int64_t> accounts) = 0;

  /// An auction in which the viewer bid, or of a lead it brought.
  [[nodiscard]] virtual Later<std::optional<AuctionRecord>> auction(Viewer viewer,
                                                                    AuctionId auction) = 0;
  /// Auctions in which that campaign of the viewer's stood.
  [[nodiscard]] virtual Later<AuctionsFound> auctions(Viewer viewer, AuctionSearch search) = 0;
};

}  // namespace leadex::storage
