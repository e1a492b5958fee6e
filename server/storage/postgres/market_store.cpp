#include "server/storage/market_store.hpp"

#include <pqxx/pqxx>

#include "billing/values/check.hpp"
#include "server/storage/postgres/market_chain.hpp"
#include "server/storage/postgres/market_loader.hpp"
#include "server/storage/postgres/market_pipeline.hpp"

namespace leadex::storage {

namespace {

std::string bytes_of(pqxx::field const& field) { return pqxx::binarystring{field}.str(); }

class PostgresMarketStore final : public MarketStore {
 public:
  explicit PostgresMarketStore(std::string database) : database_(std::move(database)) {}

  std::shared_ptr<PreparedBatch const> prepare(std::int64_t market_id, BatchRows const& rows,
                                               ClaimGuard const& guard,
                                               std::string const& previous_hash) const override {
    return postgres::prepare_batch(market_id, rows, guard, previous_hash);
  }
  std::unique_ptr<CommitPipeline> open_pipeline(std::int64_t market_id, std::int64_t committed_seq,
                                                Report report) override {
    return postgres::make_pipeline(database_, market_id, committed_seq, std::move(report));
  }

  Result<std::vector<MarketRow>, MarketStoreError> markets() override {
    return guarded<std::vector<MarketRow>>([&](pqxx::connection& connection) {
      pqxx::read_transaction work{connection};
      std::vector<MarketRow> all;
      for (auto const& row :
           work.exec("select m.market_id, m.name, m.status, coalesce(l.owner, '') from "
                     "leadex.market m left "
                     "join leadex.market_lease l using (market_id) order by m.market_id")) {
        all.push_back({row[0].as<std::int64_t>(), row[1].as<std::string>(),
                       row[2].as<std::string>(), row[3].as<std::string>()});
      }
      return Result<std::vector<MarketRow>, MarketStoreError>{std::move(all)};
    });
  }

  Result<std::int64_t, MarketStoreError> take_over(std::int64_t market_id,
                                                   std::string const& process,
                                                   std::int64_t lease_ms) override {
    return guarded<std::int64_t>([&](pqxx::connection& connection)
                                     -> Result<std::int64_t, MarketStoreError> {
      pqxx::work work{connection};
      auto const taken = work.exec_params(
          "insert into leadex.market_lease as l (market_id, epoch, owner, beat_at) values ($1, 0, "
          "$2, now()) on conflict (market_id) do update set owner = $2, beat_at = now() where "
          "l.owner = $2 or l.beat_at < now() - $3 * interval '1 millisecond' returning market_id",
          market_id, process, lease_ms);
      if (taken.empty()) return refuse(MarketStoreError::lost);
      // The row lock waits for a backend whose COMMIT is in doubt.
      auto const epoch = work.exec_params1(
          "update leadex.market_head set epoch = epoch + 1 where market_id = $1 returning epoch",
          market_id)[0];
      work.exec_params("update leadex.market_lease set epoch = $2 where market_id = $1", market_id,
                       epoch.as<std::int64_t>());
      auto const number = epoch.as<std::int64_t>();
      work.commit();
      return number;
    });
  }

  Result<std::vector<std::int64_t>, MarketStoreError> beat(std::vector<std::int64_t> const& markets,
                                                           std::string const& process) override {
    using Lost = std::vector<std::int64_t>;
    return guarded<Lost>([&](pqxx::connection& connection) -> Result<Lost, MarketStoreError> {
      Lost lost;
      pqxx::work work{connection};
      for (auto const market_id : markets) {
        auto const done = work.exec_params(
            "update leadex.market_lease set beat_at = now() where market_id = $1 and owner = $2",
            market_id, process);
        if (done.affected_rows() == 0) lost.push_back(market_id);
      }
      work.commit();
      return lost;
    });
  }

  void give_up(std::int64_t market_id, std::string const& process) override {
    (void)guarded<bool>([&](pqxx::connection& connection) -> Result<bool, MarketStoreError> {
      pqxx::work work{connection};
      work.exec_params("delete from leadex.market_lease where market_id = $1 and owner = $2",
                       market_id, process);
      work.commit();
      return true;
    });
  }

  Result<Resolved, MarketStoreError> resolve(std::int64_t market_id, std::int64_t epoch,
                                             std::string const& process) override {
    return guarded<Resolved>(
        [&](pqxx::connection& connection) -> Result<Resolved, MarketStoreError> {
          pqxx::work work{connection};
          auto const row = work.exec_params(
              "update leadex.market_head set epoch = epoch + 1 where market_id = $1 and epoch = "
              "$2 returning epoch, seq",
              market_id, epoch);
          if (row.empty()) return Resolved{};
          Resolved resolved{true, row[0][0].as<std::int64_t>(), row[0][1].as<std::int64_t>()};
          work.exec_params(
              "update leadex.market_lease set epoch = $2 where market_id = $1 and owner = $3",
              market_id, resolved.epoch, process);
          work.commit();
          return resolved;
        });
  }

  Result<LoadedMarket, MarketStoreError> load(std::int64_t market_id,
                                              std::int64_t now_us) override {
    return guarded<LoadedMarket>(
        [&](pqxx::connection& connection) -> Result<LoadedMarket, MarketStoreError> {
          pqxx::transaction<pqxx::repeatable_read> work{connection};
          return postgres::load_market(work, market_id, now_us);
        });
  }

