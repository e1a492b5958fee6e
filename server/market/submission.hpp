#pragma once
// Submission and Answer: what a handler gives to a market's actor and what comes back once it is
// durable. Values; move them in, any thread.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "matching/market/command.hpp"
#include "matching/market/outcome.hpp"
#include "server/storage/market_rows.hpp"

namespace leadex::market {

/// Real-time: posts, bids, purchases. Bulk: admitting, listing, settling; it gives way.
enum class Lane : std::uint8_t { real_time, bulk };

/// Operations whose answers an Idempotency-Key repeats; stored, so numbers are never reused.
enum class Operation : std::uint8_t {
  none = 0,
  post_lead = 1,
  place_bid = 2,
  purchase = 3,
  open_return = 4,
  accept_return = 5,
  contest_return = 6,
  decide_dispute = 7,
  fund = 8,
  defund = 9,
  create_campaign = 10,
  withdraw_lead = 11,
  create_deal = 12,
  accept_deal = 13,
  end_deal = 14,
  post_ping = 15,
  report_conversion = 20,
  decide_conversion = 21,
};

/// The caller's Idempotency-Key, already scoped and hashed.
struct IdempotencyClaim {
  std::int64_t account_no{};
  std::string key;        // 16 bytes: keyed hash of operation and key
  std::string body_hash;  // keyed hash of the body
  Operation operation{};
};

/// One row of an upload that asks for its persons. At most 4 digests of 16 bytes.
struct AdmissionRow {
  std::int64_t lead_no{};
  std::vector<std::string> digests;
};

enum class Admission : std::uint8_t {
  accepted = 0,
  duplicate_in_batch = 1,
  duplicate_in_market = 2
};

struct Submission {
  Command command;
  Lane lane{Lane::real_time};
  /// Past it the command is refused before it is applied, never after.
  std::chrono::steady_clock::time_point deadline{std::chrono::steady_clock::time_point::max()};
  std::optional<IdempotencyClaim> idempotency;

  std::optional<storage::NewLead> lead;  // OfferLead in real time, PostPing: its rows
  std::vector<std::string> persons;      // the same: digests it claims
  std::vector<AdmissionRow> admissions;  // AdmitRows: instead of the counts in the command
  /// WithholdLeads: instead of lead numbers, the persons whose leads are meant, known and to come;
  /// at most kWithholdMax digests.
  std::vector<std::string> withhold_persons;
  std::optional<storage::NewClick> click;  // OfferClick: its row, campaign and time the writer's
  std::string note_sealed;                 // returns and disputes: the party's note
  std::string definition;                  // UpsertCampaign: the JSON as accepted
  std::int64_t principal_no{};             // UpsertCampaign: who wrote it
};

enum class SubmitError : std::uint8_t {
  busy,                // queue full: 503 with Retry-After
  deadline_passed,     // not applied
  not_owner,           // another process owns the market, or this one is taking over
  in_progress,         // the same Idempotency-Key is being worked on: 409
  key_reused,          // the key came with another body: 422
  duplicate,           // a person is known in the market: 409, or the row's outcome
  internal_invariant,  // a constraint refused it: a bug, logged and quarantined: 500
  halted,              // the market is halted by staff
};

/// Where a visit goes.
struct ClickWay {
  std::int64_t campaign_no{};  // 0: to nobody's page
  std::int64_t click_no{};     // that the page is told of: a repeated visit is the first one's
  std::string landing_url;     // the campaign's, macros not filled in
  bool repeated{};             // it was paid for lately, so nobody pays
};

struct Answer {
  Outcome outcome;  // with fees; as it was when replayed
  bool replayed{};
  std::int64_t batch_seq{};
  std::int32_t n{};                   // place of the command in its batch
  std::int64_t at_us{};               // time of the command
  std::vector<Admission> admissions;  // AdmitRows: one per row
  ClickWay way;                       // OfferClick
};

/// What a ping was promised, before anything of it is durable; or whom to ask first.
struct PingAnswer {
  Refusal refusal{Refusal::none};
  std::vector<LiveBidder> to_ask;  // not empty: nothing was applied
  std::vector<PromisedBid> bids;   // with net
  std::int64_t expires_us{};       // the last instant of the promise
};

}  // namespace leadex::market
