#pragma once
// Rows of a market as its writer puts them into a batch: plain values with the tables' columns.
// Filled by server/market, encoded by server/storage/postgres. Any thread.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "billing/ledger/account.hpp"
#include "billing/ledger/transfer.hpp"
#include "matching/market/outcome.hpp"
#include "server/storage/lead_source.hpp"

namespace leadex::storage {

/// A lead with what is sealed apart; table columns of lead, contact, lead_key, lead_source.
struct NewLead {
  std::int64_t lead_no{};
  std::int64_t batch_no{};  // 0: real-time
  std::int64_t row_no{};
  std::int64_t tenant_no{};
  std::int32_t version{};
  market::LeadState state{};
  std::int64_t score{market::kNone};
  std::optional<std::string> score_facts;  // codec bytes of quality::ScoreFacts; none: no score
  std::int32_t vehicle{};
  std::string reason;
  std::int64_t captured_us{};
  std::int64_t listed_us{};
  std::int64_t ask_micros{market::kNone};
  std::int64_t consent_us{};
  std::string consent_digest;
  std::int32_t resale{};
  std::int64_t reserve_micros{};
  std::optional<std::string> named_for;  // codec bytes of buyers' numbers; none: open consent
  std::string attributes;                // codec bytes of std::vector<market::AttributeText>
  std::string external_id;
  std::string contact_sealed;
  std::string consent_sealed;
  std::int32_t kek_id{};
  std::string key_wrapped;
  std::int32_t warnings{};       // bits of what looks odd, as intake/contact/row_warning.hpp
  std::string domain_suggested;  // the mail domain that was probably meant; "" when none was
  std::shared_ptr<LeadSource const> source;  // null: nothing was told, no taxonomy was in force
};

struct PersonRow {
  std::string digest;  // 16 bytes
  std::int64_t lead_no{};
  std::int64_t seen_us{};
  std::optional<std::int64_t> provisional_upload;
  bool first{};  // nobody's claim on this person stands or stood before
};

struct TransferRow {
  std::int32_t n{};
  Transfer transfer;
};

struct SaleRow {
  market::SaleAwarded award;  // state and due as they end up
  std::int32_t n{};           // of its first transfer
  std::int64_t fee{};
  std::int64_t holdback{};
  std::int64_t credited{};
};

struct SaleUpdate {
  std::int64_t lead_no{};
  std::int32_t slot{};
  market::SaleState state{};
  std::int64_t due_us{};
  std::int64_t holdback{};
  std::int64_t credited{};
};

struct AccountDelta {
  std::int64_t account_no{};
  std::int64_t debits_pending{};
  std::int64_t debits_posted{};
  std::int64_t credits_pending{};
  std::int64_t credits_posted{};
};

struct IdempotencyRow {
  std::int32_t day{};
  std::int64_t account_no{};
  std::string key;
  std::string body_hash;
  std::int32_t operation{};
  std::int32_t n{};
};

struct NewCampaign {
  std::int64_t campaign_no{};
  std::int64_t tenant_no{};
  std::int32_t version{};
  market::CampaignStatus status{};
};

struct CampaignVersionRow {
  std::int64_t campaign_no{};
  std::int32_t version{};
  std::string definition;
  std::string terms;
  std::int64_t created_by{};
};

struct AuctionRow {
  std::int64_t auction_no{};
  std::int64_t lead_no{};
  std::string record;
};

struct NewReturn {
  market::ReturnMoved moved;
  std::int64_t opened_us{};
  std::string note_sealed;
  std::int64_t decided_us{};  // 0 unless ruled as it was opened
};

struct ReturnUpdate {
  market::ReturnMoved moved;
  std::int64_t decided_us{};
  std::string generator_note_sealed;  // empty: as it was
  std::string decision_note_sealed;
};

enum class IntentDirection : std::uint8_t { fund = 0, defund = 1, remit = 2, claw_back = 3 };

/// Money on its way between a market's stream and the platform's.
struct NewIntent {
  std::int64_t intent_no{};
  IntentDirection direction{};
  std::int64_t tenant_no{};
  std::int64_t sub_no{};
  std::int64_t amount{};
};

struct DealRow {
  market::DealMoved moved;
  std::int64_t at_us{};
};

struct WithheldRow {
  std::int64_t lead_no{};
  std::int64_t buyer_no{};
};

struct PromiseRow {
  market::PromiseUsed used;
  std::int64_t added{};  // by the exchange
};

/// A lead that is to be listed again; of its round and ask its own row speaks.
struct RestRow {
  market::LeadRested rested;
  std::int64_t at_us{};
};

/// A visit that a campaign pays for, or for what comes of it.
struct NewClick {
  std::int64_t click_no{};
  std::int64_t placement_no{};
  std::int64_t generator_no{};
  std::int64_t campaign_no{};
  std::string visitor;            // 16 bytes: keyed hash
  std::vector<std::string> subs;  // sub1 first
  std::int64_t clicked_us{};
};

/// What one batch adds to a placement's day: charged clicks; or visits sold for what comes of them,
/// without money, which is not earned yet.
struct ClicksSold {
  std::int64_t placement_no{};
  std::int32_t day{};
  std::int16_t outcome{};  // number of a VisitOutcome
  std::int64_t n{};
  std::int64_t gross{};
  std::int64_t net{};
};

struct EstimateRow {
  std::int64_t version{};
  std::int64_t made_us{};
  std::string estimates;  // codec bytes of estimate::EstimateVersion
};

/// A lead whose net two generators share.
struct LeadShareRow {
  market::LeadShared shared;
  std::int64_t at_us{};
};

/// A sale whose share moved in the batch.
struct ShareStep {
  std::int64_t lead_no{};
  std::int32_t slot{};
};

/// Everything one batch inserts (body) and changes (tail).
struct BatchRows {
  std::int64_t seq{};
  std::int64_t at_us{};
  std::string body;  // commands with outcomes and effects, as server/market writes them

