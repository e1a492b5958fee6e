#include "server/program/exchange.hpp"

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <filesystem>
#include <stdexcept>

#include "server/api/api.hpp"
#include "server/api/v1/click_services.hpp"
#include "server/api/v1/code_messages.hpp"
#include "server/api/v1/code_pages.hpp"
#include "server/api/v1/delivery_services.hpp"
#include "server/api/v1/form_mails.hpp"
#include "server/api/v1/form_services.hpp"
#include "server/api/v1/form_token.hpp"
#include "server/api/v1/fraud_services.hpp"
#include "server/api/v1/http_verifier.hpp"
#include "server/api/v1/intake_services.hpp"
#include "server/api/v1/privacy_services.hpp"
#include "server/api/v1/source_services.hpp"
#include "server/api/v1/trade_services.hpp"
#include "server/app/audit_heads.hpp"
#include "server/app/init_exchange.hpp"
#include "server/app/key_epochs.hpp"
#include "server/app/realtime_checks.hpp"
#include "server/app/realtime_credits.hpp"
#include "server/app/retention.hpp"
#include "server/auth/api_key_mint.hpp"
#include "server/delivery/bid_requests.hpp"
#include "server/delivery/fan_out.hpp"
#include "server/delivery/postback_sender.hpp"
#include "server/delivery/sender.hpp"
#include "server/http/server.hpp"
#include "server/jobs/standing_jobs.hpp"
#include "server/observe/log.hpp"
#include "server/observe/metrics.hpp"
#include "server/program/opened.hpp"
#include "server/program/options.hpp"
#include "server/storage/postgres/bid_targets.hpp"
#include "server/storage/postgres/buyer_rights.hpp"
#include "server/storage/postgres/campaign_reads.hpp"
#include "server/storage/postgres/case_reads.hpp"
#include "server/storage/postgres/clicks.hpp"
#include "server/storage/postgres/conversion_reads.hpp"
#include "server/storage/postgres/deal_reads.hpp"
#include "server/storage/postgres/delivery_store.hpp"
#include "server/storage/postgres/do_not_call.hpp"
#include "server/storage/postgres/forms.hpp"
#include "server/storage/postgres/key_epochs.hpp"
#include "server/storage/postgres/key_listener.hpp"
#include "server/storage/postgres/lead_reads.hpp"
#include "server/storage/postgres/lead_sources.hpp"
#include "server/storage/postgres/ledger_reads.hpp"
#include "server/storage/postgres/lot_store.hpp"
#include "server/storage/postgres/number_ranges.hpp"
#include "server/storage/postgres/passports.hpp"
#include "server/storage/postgres/platform_transaction.hpp"
#include "server/storage/postgres/postback_store.hpp"
#include "server/storage/postgres/postback_tokens.hpp"
#include "server/storage/postgres/privacy_store.hpp"
#include "server/storage/postgres/sale_reads.hpp"
#include "server/storage/postgres/truth_reads.hpp"
#include "server/storage/postgres/upkeep.hpp"

namespace leadex::program {

namespace asio = boost::asio;
namespace pg = storage::postgres;

namespace {

constexpr std::int64_t kLeadNumbers = 8192;  // of one block, for real-time leads
constexpr std::int64_t kIntentNumbers = 64;
constexpr std::chrono::milliseconds kDatabaseWaitMax{5000};  // for a turn at the pool

/// Runs it on a thread of its own, and waits until whoever answered has let go of that thread, too:
/// the pool's threads hold its executor a little longer than the answer takes.
template <class T>
T wait_for(asio::awaitable<T> work) {
  asio::thread_pool once{1};
  auto done = asio::co_spawn(once, std::move(work), asio::use_future);
  once.join();
  return done.get();
}

/// Requests to the log and the metrics.
class RequestObserver final : public http::Observer {
 public:
  explicit RequestObserver(Metrics& metrics) : metrics_(metrics) {}
  void answered(http::Exchange const& exchange) noexcept override {
    auto const spent =
        std::chrono::duration_cast<std::chrono::nanoseconds>(exchange.duration).count();
    metrics_.route(exchange.operation_id.empty() ? "none" : exchange.operation_id, exchange.method)
        .observe(exchange.status, std::chrono::nanoseconds{spent});
    auto line = log::info("http.request", "request answered");
    line.request_id(exchange.request_id)
        .field("operation", exchange.operation_id)
        .field("method", exchange.method)
        .field("status", static_cast<std::int64_t>(exchange.status))
        .field("duration_us", spent / 1000)
        .field("bytes_in", static_cast<std::int64_t>(exchange.bytes_in))
        .field("bytes_out", static_cast<std::int64_t>(exchange.bytes_out));
    if (!exchange.failure.empty()) line.field("failure", exchange.failure);
  }

