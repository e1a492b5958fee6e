// A log that an older version of this program wrote is replayed as it was decided.

#include "server/market/commit_body.hpp"
#include "server/market/replay.hpp"
#include "tests/server/market/market_fixture.hpp"

namespace leadex::market {
namespace {

/// Hands out the batches of another store as a program of an older format would have written them.
class OlderStore final : public storage::MarketStore {
 public:
  OlderStore(storage::MarketStore& store, std::uint32_t format) : store_(store), format_(format) {}

  Result<std::vector<storage::StoredBatch>, storage::MarketStoreError> batches(
      std::int64_t market_id, std::int64_t from_seq, std::int32_t limit,
      std::string const& previous_hash) override {
    auto found = store_.batches(market_id, from_seq, limit, previous_hash);
    if (!found) return found;
    for (auto& batch : *found) {
      auto body = read_body(batch.body);
      EXPECT_TRUE(body.has_value());
      body->format = format_;
      batch.body = encode_value(*body, format_);
      for (auto& auction : batch.auctions) {
        auto const held = open_auction_record(auction.record);
        EXPECT_TRUE(held.has_value());
        auction.record = encode_value(*held, format_);
      }
    }
    return found;
  }
  Result<storage::MarketHead, storage::MarketStoreError> head(std::int64_t market_id) override {
    return store_.head(market_id);
  }

  std::shared_ptr<storage::PreparedBatch const> prepare(std::int64_t market_id,
                                                        storage::BatchRows const& rows,
                                                        storage::ClaimGuard const& guard,
                                                        std::string const& hash) const override {
    return store_.prepare(market_id, rows, guard, hash);
  }
  std::unique_ptr<storage::CommitPipeline> open_pipeline(std::int64_t market_id, std::int64_t seq,
                                                         Report report) override {
    return store_.open_pipeline(market_id, seq, std::move(report));
  }
  Result<std::vector<storage::MarketRow>, storage::MarketStoreError> markets() override {
    return store_.markets();
  }
  Result<std::int64_t, storage::MarketStoreError> take_over(std::int64_t market_id,
                                                            std::string const& process,
                                                            std::int64_t lease_ms) override {
    return store_.take_over(market_id, process, lease_ms);
  }
  Result<std::vector<std::int64_t>, storage::MarketStoreError> beat(
      std::vector<std::int64_t> const& markets, std::string const& process) override {
    return store_.beat(markets, process);
  }
  void give_up(std::int64_t market_id, std::string const& process) override {
    store_.give_up(market_id, process);
  }
  Result<storage::Resolved, storage::MarketStoreError> resolve(
      std::int64_t market_id, std::int64_t epoch, std::string const& process) override {
    return store_.resolve(market_id, epoch, process);
  }
  Result<storage::LoadedMarket, storage::MarketStoreError> load(std::int64_t market_id,
                                                                std::int64_t now_us) override {
    return store_.load(market_id, now_us);
  }
  Result<std::vector<storage::SettingsVersion>, storage::MarketStoreError> versions_after(
      std::int64_t market_id, std::int32_t version) override {
    return store_.versions_after(market_id, version);
  }

 private:
  storage::MarketStore& store_;
  std::uint32_t format_;
};

TEST_F(MarketFixture, ALogOfAnyFormatSinceTheSecondReplays) {
  {
    auto const first = host();
    auto const schema = targeting::Schema::make(MarketRun::rules().attributes).value();
    auto const bytes = targeting::encode(targeting::all_of({}), schema, {});
    for (std::int64_t no = 1; no <= 2; ++no) {
      UpsertCampaign upsert;
      upsert.campaign_no = upsert.buyer_no = no;
      upsert.version = 1;
      upsert.terms.bid_micros = (3 + no) * kUnit;
      upsert.terms.targeting = {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
      ASSERT_TRUE(run(*first, upsert).has_value());
      ASSERT_TRUE(run(*first, FundBudget{{no, no}, no, 500 * kUnit}).has_value());
    }
    for (std::int64_t lead = 1; lead <= 5; ++lead) {
      auto const done = run(*first, plain_offer(lead));
      ASSERT_TRUE(done.has_value());
      ASSERT_FALSE(done->outcome.sold.empty());
    }
    first->stop();
  }
  auto const store = storage::make_market_store(database_.app());
  for (std::uint32_t format = 2; format <= kFormat; ++format) {
    OlderStore older{*store, format};
    auto const report = replay(older, kMarket, ReplayScope::decisions);
    ASSERT_TRUE(report.has_value());
    EXPECT_FALSE(report->fault.has_value())
        << "format " << format << ": " << report->fault->what << " at " << report->fault->seq;
    EXPECT_EQ(report->auctions, 5);
  }
}

}  // namespace
}  // namespace leadex::market
