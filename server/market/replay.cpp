#include "server/market/replay.hpp"

#include "matching/market/engine.hpp"
#include "server/market/commit_body.hpp"

namespace leadex::market {

namespace {

constexpr std::int32_t kPage = 256;
constexpr std::size_t kHashBytes = 32;

class Replayer {
 public:
  /// `head` is as old as the first batch read, or older.
  Replayer(ReplayScope scope, storage::MarketHead head) : scope_(scope), head_(std::move(head)) {}

  /// False at the first fault.
  bool take(storage::StoredBatch const& batch) {
    ++report_.batches;
    if (batch.seq != last_seq_ + 1) return fault(last_seq_ + 1, -1, "chain: a batch is missing");
    if (batch.hash != batch.expected_hash) {
      return fault(batch.seq, -1, "chain: the batch, a transfer or an auction of it was changed");
    }
    if (batch.epoch < report_.epoch) {
      return fault(batch.seq, -1, "chain: its owner had been succeeded before");
    }
    if (batch.seq == head_.seq && batch.hash != head_.hash) {
      return fault(batch.seq, -1, "chain: the market's head tells of another batch");
    }
    last_seq_ = batch.seq;
    last_hash_ = batch.hash;
    if (batch.epoch > report_.epoch) {
      report_.epoch = batch.epoch;
      report_.epoch_since = batch.seq;
    }
    report_.auctions += std::ssize(batch.auctions);
    report_.log_bytes += std::ssize(batch.body);
    for (auto const& auction : batch.auctions) {
      report_.auction_bytes += std::ssize(auction.record);
    }
    auto const body = read_body(batch.body);
    if (!body) return fault(batch.seq, -1, "body: it cannot be read");
    if (scope_ == ReplayScope::decisions) return run(batch, *body);
    report_.commands += std::ssize(body->items);
    return true;
  }

  /// After the last batch. `head` is as young as that or younger.
  void end(storage::MarketHead const& head) {
    if (last_seq_ < head_.seq) {
      fault(last_seq_ + 1, -1, "chain: a batch is missing");
    } else if (last_seq_ > head.seq) {
      fault(head.seq + 1, -1, "chain: the market's head does not tell of this batch");
    }
  }

  [[nodiscard]] std::int64_t next_seq() const { return last_seq_ + 1; }
  [[nodiscard]] std::string const& last_hash() const { return last_hash_; }
  [[nodiscard]] ReplayReport const& report() const { return report_; }

 private:
  bool fault(std::int64_t seq, std::int64_t n, std::string what) {
    report_.fault = ReplayFault{seq, n, std::move(what)};
    return false;
  }

  /// The list of all bidders was written otherwise in format 1, so its digest tells nothing now;
  /// the chain has covered it. All else of the record must be as decided.
  static bool same_record(std::string const& stored, AuctionHeld const& held,
                          std::uint32_t format) {
    if (format >= 2) return stored == auction_record(held, format);
    auto recorded = open_auction_record(stored);
    if (!recorded) return false;
    auto decided = held;
    recorded->book.clear();
    decided.book.clear();
    return encode_value(*recorded, format) == encode_value(decided, format);
  }

  bool run(storage::StoredBatch const& batch, CommitBody const& body) {
    std::size_t auction = 0;
    for (std::size_t n = 0; n < body.items.size(); ++n) {
      auto const& item = body.items[n];
      auto applied = engine_.apply(from_unix_micros(item.at_us), item.command);
      ++report_.commands;
      report_.sales += std::ssize(applied.outcome.sold);
      for (auto const& effect : applied.effects) {
        auto const* held = std::get_if<AuctionHeld>(&effect);
        if (held == nullptr) continue;
        bool const same = auction < batch.auctions.size() &&
                          batch.auctions[auction].auction_no == held->auction_no &&
                          same_record(batch.auctions[auction].record, *held, body.format);
        if (!same) return fault(batch.seq, static_cast<std::int64_t>(n), "auction");
        ++auction;
      }
      auto recorded = item.outcome;
      for (auto& sold : recorded.sold) sold.fee_micros = kNone;  // the books' to say
      if (std::holds_alternative<PostPing>(item.command)) recorded.micros = kNone;
      if (encode_value(recorded, body.format) != encode_value(applied.outcome, body.format)) {
        return fault(batch.seq, static_cast<std::int64_t>(n), "outcome");
      }
      if (encode_value(item.effects, body.format) !=
          encode_value(log_form(std::move(applied.effects)), body.format)) {
        return fault(batch.seq, static_cast<std::int64_t>(n), "effects");
      }
    }
    if (auction != batch.auctions.size()) return fault(batch.seq, -1, "auction");
    return true;
  }

  ReplayScope const scope_;
  storage::MarketHead const head_;
  Engine engine_;
  std::int64_t last_seq_{};
  std::string last_hash_ = std::string(kHashBytes, '\0');
  ReplayReport report_;
};

}  // namespace

Result<ReplayReport, storage::MarketStoreError> replay(storage::MarketStore& store, MarketNo market,
                                                       ReplayScope scope) {
  auto const before = store.head(market);
  if (!before) return refuse(before.error());
  Replayer replayer{scope, *before};
  for (;;) {
    auto const page = store.batches(market, replayer.next_seq(), kPage, replayer.last_hash());
    if (!page) return refuse(page.error());
    for (auto const& batch : *page) {
      if (!replayer.take(batch)) return replayer.report();
    }
    if (std::ssize(*page) < kPage) break;
  }
  auto const after = store.head(market);
  if (!after) return refuse(after.error());
  replayer.end(*after);
  return replayer.report();
}

}  // namespace leadex::market
