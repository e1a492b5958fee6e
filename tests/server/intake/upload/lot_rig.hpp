#pragma once
// LotRig: a database with one market in the hands of a host, and everything an upload needs, for
// tests of uploads and lots. The market asks for the attributes of tests/support/lead_file.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <pqxx/pqxx>
#include <random>
#include <string>

#include "server/app/claim_check.hpp"
#include "server/app/close_upload.hpp"
#include "server/app/draw_sample.hpp"
#include "server/app/finish_lot.hpp"
#include "server/app/lot_upkeep.hpp"
#include "server/app/record_verdict.hpp"
#include "server/intake/batch_upload.hpp"
#include "server/market/market_host.hpp"
#include "server/storage/postgres/lot_store.hpp"
#include "server/storage/postgres/number_ranges.hpp"
#include "tests/support/bank_contacts.hpp"
#include "tests/support/lead_file.hpp"
#include "tests/support/test_database.hpp"

namespace leadex::test {

/// Settings of a market that such files fit.
[[nodiscard]] market::MarketSettings bank_settings();

/// People with made-up attributes, for files of any length without the shared data.
[[nodiscard]] std::vector<BankContact> plain_contacts();

/// Bytes cut at random places; with `cut_at`, the peer goes away there.
class TextSource final : public intake::UploadSource {
 public:
  TextSource(std::string text, std::uint64_t seed, std::optional<std::size_t> cut_at = {})
      : text_(std::move(text)), random_(seed), cut_at_(cut_at) {}
  boost::asio::awaitable<Result<std::size_t, intake::SourceFault>> read_some(
      std::span<char> into) override;

 private:
  std::string text_;
  std::mt19937_64 random_;
  std::optional<std::size_t> cut_at_;
  std::size_t at_{};
};

class LotRig {
 public:
  static constexpr MarketNo kMarket = 7;
  static constexpr std::int64_t kGenerator = 11;
  static constexpr app::Actor kVerifier{.principal_no = 31, .tenant_no = 30};

  /// @param definition  JSON of the market's version, for what its settings do not hold
  explicit LotRig(std::string const& definition = "{}");
  ~LotRig();

  /// Runs to its end on a loop of its own.
  template <class T>
  T run(boost::asio::awaitable<T> work) {
    boost::asio::io_context loop;
    auto done = boost::asio::co_spawn(loop, std::move(work), boost::asio::use_future);
    loop.run();
    return done.get();
  }

  [[nodiscard]] std::unique_ptr<market::MarketHost> make_host(std::string process);
  [[nodiscard]] app::LotServices lots() { return {store, numbers, ring, *host}; }
  [[nodiscard]] intake::UploadRequest request(storage::BatchFormat format, bool gzip = false);
  [[nodiscard]] LeadFile file(std::uint64_t rows, std::uint64_t seed, std::uint64_t fault_bp,
                              LeadFormat format = LeadFormat::csv) const;
  /// All of a file's bytes.
  [[nodiscard]] static std::string text_of(LeadFile const& file, std::uint64_t rows);

  /// Uploads and closes. Fails the test when it is refused.
  storage::Batch upload(std::string text, storage::BatchFormat format = storage::BatchFormat::csv,
                        std::uint64_t seed = 1, bool gzip = false);
  [[nodiscard]] storage::Batch batch(BatchId id);
  [[nodiscard]] std::vector<storage::SpotCheck> checks(BatchId id);
  [[nodiscard]] std::vector<storage::RowReject> rejects(BatchId id);
  /// Claims the check and says so; where nobody was reached twice today, tomorrow.
  app::VerdictTaken judge(CheckId check, storage::CheckVerdict verdict,
                          app::Actor actor = kVerifier);
  [[nodiscard]] storage::SourceStanding source();
  void save_source(storage::SourceStanding const& source);
  [[nodiscard]] std::optional<storage::LotPlan> plan(BatchId id);
  /// Judges until the lot is decided: `verdict_of` a row's number.
  storage::Batch judge_all(BatchId id,
                           std::function<storage::CheckVerdict(std::int64_t)> verdict_of);

  [[nodiscard]] std::int64_t number(std::string const& query);

  std::chrono::hours ahead{};  // of the clock that lots are judged by

  [[nodiscard]] static Timestamp system_now();

  TestDatabase files;
  privacy::KeyRing ring{crypto::Secret(std::string(32, 'k'))};
  storage::postgres::Pool pool{{.session = {.conninfo = files.app()}, .threads = 3}};
  storage::postgres::PostgresNumberRanges numbers{{.conninfo = files.app()}, pool};
  storage::postgres::PostgresLotStore store{pool, ring, [this] { return system_now() + ahead; }};
  std::unique_ptr<market::MarketHost> host;
  intake::DisposableDomains disposable;
  intake::CpuPool cpu{2};
  std::unique_ptr<intake::UploadServices> uploads;
  std::unique_ptr<app::LotFinisher> finisher;
};

}  // namespace leadex::test
