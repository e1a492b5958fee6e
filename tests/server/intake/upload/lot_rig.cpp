#include "tests/server/intake/upload/lot_rig.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <stdexcept>

#include "matching/market/codec.hpp"
#include "server/json/value.hpp"

namespace leadex::test {
namespace {

using boost::asio::awaitable;

Timestamp now() { return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now()); }

targeting::AttributeDef def_of(std::string_view name, json::Value const& schema) {
  targeting::AttributeDef def;
  def.name = name;
  auto const type = json::text_of(*json::find_member(schema, "type"));
  if (type == "boolean") def.type = targeting::AttributeType::boolean;
  if (type == "integer") {
    def.type = targeting::AttributeType::integer;
    def.minimum = json::find_member(schema, "minimum")->GetInt64();
    def.maximum = json::find_member(schema, "maximum")->GetInt64();
  }
  if (auto const* choices = json::find_member(schema, "enum")) {
    def.type = targeting::AttributeType::choice;
    for (auto const& choice : choices->GetArray()) {
      def.choices.emplace_back(json::text_of(choice));
    }
  }
  return def;
}

awaitable<Result<void, storage::StoreError>> refill(app::LotServices lots, MarketNo market) {
  auto const added = co_await app::refill_commitments(lots, market);
  if (!added) co_return refuse(added.error());
  co_return Result<void, storage::StoreError>{};
}

/// Where a variant of errors stands, and the number of the one inside.
template <class... E>
std::string number_of(std::variant<E...> const& error) {
  auto const code =
      std::visit([](auto const& held) { return std::to_string(static_cast<int>(held)); }, error);
  return std::to_string(error.index()) + '/' + code;
}
std::string number_of(storage::StoreError error) { return std::string{text(error)}; }
std::string number_of(intake::UploadFailure const& failure) { return number_of(failure.reason); }

template <class T, class E>
T need(Result<T, E> result, std::string const& what) {
  if (!result) throw std::runtime_error(what + ": " + number_of(result.error()));
  return std::move(*result);
}

}  // namespace

market::MarketSettings bank_settings() {
  auto const document = json::parse(bank_market_attributes_json());
  market::MarketSettings settings;
  settings.rules.version = 1;
  settings.rules.max_shares = 1;
  settings.rules.reserve_micros = kMicrosPerUnit;
  settings.rules.listing_ttl_us = 30LL * 86'400 * 1'000'000;
  settings.rules.listing_auction_us = 86'400LL * 1'000'000;
  settings.rules.return_window_us = settings.rules.listing_auction_us;
  settings.rules.delivery_deadline_us = 300LL * 1'000'000;
  for (auto const& member : json::find_member(*document, "properties")->GetObject()) {
    auto const name = json::text_of(member.name);
    settings.rules.attributes.push_back(def_of(name, member.value));
    bool required = false;
    for (auto const& needed : json::find_member(*document, "required")->GetArray()) {
      required = required || json::text_of(needed) == name;
    }
    settings.required.push_back(required ? 1 : 0);
  }
  settings.visibility.assign(settings.rules.attributes.size(), market::Visibility::exact);
  settings.currency = "USD";
  settings.country = "US";
  settings.commission_bp = 1500;
  settings.holdback_bp = 1000;
  settings.dedupe_us = 90LL * 86'400 * 1'000'000;
  settings.consent_age_max_us = 90LL * 86'400 * 1'000'000;
  settings.acceptable_bp = 100;
  settings.rejectable_bp = 500;
  settings.seller_risk_bp = 500;
  settings.buyer_risk_bp = 1000;
  settings.unreachable_max_bp = 7000;
  return settings;
}

std::vector<BankContact> plain_contacts() {
  BankContact contact;
  contact.age = 40;
  contact.job = "technician";
  contact.marital = "single";
  contact.education = "primary";
  contact.balance = 100;
  contact.channel = "cellular";
  contact.calls = 1;
  auto other = contact;
  other.age = 61;
  other.job = "retired";
  other.housing = true;
  return {contact, other};
}

awaitable<Result<std::size_t, intake::SourceFault>> TextSource::read_some(std::span<char> into) {
  auto const end = std::min(text_.size(), cut_at_.value_or(text_.size()));
  if (at_ == end && cut_at_) co_return refuse(intake::SourceFault::disconnected);
  auto const wanted = 1 + random_() % (random_() % 3 == 0 ? 50 : 9000);
  auto const size = std::min({static_cast<std::size_t>(wanted), into.size(), end - at_});
  text_.copy(into.data(), size, at_);
  at_ += size;
  co_return size;
}

Timestamp LotRig::system_now() { return now(); }

LotRig::LotRig(std::string const& definition) {
  pqxx::connection connection{files.owner()};
  pqxx::work work{connection};
  work.exec_params(
      "insert into leadex.market (market_id, name, title, currency, country) values ($1, "
      "'bank.us.usd', 'Test', 'USD', 'US')",
      kMarket);
  auto const bytes = market::encode_value(bank_settings());
  work.exec_params("insert into leadex.market_version values ($1, 1, $3, $2, 0)", kMarket,
                   pqxx::binarystring{bytes}, definition);
  work.exec_params(
      "insert into leadex.market_head values ($1, 0, 0, decode(repeat('00', 32), 'hex'), 0)",
      kMarket);
  work.commit();
  host = make_host("first");
  uploads = std::make_unique<intake::UploadServices>(intake::UploadServices{
      store, numbers, ring, disposable, cpu, {}, now, [this](MarketNo market) {
        return refill(lots(), market);
      }});
  finisher = std::make_unique<app::LotFinisher>(lots());
}

