#pragma once
// MarketStore: what a market's writer needs of the database: loading, looking up, committing in
// order over two connections, leases. Blocking calls are for threads that may block; the pipeline
// reports from threads of its own.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "billing/values/result.hpp"
#include "matching/market/restore.hpp"
#include "server/storage/duplicate_rules.hpp"
#include "server/storage/market_rows.hpp"

namespace leadex::storage {

struct MarketHead {
  std::int64_t epoch{};
  std::int64_t seq{};
  std::string hash;
  std::int64_t last_at_us{};
};

struct LoadedSale {
  market::SaleImage image;
  std::int64_t batch_seq{};
  std::int32_t n{};
  std::int64_t fee{};
  std::int64_t holdback{};
};

struct SettingsVersion {
  std::int32_t version{};
  std::string settings;  // codec bytes of market::MarketSettings
  DuplicateRules duplicates;
};

/// All of a market as of one snapshot.
struct LoadedMarket {
  MarketHead head;
  std::int32_t applied_version{};
  std::vector<SettingsVersion> versions;  // ascending, those not applied yet too
  market::Image image;                    // without rules and numbers
  std::vector<LoadedSale> sales;          // goes with image.sales, in the same order
  std::vector<Account> accounts;
  std::string last_body;  // of commit_batch at head.seq; empty for a new market
};

struct KeyLookup {
  std::int64_t account_no{};
  std::string key;
};
struct FoundKey {
  std::int64_t account_no{};
  std::string key;
  std::string body_hash;
  std::int32_t operation{};
  std::int64_t batch_seq{};
  std::int32_t n{};
};
struct FoundPerson {
  std::string digest;
  std::int64_t lead_no{};
  std::int64_t seen_us{};
  std::int64_t provisional_upload{};  // 0 none
};
struct UnsoldLead {
  std::int64_t lead_no{};
  std::int64_t generator_no{};
};
struct FoundHolder {
  std::string digest;
  std::int64_t buyer_no{};
};
struct FoundLead {
  std::string digest;
  std::int64_t lead_no{};
  bool to_come{};  // claimed and not offered yet, or at rest before it comes back
};
struct FoundClick {
  std::string visitor;
  std::int64_t placement_no{};
  std::int64_t campaign_no{};
  std::int64_t clicked_us{};
  std::int64_t click_no{};
};
/// A lead's round as one number: lead × this + round.
inline constexpr std::int64_t kRelistRounds = 32;

struct Transaction {  // of a conversion, by its buyer's name for it
  std::int64_t buyer_no{};
  std::string id;
  friend auto operator<=>(Transaction const&, Transaction const&) = default;
};
struct NotedEvent {  // of a click that was paid for as such
  std::int64_t click_no{};
  std::string event;
  friend auto operator<=>(NotedEvent const&, NotedEvent const&) = default;
};
/// Of one click.
inline constexpr std::size_t kNotedEventsMax = 16;

struct Lookups {
  std::vector<KeyLookup> keys;
  std::int32_t first_day{};  // of idempotency partitions still valid
  std::vector<std::string> persons;
  std::vector<std::int64_t> intents;      // arriving: which are still open?
  std::vector<std::int64_t> claw_backs;   // ordered: which are still open?
  std::vector<std::int64_t> relists;      // of rested leads: which are still open?
  std::vector<std::string> offered;       // persons of leads that come: on whose own list are they?
  std::vector<std::string> withheld;      // persons on such a list: which leads are theirs?
  std::vector<std::string> visitors;      // what was paid for them of late?
  std::int64_t clicked_since_us{};        // what "of late" means
  std::vector<Transaction> transactions;  // which are known?
  std::vector<std::int64_t> clicks;       // what is noted of them?
  /// Of markets that know each other's persons: those above are held for this market, and looked up
  /// in the others of the group, each digest once and ascending. Empty: none.
  std::string group;
  std::int64_t claimed_since_us{};  // what counts there
  bool takes_over{};                // persons known here may be claimed anew
};
/// How long a person stays held in its group for a market that looked it up. A batch that claims it
/// later is refused by the database.
inline constexpr std::int64_t kGroupHoldUs = 60'000'000;
struct LookedUp {
  std::int64_t seq{};  // of the market's head in the same snapshot
  std::vector<FoundKey> keys;
  std::vector<FoundPerson> persons;
  std::vector<std::int64_t> open_intents;
  std::vector<std::int64_t> open_claw_backs;
  std::vector<std::int64_t> open_relists;
  std::vector<FoundHolder> holders;
  std::vector<FoundLead> leads;
  std::vector<FoundClick> clicks;
  std::vector<Transaction> transactions;
  std::vector<NotedEvent> noted;
  std::vector<std::string> elsewhere;  // persons that another market of the group has or holds
  /// takes_over: of the persons' leads those that left the market for good and were never sold.
  std::vector<UnsoldLead> unsold;
};

enum class CommitFailure : std::uint8_t {
  none,
  refused,  // a constraint or check: surely rolled back, and a bug
  unknown,  // anything else: ask resolve()
};
struct CommitReport {
  std::int64_t seq{};
  CommitFailure failure{CommitFailure::none};
  std::string detail;  // SQLSTATE and constraint, never values
};

/// A batch in the bytes that are sent: encoded once, the same at every attempt. The epoch is not
/// part of it, so a batch survives a change of owner's epoch.
class PreparedBatch {
 public:
  virtual ~PreparedBatch() = default;
  [[nodiscard]] virtual std::int64_t seq() const = 0;
  /// Of the chain: covers the batch before, time, body, transfers, auctions and, through a digest
  /// inside the body, every other row.
  [[nodiscard]] virtual std::string const& hash() const = 0;
  [[nodiscard]] virtual std::size_t bytes() const = 0;
};

/// Commits batches in order, two at a time: the body of the second is sent while the first is on
/// its way, its tail only after the first's COMMIT. After a failure every batch fails until
/// reset().
class CommitPipeline {
 public:
  virtual ~CommitPipeline() = default;
  /// seq must be the one after the last submitted. Successes are reported in order, and a batch
  /// that fails because another did after that one.
  virtual void submit(std::shared_ptr<PreparedBatch const> batch, std::int64_t epoch) = 0;
  /// Looks up on a connection of its own; `done` is called from that thread, with nothing when the
  /// database did not answer.
  virtual void look_up(Lookups lookups, std::function<void(std::optional<LookedUp>)> done) = 0;
  /// Drops both connections and forgets the failure; nothing may be in flight.
  virtual void reset(std::int64_t committed_seq) = 0;
};

struct Resolved {
  bool owner{};  // false: the epoch has moved on, all memory is stale
  std::int64_t epoch{};
  std::int64_t seq{};
};

struct MarketRow {
  std::int64_t market_id{};
  std::string name;
  std::string status;
  std::string owner;  // process that holds the lease; empty: nobody
};

struct StoredBatch {
  std::int64_t seq{};
  std::int64_t epoch{};
  std::int64_t at_us{};
  std::string hash;
  std::string body;           // as the writer gave it
  std::string rest_digest;    // of the rows that no chained table holds
  std::string expected_hash;  // recomputed from the tables as they are now
  std::vector<AuctionRow> auctions;
};

enum class MarketStoreError : std::uint8_t { unavailable, not_found, lost };

class MarketStore {
 public:
  virtual ~MarketStore() = default;

