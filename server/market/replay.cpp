#include "server/market/replay.hpp"

#include "matching/market/engine.hpp"
#include "server/market/commit_body.hpp"

namespace leadex::market {

namespace {

constexpr std::int32_t kPage = 256;
constexpr std::size_t kHashBytes = 32;

class Replayer {
 public:
  explicit Replayer(ReplayScope scope) : scope_(scope) {}

  /// False at the first fault.
  bool take(storage::StoredBatch const& batch) {
    ++report_.batches;
    if (batch.seq != last_seq_ + 1) return fault(last_seq_ + 1, -1, "chain: a batch is missing");
    if (batch.hash != batch.expected_hash) {
      return fault(batch.seq, -1, "chain: the batch, a transfer or an auction of it was changed");
    }
    last_seq_ = batch.seq;
    last_hash_ = batch.hash;
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

  [[nodiscard]] std::int64_t next_seq() const { return last_seq_ + 1; }
  [[nodiscard]] std::string const& last_hash() const { return last_hash_; }
  [[nodiscard]] ReplayReport const& report() const { return report_; }

 private:
  bool fault(std::int64_t seq, std::int64_t n, std::string what) {
    report_.fault = ReplayFault{seq, n, std::move(what)};
    return false;
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
                          batch.auctions[auction].record == auction_record(*held);
        if (!same) return fault(batch.seq, static_cast<std::int64_t>(n), "auction");
        ++auction;
      }
      auto recorded = item.outcome;
      for (auto& sold : recorded.sold) sold.fee_micros = kNone;  // the books' to say
      if (encode_value(recorded) != encode_value(applied.outcome)) {
        return fault(batch.seq, static_cast<std::int64_t>(n), "outcome");
      }
      if (encode_value(item.effects) != encode_value(log_form(std::move(applied.effects)))) {
        return fault(batch.seq, static_cast<std::int64_t>(n), "effects");
      }
    }
    if (auction != batch.auctions.size()) return fault(batch.seq, -1, "auction");
    return true;
  }

  ReplayScope const scope_;
  Engine engine_;
  std::int64_t last_seq_{};
  std::string last_hash_ = std::string(kHashBytes, '\0');
  ReplayReport report_;
};

}  // namespace

Result<ReplayReport, storage::MarketStoreError> replay(storage::MarketStore& store, MarketNo market,
                                                       ReplayScope scope) {
  Replayer replayer{scope};
  for (;;) {
    auto const page = store.batches(market, replayer.next_seq(), kPage, replayer.last_hash());
    if (!page) return refuse(page.error());
    for (auto const& batch : *page) {
      if (!replayer.take(batch)) return replayer.report();
    }
    if (std::ssize(*page) < kPage) return replayer.report();
  }
}

}  // namespace leadex::market