 private:
  Metrics& metrics_;
};

asio::awaitable<http::Response> answer_metrics(Metrics const& metrics) {
  co_return http::make_response(200, "text/plain; version=0.0.4", metrics.text());
}

}  // namespace

/// In the order in which they are built; what stands later uses what stands before.
struct Exchange::Parts {
  Parts(Settings const& given, std::unique_ptr<privacy::KeyRing> ring)
      : settings(given), keys(std::move(ring)) {
    if (mails && forms.options.mails) {
      form_mails.emplace(context, form_rows, *mails, settings.forms_url);
    }
    code_messages.emplace(context,
                          api::CodeMessages::Services{.lots = {lots, numbers, *keys, *host},
                                                      .persons = privacy_rows,
                                                      .client = webhook_client,
                                                      .mails = mails.get(),
                                                      .public_url = settings.forms_url});
    intake.codes = {settings.forms_url, forms.options.mails};
    add_jobs();
    plain_router.add("GET", "/metrics", "metrics",
                     [this](http::Request&) { return answer_metrics(metrics); });
    context.trade = &trade;
    context.clicks = &clicks;
    context.intake = &intake;
    intake.keep_sources(sources);
    intake.watch(fraud);
    context.delivery = &delivery;
    intake.uploads.do_not_call = &do_not_call;
    intake.forgetting = &forgetting;
    api::register_api(router, context);
    api::register_privacy(router, context, persons);
    api::register_forms(router, context, forms);
    api::register_form_pages(pages_router, context, forms);
    api::register_code_pages(pages_router, context, forms);
    if (settings.forms_port != 0) {
      pages.emplace(pages_of(settings, plain_router), pages_router, &observer);
    }
  }

  [[nodiscard]] app::AppTools tools() const {
    return {*keys, minter, {environment_of(settings), settings.deposit_limit}};
  }

  void check_database() {
    auto const state = database.transact_now(
        [&](storage::PlatformTx& tx) { return app::check_root_key(tools(), tx); });
    if (!state) throw std::runtime_error("The database does not answer.");
    switch (*state) {
      case app::RootKeyState::right:
        return;
      case app::RootKeyState::wrong_key:
        throw std::runtime_error("This root key is not the one the database was made with.");
      case app::RootKeyState::wrong_environment:
        throw std::runtime_error(
            "The database belongs to another environment than LEADEX_ENVIRONMENT says.");
      case app::RootKeyState::not_initialised:
        throw std::runtime_error("The database is empty: run `leadex init` first.");
    }
  }

