#pragma once
// TradeServices: what the handlers of the trade need beside the ApiContext. Built once by main; all
// references outlive the server. Any thread.

#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "server/api/v1/number_blocks.hpp"
#include "server/app/run_claw_backs.hpp"
#include "server/app/run_intents.hpp"
#include "server/dns/mail_domains.hpp"
#include "server/http/client.hpp"
#include "server/intake/contact/disposable_domains.hpp"
#include "server/intake/do_not_call.hpp"
#include "server/market/bid_requester.hpp"
#include "server/privacy/key_ring.hpp"
#include "server/storage/buyer_rights.hpp"
#include "server/storage/campaign_reads.hpp"
#include "server/storage/case_reads.hpp"
#include "server/storage/conversion_reads.hpp"
#include "server/storage/deal_reads.hpp"
#include "server/storage/lead_reads.hpp"
#include "server/storage/ledger_reads.hpp"
#include "server/storage/postback_tokens.hpp"
#include "server/storage/sale_reads.hpp"
#include "server/storage/truth_reads.hpp"

namespace leadex::api {

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
  dns::MailDomains* mail = nullptr;          ///< none: e-mail domains are not asked about
  intake::DoNotCall* do_not_call = nullptr;  ///< none: phones are held against no list
};

}  // namespace leadex::api