  std::vector<TransferRow> transfers;
  std::vector<Account> new_accounts;  // counters 0: the deltas follow in the tail
  std::vector<SaleRow> new_sales;
  std::vector<NewLead> new_leads;
  std::vector<PersonRow> persons;
  std::int64_t person_seen_before_us{};  // an older claim may be taken over
  std::vector<AuctionRow> auctions;
  std::vector<IdempotencyRow> keys;
  std::vector<market::BidMoved> new_bids;
  std::vector<NewReturn> new_returns;
  std::vector<NewIntent> new_intents;
  std::vector<NewCampaign> new_campaigns;
  std::vector<CampaignVersionRow> campaign_versions;
  std::vector<PromiseRow> promises;
  std::vector<NewClick> clicks;
  std::vector<EstimateRow> estimates;
  std::vector<LeadShareRow> lead_shares;
  std::vector<ShareStep> share_steps;  // each sale once

  std::vector<AccountDelta> account_deltas;
  std::vector<WithheldRow> withheld;  // those that are there stay
  std::vector<SaleUpdate> sale_updates;
  std::vector<market::LeadMoved> lead_updates;
  std::vector<RestRow> rests;
  std::vector<market::LeadRelisted> relists;
  std::vector<market::CounterMoved> counters;
  std::vector<market::CampaignMoved> campaign_updates;
  std::vector<market::BidMoved> bid_updates;
  std::vector<ReturnUpdate> return_updates;
  std::vector<market::SourceCounted> source_counters;
  std::vector<DealRow> deals;
  std::vector<market::SetSourceTerms> source_terms;
  std::vector<market::ConversionMoved> conversions;  // new ones too; each once, as it ends up
  std::vector<std::int64_t> intents_done;
  std::vector<std::int64_t> claw_backs_done;
  std::vector<ClicksSold> clicks_sold;
  std::optional<std::int32_t> market_version;
};

}  // namespace leadex::storage
