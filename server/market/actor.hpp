#pragma once
// Actor: the MarketActor that commits to a database. Made and kept by the host. All members but
// the published ones belong to its strand; see docs/ARCHITECTURE.md, "the path of a command".

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <unordered_set>

#include "server/market/books.hpp"
#include "server/market/commit_body.hpp"
#include "server/market/market_actor.hpp"
#include "server/market/market_host.hpp"
#include "server/market/once.hpp"
#include "server/market/recent.hpp"
#include "server/market/recent_claims.hpp"
#include "server/market/rights_ahead.hpp"

namespace leadex::market {

class Actor final : public MarketActor, public std::enable_shared_from_this<Actor> {
 public:
  Actor(boost::asio::any_io_executor executor, boost::asio::thread_pool& blocking,
        storage::MarketStore& store, HostOptions const& options, RealTimePace& pace,
        MarketNo market_no, std::string name);

  boost::asio::awaitable<Result<Answer, SubmitError>> submit(Submission submission) override;
  boost::asio::awaitable<Result<PingAnswer, SubmitError>> ping(
      OfferPing ping, std::chrono::steady_clock::time_point deadline, std::size_t ask_max) override;
  boost::asio::awaitable<Result<void, ViewError>> view(Look look) override;
  std::shared_ptr<MarketSettings const> settings() const override;
  std::shared_ptr<MarketSettings const> settings(std::int32_t version) const override;
  MarketNo market_no() const override { return market_no_; }
  std::string const& name() const override { return name_; }
  bool ready() const override { return ready_.load(); }
  RealTimePace const& pace() const override { return pace_; }

  // For the host; any thread.
  /// Tries to take the lease and load; `done` once that is settled either way.
  void acquire(std::function<void()> done);
  /// Stores new versions of the settings into force.
  void refresh(std::function<void()> done);
  void set_halted(bool halted);
  void lease_lost();
  /// Answers what is in flight, refuses the rest, then `done`.
  void stop(std::function<void()> done);
  /// Epoch while owned; 0 otherwise.
  [[nodiscard]] std::int64_t epoch() const { return published_epoch_.load(); }

 private:
  enum class State : std::uint8_t { idle, loading, running, recovering, stopped };
  using Clock = std::chrono::steady_clock;
  using Done = std::function<void(Result<Answer, SubmitError>)>;

  struct Item {
    Submission submission;
    Done done;  // empty: the actor's own
    bool looked_up{};
    std::int64_t looked_up_seq{};
    std::vector<storage::FoundPerson> found;
    std::vector<std::string> elsewhere;       // persons that another market of the group has
    std::string group;                        // in which its persons are held, since
    Clock::time_point held_at;                //   when the look-up was asked for
    std::vector<storage::UnsoldLead> unsold;  // of the leads that have its persons, if asked
    std::vector<std::int64_t> displaced;      // leads whose persons it takes over
    std::vector<std::int64_t> withheld;       // of a lead: buyers whose own list has its person
    std::vector<storage::FoundLead> leads;    // of persons whose leads are to be withheld
    std::vector<storage::FoundClick> clicks;  // of a visitor, of late
    bool still_open{};                        // of what happens once
    bool transaction_known{};                 // of a conversion
    std::vector<std::string> noted;           // events of the click that it is of
    bool alone{};      // runs in a batch of its own, after a batch it was in was refused
    bool more{};       // leads that one command does not take: to be asked again
    bool follows{};    // has no effect of its own: answered when the batch it is with is durable
    bool duplicate{};  // its person is known, and that is its answer; its batch says who shares
    std::string in_flight_key;
    Answer answer;
    std::int64_t last_command_no{};
  };
  using ItemPtr = std::shared_ptr<Item>;
  struct InFlight {
    std::shared_ptr<storage::PreparedBatch const> prepared;
    std::vector<ItemPtr> items;
    std::int64_t command_no{};
    bool reported{};
    storage::CommitFailure failure{};
    std::vector<std::shared_ptr<MarketSettings const>> new_settings;
  };

  // actor.cpp: entry, look-ups, release
  boost::asio::awaitable<Result<Answer, SubmitError>> queued(Submission submission);
  void enqueue(ItemPtr item);
  void own(Command command, Lane lane);
  void start_look_up();
  void on_looked_up(std::vector<ItemPtr> const& items, std::optional<storage::LookedUp> found);
  void replay(ItemPtr const& item, storage::FoundKey const& key);
  void finish(ItemPtr const& item, Result<Answer, SubmitError> result);
  void on_report(storage::CommitReport report);
  void release(InFlight& batch);
  void forget_claims();
  void on_timer();
  void refuse_overdue();
  void arm_timer();
  [[nodiscard]] std::size_t waiting() const;

  // actor_pings.cpp: pings, which are answered before they are in a batch
  Result<PingAnswer, SubmitError> apply_ping(OfferPing ping, Clock::time_point deadline,
                                             std::size_t ask_max);
  void log_forgotten();
  void flush_ahead();