LotRig::~LotRig() {
  if (host) host->stop();
  cpu.stop();
  pool.stop();
}

std::unique_ptr<market::MarketHost> LotRig::make_host(std::string process) {
  market::HostOptions options;
  options.database = files.app();
  options.process_name = std::move(process);
  auto made = market::make_market_host(std::move(options));
  made->start();
  EXPECT_TRUE(made->find(kMarket)->ready());
  return made;
}

intake::UploadRequest LotRig::request(storage::BatchFormat format, bool gzip) {
  auto const actor = host->find(kMarket);
  return {.market = actor,
          .settings = actor->settings(),
          .tenant_no = kGenerator,
          .format = format,
          .packing = gzip ? intake::Packing::gzip : intake::Packing::none};
}

LeadFile LotRig::file(std::uint64_t rows, std::uint64_t seed, std::uint64_t fault_bp,
                      LeadFormat format) const {
  return LeadFile{
      plain_contacts(),
      {.rows = rows, .seed = seed, .now = now(), .fault_bp = fault_bp, .format = format}};
}

std::string LotRig::text_of(LeadFile const& file, std::uint64_t rows) {
  auto text = file.header();
  for (std::uint64_t row = 1; row <= rows; ++row) text += file.row(row).text;
  return text;
}

storage::Batch LotRig::upload(std::string text, storage::BatchFormat format, std::uint64_t seed,
                              bool gzip) {
  TextSource source{std::move(text), seed};
  auto const wanted = request(format, gzip);
  auto const result = need(run(intake::upload_batch(*uploads, wanted, source)), "upload refused");
  app::CloseUpload closing{.batch = *result.batch,
                           .file_sha256 = result.file_sha256,
                           .bytes = result.bytes,
                           .settings = wanted.settings,
                           .actor = {.principal_no = 12, .tenant_no = kGenerator},
                           .key = std::nullopt,
                           .picture = result.picture,
                           .render = {}};
  return need(run(app::close_upload(lots(), std::move(closing))), "upload not closed");
}

storage::Batch LotRig::batch(BatchId id) {
  auto job = [id](storage::LotTx& tx) { return *tx.batches().find(id, {.staff = true}); };
  return need(run(store.transact(job)), "batch not read");
}

std::vector<storage::SpotCheck> LotRig::checks(BatchId id) {
  auto job = [id](storage::LotTx& tx) { return tx.lots().checks(id); };
  return need(run(store.transact(job)), "checks not read");
}

std::vector<storage::RowReject> LotRig::rejects(BatchId id) {
  auto job = [id](storage::LotTx& tx) { return tx.batches().rejects(id, {}, 100'000); };
  return need(run(store.transact(job)), "rejects not read");
}

app::VerdictTaken LotRig::judge(CheckId check, storage::CheckVerdict verdict, app::Actor actor) {
  auto look = [check](storage::LotTx& tx) {
    auto const until = tx.inspection().turn(check).rest_until;
    return until && *until > tx.now();
  };
  if (need(run(store.transact(look)), "check not read")) ahead += std::chrono::hours{24};
  static_cast<void>(need(run(app::claim_check(lots(), check, actor)), "claim refused"));
  app::GivenVerdict given{.check = check, .verdict = verdict, .reason = "confirmed"};
  return need(run(app::record_verdict(lots(), std::move(given), actor)), "verdict refused")
      .fresh.value();
}

storage::SourceStanding LotRig::source() {
  auto job = [](storage::LotTx& tx) { return tx.inspection().source(kMarket, kGenerator); };
  return need(run(store.transact(job)), "source not read");
}

void LotRig::save_source(storage::SourceStanding const& source) {
  auto job = [source](storage::LotTx& tx) {
    static_cast<void>(tx.inspection().source_locked(kMarket, source.tenant_no));
    tx.inspection().save_source(kMarket, source);
    return true;
  };
  static_cast<void>(need(run(store.transact(job)), "source not saved"));
}

std::optional<storage::LotPlan> LotRig::plan(BatchId id) {
  auto job = [id](storage::LotTx& tx) { return tx.inspection().plan(id); };
  return need(run(store.transact(job)), "plan not read");
}

storage::Batch LotRig::judge_all(BatchId id,
                                 std::function<storage::CheckVerdict(std::int64_t)> verdict_of) {
  for (;;) {
    for (auto const& check : checks(id)) {
      if (check.status == storage::CheckStatus::done) continue;
      auto const taken = judge(check.id, verdict_of(check.row_no));
      if (taken.batch.decision != storage::LotDecision::pending) return taken.batch;
      if (taken.batch.needs_admin) return taken.batch;
      if (taken.stand_in_needed) {
        static_cast<void>(need(run(app::extend_draw(lots(), id)), "no stand-in"));
        break;
      }
    }
  }
}

std::int64_t LotRig::number(std::string const& query) {
  pqxx::connection connection{files.owner()};
  pqxx::read_transaction work{connection};
  return work.exec1(query)[0].as<std::int64_t>(0);
}

}  // namespace leadex::test