  Result<std::vector<SettingsVersion>, MarketStoreError> versions_after(
      std::int64_t market_id, std::int32_t version) override {
    using Versions = std::vector<SettingsVersion>;
    return guarded<Versions>([&](pqxx::connection& connection) {
      pqxx::read_transaction work{connection};
      Versions all;
      for (auto const& row : work.exec_params(
               "select " LEADEX_VERSION_COLUMNS
               " from leadex.market_version where market_id = $1 and version > $2 order by version",
               market_id, version)) {
        all.push_back(postgres::read_version(row));
      }
      return Result<Versions, MarketStoreError>{std::move(all)};
    });
  }

  Result<MarketHead, MarketStoreError> head(std::int64_t market_id) override {
    return guarded<MarketHead>([&](pqxx::connection& connection) {
      pqxx::read_transaction work{connection};
      auto const row = work.exec_params1(
          "select epoch, seq, hash, last_at_us from leadex.market_head where market_id = $1",
          market_id);
      return Result<MarketHead, MarketStoreError>{
          MarketHead{row[0].as<std::int64_t>(), row[1].as<std::int64_t>(), bytes_of(row[2]),
                     row[3].as<std::int64_t>()}};
    });
  }

  Result<std::vector<StoredBatch>, MarketStoreError> batches(
      std::int64_t market_id, std::int64_t from_seq, std::int32_t limit,
      std::string const& previous_hash) override {
    using Batches = std::vector<StoredBatch>;
    return guarded<Batches>([&](pqxx::connection& connection) {
      pqxx::transaction<pqxx::repeatable_read> work{connection};
      return Result<Batches, MarketStoreError>{
          read_batches(work, market_id, from_seq, limit, previous_hash)};
    });
  }

 private:
  static std::vector<StoredBatch> read_batches(pqxx::transaction_base& work, std::int64_t market_id,
                                               std::int64_t from_seq, std::int32_t limit,
                                               std::string previous) {
    std::vector<StoredBatch> all;
    auto const heads = work.exec_params(
        "select seq, epoch, at_us, hash, body from leadex.commit_batch where market_id = $1 and "
        "seq >= $2 order by seq limit $3",
        market_id, from_seq, limit);
    if (heads.empty()) return all;
    auto const last = heads.back()[0].as<std::int64_t>();
    auto const transfers = work.exec_params(
        "select batch_seq, n, debit, credit, amount, code, phase, lead_no, slot, pending_seq, "
        "pending_n from leadex.transfer where market_id = $1 and batch_seq between $2 and $3 order "
        "by batch_seq, n",
        market_id, from_seq, last);
    auto const auctions = work.exec_params(
        "select batch_seq, auction_no, lead_no, record from leadex.auction where market_id = $1 "
        "and batch_seq between $2 and $3 order by batch_seq, auction_no",
        market_id, from_seq, last);
    auto transfer = transfers.begin();
    auto auction = auctions.begin();
    for (auto const& row : heads) {
      StoredBatch batch;
      batch.seq = row[0].as<std::int64_t>();
      batch.epoch = row[1].as<std::int64_t>();
      batch.at_us = row[2].as<std::int64_t>();
      batch.hash = bytes_of(row[3]);
      auto const stored = bytes_of(row[4]);
      std::vector<TransferRow> rows;
      for (; transfer != transfers.end() && (*transfer)[0].as<std::int64_t>() == batch.seq;
           ++transfer) {
        rows.push_back(read_transfer(*transfer));
      }
      for (; auction != auctions.end() && (*auction)[0].as<std::int64_t>() == batch.seq;
           ++auction) {
        batch.auctions.push_back({(*auction)[1].as<std::int64_t>(),
                                  (*auction)[2].as<std::int64_t>(), bytes_of((*auction)[3])});
      }
      batch.expected_hash = postgres::chain_hash(
          previous, {market_id, batch.seq, batch.at_us, stored, postgres::transfers_digest(rows),
                     postgres::auctions_digest(batch.auctions)});
      if (auto opened = postgres::open_body(stored)) {
        batch.body = std::move(opened->body);
        batch.rest_digest = std::move(opened->rest_digest);
      }
      previous = batch.hash;
      all.push_back(std::move(batch));
    }
    return all;
  }

  static TransferRow read_transfer(pqxx::row const& row) {
    TransferRow read;
    read.n = row[1].as<std::int32_t>();
    auto& t = read.transfer;
    t.debit = row[2].as<std::int64_t>();
    t.credit = row[3].as<std::int64_t>();
    t.amount = Money{row[4].as<std::int64_t>()};
    t.code = static_cast<TransferCode>(row[5].as<int>());
    t.phase = static_cast<Phase>(row[6].as<int>());
    t.lead_no = row[7].as<std::int64_t>();
    t.slot = row[8].as<std::int32_t>();
    if (!row[9].is_null()) {
      t.pending = TransferRef{row[9].as<std::int64_t>(), row[10].as<std::int32_t>()};
    }
    return read;
  }

  /// A fresh connection per call: these are rare, and a fresh one is what resolve() needs. A
  /// process that is stopped in the middle must not keep the lease's row from who takes over.
  template <class T, class Job>
  Result<T, MarketStoreError> guarded(Job job) {
    try {
      pqxx::connection connection{database_};
      pqxx::nontransaction{connection}.exec0("set idle_in_transaction_session_timeout = '20s'");
      return job(connection);
    } catch (pqxx::unexpected_rows const&) {
      return refuse(MarketStoreError::not_found);
    } catch (pqxx::failure const&) {
      return refuse(MarketStoreError::unavailable);
    }
  }

  std::string const database_;
};

}  // namespace

std::unique_ptr<MarketStore> make_market_store(std::string database) {
  return std::make_unique<PostgresMarketStore>(std::move(database));
}

}  // namespace leadex::storage