  /// A server that would seal leads under a file that is not the month's does not begin.
  void check_epochs() {
    auto const look = wait_for(app::keep_epochs({epoch_rows, *keys}));
    if (look.trouble == app::EpochTrouble::none) return;
    tell(look);
    if (look.month >= keys->epochs()->month_in()) {
      throw std::runtime_error("Key epoch " + privacy::epoch_name(look.month) + ": " +
                               app::describe(look.trouble) + '.');
    }
  }
  /// Phones of lists that are out of force go bit by bit.
  asio::awaitable<void> sweep_do_not_call() {
    constexpr int kSlice = 5'000;
    constexpr int kSlicesMax = 100;
    for (int slice = 0; slice < kSlicesMax; ++slice) {
      auto const gone = co_await do_not_call_rows.sweep(kSlice);
      if (!gone || *gone < kSlice) co_return;
    }
  }
  static void tell(app::EpochLook const& look) {
    log::error("keys.epoch", "a month's key epoch is not in order")
        .field("month", std::int64_t{look.month})
        .field("reason", std::string_view{app::describe(look.trouble)});
  }
  asio::awaitable<void> look_at_epochs() {
    auto const look = co_await app::keep_epochs({epoch_rows, *keys});
    if (look.trouble != app::EpochTrouble::none) tell(look);
  }

  app::UntruthServices untruths() {
    return {truth, database, *host, api::persons_of(*keys), wall_clock};
  }

  void add_form_jobs(std::vector<jobs::Job>& all) {
    using Nothing = asio::awaitable<void>;
    using std::chrono::seconds;
    all.push_back({"form_counts", seconds{2}, [this]() -> Nothing {
                     if (!co_await forms.counts.flush()) {
                       log::error("forms.counts_kept", "visits of forms could not be counted yet");
                     }
                   }});
    all.push_back({"form_submissions", seconds{3600}, [this]() -> Nothing {
                     (void)co_await form_rows.forget_before(wall_clock() - api::kConfirmLife);
                   }});
    if (!form_mails) return;
    all.push_back({"form_mails", seconds{2}, [this]() -> Nothing { co_await form_mails->run(); }});
  }

  /// Checks of posted leads.
  void add_realtime_jobs(std::vector<jobs::Job>& all) {
    using Nothing = asio::awaitable<void>;
    using std::chrono::seconds;
    all.push_back({"commit_realtime_days", seconds{60},
                   [this]() -> Nothing { (void)co_await app::commit_realtime_days(intake.lots); }});
    all.push_back({"realtime_checks", seconds{1},
                   [this]() -> Nothing { (void)co_await realtime_checks.open(); }});
    all.push_back({"held_leads", seconds{1},
                   [this]() -> Nothing { (void)co_await realtime_checks.release(); }});
    all.push_back({"realtime_verdicts", seconds{2}, [this]() -> Nothing {
                     (void)co_await app::apply_realtime_verdicts(intake.lots);
                   }});
    all.push_back({"realtime_credits", seconds{2}, [this]() -> Nothing {
                     (void)co_await app::credit_bad_leads({intake.lots, database, tools()});
                   }});
  }

  /// What judges checks beside people.
  void add_adapter_jobs(std::vector<jobs::Job>& all) {
    using Nothing = asio::awaitable<void>;
    using std::chrono::seconds;
    all.push_back(
        {"http_verifier", seconds{2}, [this]() -> Nothing { (void)co_await http_verifier.run(); }});
    all.push_back(
        {"check_codes", seconds{2}, [this]() -> Nothing { co_await code_messages->run(); }});
    all.push_back({"forget_check_codes", seconds{3600},
                   [this]() -> Nothing { (void)co_await app::forget_codes(intake.lots); }});
  }

