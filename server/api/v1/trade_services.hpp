#pragma once
// TradeServices: what the handlers of the trade need beside the ApiContext. Built once by main; all
// references outlive the server. Any thread.

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "server/app/run_claw_backs.hpp"
#include "server/app/run_intents.hpp"
#include "server/http/client.hpp"
#include "server/intake/contact/disposable_domains.hpp"
#include "server/market/bid_requester.hpp"
#include "server/privacy/key_ring.hpp"
#include "server/storage/buyer_rights.hpp"
#include "server/storage/campaign_reads.hpp"
#include "server/storage/case_reads.hpp"
#include "server/storage/conversion_reads.hpp"
#include "server/storage/deal_reads.hpp"
#include "server/storage/lead_reads.hpp"
#include "server/storage/ledger_reads.hpp"
#include "server/storage/numbers.hpp"
#include "server/storage/postback_tokens.hpp"
#include "server/storage/sale_reads.hpp"
#include "server/storage/truth_reads.hpp"

namespace leadex::api {

/// Numbers of one kind per market, fetched in blocks without blocking a thread of the server. One
/// caller fetches at a time: whoever finds half of a block used fetches the next while all others
/// go on, and who finds none left waits for it.
class NumberBlocks {
 public:
  /// @param block  numbers fetched at once, above 1
  NumberBlocks(storage::NumberRanges& ranges, storage::NumberKind kind, std::int64_t block)
      : ranges_(ranges), kind_(kind), block_(block) {}
  /// A number nobody else has or will get. Gaps are allowed: blocks end with the process. Fails
  /// as the fetch did that it made or waited for.
  [[nodiscard]] boost::asio::awaitable<Result<std::int64_t, storage::StoreError>> next(
      MarketNo market);

 private:
  struct Block {
    std::int64_t next{};
    std::int64_t end{};
    [[nodiscard]] std::int64_t left() const { return end - next; }
  };
  struct Blocks {
    Block now;
    Block ahead;  // used when `now` is used up
    bool fetching{};
    std::int64_t failures{};      // of fetches so far
    storage::StoreError error{};  // of the last
  };
  struct Taken {
    std::int64_t number{};    // 0: none was left
    bool fetch{};             // and this caller has to fetch a block
    std::int64_t failures{};  // so far
  };
  using Fetched = Result<std::int64_t, storage::StoreError>;
  [[nodiscard]] Taken take(MarketNo market);
  void put(MarketNo market, Fetched first);
  [[nodiscard]] boost::asio::awaitable<Fetched> fetch(MarketNo market);
  [[nodiscard]] std::optional<storage::StoreError> failed_since(MarketNo market,
                                                                std::int64_t failures);

  storage::NumberRanges& ranges_;
  storage::NumberKind kind_;
  std::int64_t block_;
  std::mutex guard_;  // of the blocks
  std::map<MarketNo, Blocks> blocks_;
};

/// Campaigns being changed: two changes of one campaign would both make the same version.
class CampaignEdits {
 public:
  /// Holds a campaign for as long as it lives; falsy when someone else does.
  class Hold {
   public:
    Hold(CampaignEdits& edits, CampaignId id);
    ~Hold();
    Hold(Hold const&) = delete;
    Hold& operator=(Hold const&) = delete;
    explicit operator bool() const { return held_; }

   private:
    CampaignEdits& edits_;
    CampaignId id_;
    bool held_;
  };

 private:
  std::mutex guard_;
  std::set<CampaignId> held_;
};

/// How campaigns' own endpoints are asked before a ping is answered.
struct LiveBids {
  market::BidRequester* requester{};  ///< null: nobody is asked, and who bids live does not bid
  http::ClientOptions url_rules{};    ///< loopback only where the database's environment is `dev`
  std::size_t asked_max = 50;         ///< campaigns of one ping, those that pay most
  std::chrono::milliseconds answer_reserve{50};  ///< of tmax_ms, for the auction and the answer
};

/// Reads the person of a stored lead, for app::find_untruths. @param keys  outlives it
[[nodiscard]] std::function<std::vector<std::string>(LeadId, storage::SealedLead const&,
                                                     std::string const&)>
persons_of(privacy::KeyRing const& keys);

struct TradeServices {
  storage::SaleReads& sales;
  storage::CampaignReads& campaigns;
  storage::LedgerReads& ledger;
  storage::CaseReads& cases;
  storage::DealReads& deals;
  storage::ConversionReads& conversions;
  storage::TruthReads& truth;
  storage::PostbackTokens& postbacks;
  storage::LeadReads& leads;
  storage::BuyerRights& rights;
  app::IntentRunner& intents;
  app::ClawBackRunner& claw_backs;
  intake::DisposableDomains const& disposable;
  NumberBlocks& lead_numbers;
  NumberBlocks& intent_numbers;
  CampaignEdits& edits;
  LiveBids live{};
};

}  // namespace leadex::api