  /// `previous_hash` is that of seq − 1. Does no I/O; any thread.
  [[nodiscard]] virtual std::shared_ptr<PreparedBatch const> prepare(
      std::int64_t market_id, BatchRows const& rows, ClaimGuard const& guard,
      std::string const& previous_hash) const = 0;

  /// Only hands on: called from the pipeline's threads under its lock.
  using Report = std::function<void(CommitReport)>;
  [[nodiscard]] virtual std::unique_ptr<CommitPipeline> open_pipeline(std::int64_t market_id,
                                                                      std::int64_t committed_seq,
                                                                      Report report) = 0;
  // Blocking, any thread.
  [[nodiscard]] virtual Result<std::vector<MarketRow>, MarketStoreError> markets() = 0;
  /// Takes the lease when nobody beat within `lease_ms` (or the owner is `process`), and with it
  /// the next epoch; `lost` when someone else holds it.
  [[nodiscard]] virtual Result<std::int64_t, MarketStoreError> take_over(std::int64_t market_id,
                                                                         std::string const& process,
                                                                         std::int64_t lease_ms) = 0;
  /// Beats for all of `markets`; returns those whose lease is another process's by now.
  [[nodiscard]] virtual Result<std::vector<std::int64_t>, MarketStoreError> beat(
      std::vector<std::int64_t> const& markets, std::string const& process) = 0;
  virtual void give_up(std::int64_t market_id, std::string const& process) = 0;
  [[nodiscard]] virtual Result<Resolved, MarketStoreError> resolve(std::int64_t market_id,
                                                                   std::int64_t epoch,
                                                                   std::string const& process) = 0;
  [[nodiscard]] virtual Result<LoadedMarket, MarketStoreError> load(std::int64_t market_id,
                                                                    std::int64_t now_us) = 0;
  [[nodiscard]] virtual Result<std::vector<SettingsVersion>, MarketStoreError> versions_after(
      std::int64_t market_id, std::int32_t version) = 0;
  [[nodiscard]] virtual Result<MarketHead, MarketStoreError> head(std::int64_t market_id) = 0;
  /// Batches from `from_seq` on, at most `limit`, with their hashes recomputed from the tables
  /// (`previous_hash` is that of from_seq − 1) and the auctions each holds.
  [[nodiscard]] virtual Result<std::vector<StoredBatch>, MarketStoreError> batches(
      std::int64_t market_id, std::int64_t from_seq, std::int32_t limit,
      std::string const& previous_hash) = 0;
};

/// @param database  conninfo of the app role.
[[nodiscard]] std::unique_ptr<MarketStore> make_market_store(std::string database);

}  // namespace leadex::storage