  void add_jobs() {
    using Nothing = asio::awaitable<void>;
    auto all = jobs::standing_jobs({database,
                                    upkeep,
                                    intents,
                                    claw_backs,
                                    {numbers, ledger, *host, intents},
                                    {conversions, *host, wall_clock},
                                    untruths(),
                                    wall_clock});
    using std::chrono::seconds;
    all.push_back({"refill_commitments", seconds{10},
                   [this]() -> Nothing { co_await app::refill_all_commitments(intake.lots); }});
    add_realtime_jobs(all);
    add_adapter_jobs(all);
    all.push_back({"resume_lots", seconds{2}, [this]() -> Nothing {
                     co_await app::resume_lots(intake.lots, intake.finisher);
                   }});
    all.push_back({"recycling", seconds{2},
                   [this]() -> Nothing { (void)co_await intake.recycler.run(wall_clock()); }});
    all.push_back({"forget_persons", seconds{2},
                   [this]() -> Nothing { (void)co_await app::forget_persons(forgetting); }});
    all.push_back({"retention", seconds{60},
                   [this]() -> Nothing { (void)co_await app::run_retention(forgetting); }});
    all.push_back({"expire_check_leases", seconds{5},
                   [this]() -> Nothing { (void)co_await app::expire_check_leases(intake.lots); }});
    auto const cut = settings.upload_cut_s;
    all.push_back({"close_cut_uploads", std::min(seconds{30}, cut / 2), [this, cut]() -> Nothing {
                     auto const live = [this](BatchId batch) { return intake.live.has(batch); };
                     (void)co_await app::close_cut_uploads(intake.lots, intake.finisher,
                                                           wall_clock(), cut, live);
                     (void)co_await app::free_left_claims(intake.lots, live);
                   }});
    auto const kept = settings.refused_rows_kept_s;
    all.push_back({"destroy_own_rows", seconds{60}, [this, kept]() -> Nothing {
                     (void)co_await app::destroy_own_rows(intake.lots, wall_clock(), kept);
                   }});
    all.push_back({"lists", seconds{3600}, [this]() -> Nothing {
                     reload_disposable(settings, disposable);
                     co_return;
                   }});
    all.push_back({"keys_last_used", seconds{60},
                   [this]() -> Nothing { (void)co_await authenticator.write_last_used(); }});
    all.push_back({"click_counts", seconds{2}, [this]() -> Nothing {
                     if (!co_await clicks.counts.flush()) {
                       log::error("clicks.counts_kept", "visits could not be counted yet");
                     }
                   }});
    all.push_back({"posted_signs", seconds{2}, [this]() -> Nothing {
                     if (!co_await fraud.signs.flush(database)) {
                       log::error("fraud.signs_kept", "signs of posts could not be added yet");
                     }
                   }});
    add_form_jobs(all);
    all.push_back({"key_epochs", seconds{60}, [this] { return look_at_epochs(); }});
    all.push_back({"do_not_call", seconds{10}, [this] { return sweep_do_not_call(); }});
    all.push_back({"audit_heads", seconds{60}, [this]() -> Nothing {
                     // Blocking on a file: this loop has a thread of its own.
                     if (!heads.write(audit_heads_path(settings))) {
                       log::error("audit.heads_failed", "signed audit heads could not be written");
                     }
                     co_return;
                   }});
    job_loop = std::make_unique<jobs::JobLoop>(std::move(all));
  }

  Settings const settings;
  std::unique_ptr<privacy::KeyRing> const keys;
  Metrics metrics{"0.1.0", ""};
  crypto::PublicIdCodec const ids{keys->id_key()};
  auth::ApiKeyMint const minter{keys->api_key_pepper()};
  json::Contract const contract = contract_of(settings);

  pg::Pool pool{{.session = session_of(settings),
                 .threads = static_cast<std::size_t>(settings.db_pool_threads),
                 .queue_max = 1024,
                 .wait_max = std::min<std::chrono::milliseconds>(kDatabaseWaitMax,
                                                                 settings.handler_timeout_s)}};
  pg::PostgresNumberRanges numbers{session_of(settings), pool};
  pg::PostgresDatabase database{pool, numbers, *keys};
  pg::PostgresSaleReads sales{pool};
  pg::PostgresCampaignReads campaigns{pool};
  pg::PostgresLedgerReads ledger{pool};
  pg::PostgresCaseReads cases{pool};
  pg::PostgresDealReads deals{pool};
  pg::PostgresConversionReads conversions{pool};
  pg::PostgresTruthReads truth{pool};
  pg::PostgresPostbackTokens postbacks{pool};
  pg::PostgresLeadReads leads{pool};
  pg::PostgresBuyerRights rights{pool};
  pg::PostgresPrivacyStore privacy_rows{pool};
  pg::PostgresKeyEpochs epoch_rows{pool};
  pg::PostgresDoNotCall do_not_call_rows{pool};
  intake::DoNotCall do_not_call{do_not_call_rows, *keys};
  pg::PostgresClickStore click_rows{pool};
  pg::PostgresFormStore form_rows{pool};
  pg::PostgresLotStore lots{pool, *keys};
  pg::PostgresLeadSources lead_sources{pool};
  pg::PostgresPassportReads passports{pool};
  pg::PostgresBidTargets bid_targets{pool, ids};
  pg::PostgresUpkeep upkeep{pool};
  pg::PostgresDeliveryStore deliveries{pool, numbers};
  pg::PostgresPostbackStore postback_rows{pool};