  // actor_batch.cpp: building batches
  void pump();
  struct Building {
    storage::BatchRows rows;
    CommitBody body;
    std::vector<ItemPtr> items;
    std::vector<std::shared_ptr<MarketSettings const>> new_settings;
    std::size_t decisions{};
    std::size_t bytes{};
    storage::ClaimGuard guard;
  };
  [[nodiscard]] ItemPtr next_item(Building const& building, std::size_t bulk_taken, bool pressed);
  void apply(Building& building, ItemPtr const& item);
  static void follow(std::vector<ItemPtr>& items, ItemPtr const& item);
  void apply_command(Building& building, ItemPtr const& item, Command const& command);
  bool check_persons(Building& building, Item& item);
  // actor_duplicates.cpp: groups of markets, leads that newer ones displace or share
  [[nodiscard]] storage::DuplicateRules duplicate_rules() const;
  [[nodiscard]] bool holds_well(Item const& item) const;
  [[nodiscard]] bool displaceable(Item const& item, std::int64_t lead_no) const;
  void displace(Building& building, Item const& item);
  [[nodiscard]] std::set<std::int64_t> leads_in_the_way(Item const& item) const;
  bool share(Building& building, ItemPtr const& item);
  void release_claims(Building& building, std::size_t persons_before);
  bool complete_rights(Building& building, Item& item);
  void answer_after_all(Building& building, ItemPtr const& item);
  bool find_leads(Building& building, Item& item, WithholdLeads& command);
  void roll_zones(std::vector<CommitItem>& log, Command const& command, std::int64_t at_us);
  void seal_and_send(Building building);
  [[nodiscard]] std::int64_t now_us() const;

  // actor_conversions.cpp
  [[nodiscard]] bool told_before(Item const& item) const;
  bool noted_before(Item& item) const;
  void claim_conversion(Building const& building, Item const& item);

  // actor_clicks.cpp: visits
  bool charge_once(Item& item);
  [[nodiscard]] bool is_durable(Item const& repeated) const;
  void show_way(Item& item, std::int64_t campaign_no, std::int64_t click_no);
  void note_click(Building const& building, Item& item, Applied const& applied);

  // actor_recovery.cpp: loading, unknown outcomes, letting go
  void load(std::function<void()> done);
  void adopt(storage::LoadedMarket loaded);
  void recover();
  void ask_outcome();
  void on_resolved(std::int64_t epoch,
                   Result<storage::Resolved, storage::MarketStoreError> const& resolved);
  void run_one_by_one();
  void drop_all(SubmitError error);
  void let_go(SubmitError error);

  boost::asio::strand<boost::asio::any_io_executor> strand_;
  boost::asio::thread_pool& blocking_;
  storage::MarketStore& store_;
  HostOptions const options_;
  RealTimePace& pace_;
  MarketNo const market_no_;
  std::string const name_;
  boost::asio::steady_timer timer_;

  State state_{State::idle};
  bool halted_{};
  bool own_work_stopped_{};  // a tick, sweep or version was quarantined: a person has to look
  std::int64_t epoch_{};
  Engine engine_;
  Books books_;
  std::int64_t seq_{};  // of the last batch sent
  std::string hash_;
  std::int64_t last_at_us_{};
  std::int64_t committed_no_{};
  std::int64_t released_seq_{};  // of the last batch that is known to be durable
  std::unique_ptr<storage::CommitPipeline> pipeline_;

  std::deque<ItemPtr> real_time_;
  std::deque<ItemPtr> bulk_;
  std::deque<ItemPtr> alone_;
  std::deque<ItemPtr> for_look_up_;       // real-time
  std::deque<ItemPtr> bulk_for_look_up_;  // gives way
  // Applied already, and first in the next batch.
  std::vector<CommitItem> log_ahead_;
  std::size_t log_ahead_bytes_{};  // of its pings, about
  bool ahead_due_{};               // it makes a batch of its own if nothing else does
  bool looking_up_{};
  std::int64_t look_up_floor_{};  // the look-up under way sees at least the batches up to it
  std::deque<InFlight> in_flight_;
  std::int64_t failed_seq_{};  // of the first batch of the last failure
  int failed_again_{};         // how often it failed anew
  std::unordered_set<std::string> keys_in_flight_;
  std::set<Once> applied_once_;
  RecentClaims claims_;
  RecentClicks clicks_;
  RecentNotes notes_;
  RightsAhead ahead_;  // outlives a reload: offers that were read before it may still come
  std::map<std::int32_t, storage::DuplicateRules> duplicate_rules_;  // by version
  bool tick_waiting_{};
  std::function<void()> on_stopped_;
  std::vector<std::function<void()>> in_force_waiters_;  // for the newest settings

  mutable std::mutex published_;  // guards the next three
  std::map<std::int32_t, std::shared_ptr<MarketSettings const>> versions_;
  std::shared_ptr<MarketSettings const> in_force_;
  std::atomic<bool> ready_{};
  std::atomic<int> views_waiting_{};
  std::atomic<std::int64_t> published_epoch_{};
};

}  // namespace leadex::market