  std::unique_ptr<market::MarketHost> host = market::make_market_host(host_of(settings));
  auth::Authenticator authenticator{
      database, keys->api_key_pepper(), {.environment = environment_of(settings)}};
  auth::AccountRates rates;
  pg::KeyListener key_listener{settings.database, [this] { authenticator.forget_all(); }};

  app::IntentRunner intents{database, *host};
  app::ClawBackRunner claw_backs{database, *host, intents};
  app::AuditHeads heads{database, *keys};
  intake::DisposableDomains const disposable = disposable_of(settings);
  std::unique_ptr<dns::MailDomains> const mail_domains = mail_domains_of(settings);
  api::NumberBlocks lead_numbers{numbers, storage::NumberKind::lead, kLeadNumbers};
  api::NumberBlocks intent_numbers{numbers, storage::NumberKind::fund_intent, kIntentNumbers};
  api::CampaignEdits edits;
  delivery::BidRequests bid_requests{
      webhooks_of(settings), {bid_targets, *keys, ids, &metrics}, bid_requests_of(settings)};
  api::TradeServices trade{
      sales,
      campaigns,
      ledger,
      cases,
      deals,
      conversions,
      truth,
      postbacks,
      leads,
      rights,
      intents,
      claw_backs,
      disposable,
      lead_numbers,
      intent_numbers,
      edits,
      {&bid_requests, webhooks_of(settings), static_cast<std::size_t>(settings.bid_asked_max),
       std::chrono::milliseconds{settings.bid_answer_reserve_ms}},
      mail_domains.get(),
      &do_not_call};
  api::ClickServices clicks{click_rows, clicks_of(settings)};
  api::FormServices forms{form_rows, forms_of(settings)};
  api::IntakeServices intake{{lots, numbers, *keys, *host},
                             disposable,
                             {upload_limits_of(settings), 1, mail_domains.get()},
                             wall_clock};

  app::RealtimeChecks realtime_checks{intake.lots, ids, api::persons_of(*keys)};
  api::SourceServices sources{lead_sources, passports};
  api::FraudServices fraud{database};
  api::PrivacyServices persons{privacy_rows, rights, leads, *host, *keys, &do_not_call_rows};
  app::ForgetServices const forgetting{persons.forgetting()};

  http::Client webhook_client{webhooks_of(settings)};
  asio::thread_pool delivery_thread{1};
  delivery::Sender sender{delivery_thread.get_executor(),
                          {deliveries, {webhook_client, *keys, ids, *host}, &metrics}};
  http::Client postback_client{delivery::postback_client(webhooks_of(settings))};
  delivery::PostbackSender postback_sender{delivery_thread.get_executor(),
                                           {postback_rows, {postback_client, ids}, &metrics}};
  delivery::FanOut fan_out{
      delivery_thread.get_executor(), deliveries, ids, {.made_deliveries = [this] {
        sender.nudge();
        postback_sender.nudge();
      }}};
  api::DeliveryServices delivery{webhooks_of(settings), [this] { sender.nudge(); }};

  std::atomic<bool> draining{false};
  api::ApiContext context{.database = database,
                          .numbers = numbers,
                          .minter = minter,
                          .ids = ids,
                          .keys = *keys,
                          .contract = contract,
                          .authenticator = authenticator,
                          .rates = rates,
                          .markets = *host,
                          .environment = environment_of(settings),
                          .limits = limits_of(settings),
                          .now = wall_clock,
                          .draining = [this] { return draining.load(); }};
  api::HttpVerifier http_verifier{context, {lots, numbers, *keys, *host}, webhook_client};
  // What is mailed notes its end in these, so the sender ends before them.
  std::optional<api::FormMails> form_mails;
  std::optional<api::CodeMessages> code_messages;
  std::unique_ptr<mail::Sender> const mails = mail_of(settings);
  http::Router router;
  http::Router plain_router;
  http::Router pages_router;
  RequestObserver observer{metrics};
  http::Server server{server_of(settings, plain_router), router, &observer};
  std::optional<http::Server> pages;
  std::unique_ptr<jobs::JobLoop> job_loop;
  std::vector<std::future<void>> running;
};

Exchange::Exchange(Settings const& settings, std::unique_ptr<privacy::KeyRing> keys)
    : parts_(std::make_unique<Parts>(settings, std::move(keys))) {}

Exchange::~Exchange() = default;

void Exchange::start() {
  auto& p = *parts_;
  p.check_database();
  p.check_epochs();
  auto const audit = std::filesystem::path{audit_heads_path(p.settings)}.parent_path();
  std::filesystem::create_directories(audit);
  std::filesystem::permissions(audit, std::filesystem::perms::owner_all);
  // The day's partition stands before the first key that goes into it.
  wait_for(jobs::keep_idempotency_days({p.database,
                                        p.upkeep,
                                        p.intents,
                                        p.claw_backs,
                                        {p.numbers, p.ledger, *p.host, p.intents},
                                        {p.conversions, *p.host, wall_clock},
                                        p.untruths(),
                                        wall_clock}));
  p.host->start();
  p.running.push_back(asio::co_spawn(p.delivery_thread, p.sender.run(), asio::use_future));
  p.running.push_back(asio::co_spawn(p.delivery_thread, p.postback_sender.run(), asio::use_future));
  p.running.push_back(asio::co_spawn(p.delivery_thread, p.fan_out.run(), asio::use_future));
  p.job_loop->start();
  p.server.start();
  if (p.pages) p.pages->start();
  log::info("server.started", "the exchange listens")
      .field("port", static_cast<std::int64_t>(p.server.port()));
}

void Exchange::reload_certificate() {
  auto done = parts_->server.reload_certificate();
  if (done && parts_->pages) done = parts_->pages->reload_certificate();
  if (!done) {
    log::error("server.certificate_kept", "the new certificate cannot be used; the old one stays")
        .field("reason", std::string_view{done.error()});
  } else {
    log::info("server.certificate_reloaded", "new connections get the new certificate");
  }
}

void Exchange::stop() {
  auto& p = *parts_;
  p.draining = true;
  p.server.begin_drain();
  if (p.pages) p.pages->begin_drain();
  p.server.stop();
  if (p.pages) p.pages->stop();
  p.bid_requests.stop();
  p.job_loop->stop();
  if (p.mail_domains) p.mail_domains->stop();
  if (p.mails) p.mails->stop();
  p.intake.stop();
  p.fan_out.stop();
  p.sender.stop();
  p.postback_sender.stop();
  for (auto& loop : p.running) loop.wait();
  p.running.clear();
  p.delivery_thread.join();
  p.host->stop();
  (void)wait_for(p.clicks.counts.flush());
  (void)wait_for(p.forms.counts.flush());
  (void)wait_for(p.fraud.signs.flush(p.database));
  p.key_listener.stop();
  p.pool.stop();
  log::info("server.stopped", "the exchange has stopped");
}

}  // namespace leadex::program
