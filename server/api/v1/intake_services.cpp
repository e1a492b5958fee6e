#include "server/api/v1/intake_services.hpp"

#include <boost/asio/co_spawn.hpp>
#include <exception>

#include "billing/values/check.hpp"
#include "server/api/v1/fraud_services.hpp"
#include "server/api/v1/intake_handlers.hpp"
#include "server/api/v1/source_services.hpp"
#include "server/observe/log.hpp"

namespace leadex::api {

namespace asio = boost::asio;

namespace {

asio::awaitable<Result<void, storage::StoreError>> refill(app::LotServices lots, MarketNo market) {
  auto const added = co_await app::refill_commitments(lots, market);
  if (!added) co_return refuse(added.error());
  co_return Result<void, storage::StoreError>{};
}

}  // namespace

IntakeServices::IntakeServices(app::LotServices lot_services, intake::DisposableDomains domains,
                               IntakeOptions options, std::function<Timestamp()> now)
    : lots(lot_services),
      finisher(lot_services),
      recycler(lots.store, lots.keys, lots.markets),
      disposable(std::move(domains)),
      cpu(options.cpu_threads),
      uploads{lots.store,
              lots.numbers,
              lots.keys,
              disposable,
              cpu,
              options.limits,
              std::move(now),
              [lot_services](MarketNo market) { return refill(lot_services, market); },
              options.mail},
      realtime(lots) {
  lots.plans = plan_cpu.executor();
}

void IntakeServices::keep_sources(SourceServices& services) { sources = &services; }

void IntakeServices::watch(FraudServices& services) {
  fraud = &services;
  uploads.planted = {[&services] { return services.planted.known(); },
                     [&services](std::vector<storage::PlantedHit> hits) {
                       return services.planted.report(std::move(hits));
                     }};
}

IntakeServices::~IntakeServices() { stop(); }

void IntakeServices::finish_later(BatchId batch) {
  asio::co_spawn(background, finisher.finish(batch),
                 [batch](std::exception_ptr thrown, app::LotFinish) {
                   if (!thrown) return;
                   log::error("lot.finish_failed", "a lot could not be listed or cleared")
                       .field("market", static_cast<std::int64_t>(batch.market))
                       .field("batch_no", batch.no);
                 });
}

void IntakeServices::extend_later(BatchId batch) {
  asio::co_spawn(background, finisher.extend(batch), [batch](std::exception_ptr thrown) {
    if (!thrown) return;
    log::error("lot.draw_failed", "further checks of a lot could not be drawn")
        .field("market", static_cast<std::int64_t>(batch.market))
        .field("batch_no", batch.no);
  });
}

void IntakeServices::stop() {
  background.stop();
  background.join();
  cpu.stop();
  curve_cpu.stop();
  plan_cpu.stop();
}

void register_intake(http::Router& router, ApiContext& context) {
  LEADEX_CHECK(context.intake != nullptr);
  OperationOptions const upload{.streams = true, .body_bytes_max = context.limits.upload_bytes_max};
  add(router, context, "upload_batch", upload_batch, upload);
  add(router, context, "list_batches", list_batches);
  add(router, context, "get_batch", get_batch);
  add(router, context, "list_batch_rows", list_batch_rows);
  add(router, context, "list_batch_rejects", list_batch_rejects, {.free_query = true});
  add(router, context, "withdraw_batch", withdraw_batch);
  add(router, context, "begin_upload", begin_upload);
  add(router, context, "get_upload", get_upload);
  add(router, context, "append_upload", append_upload, upload);
  add(router, context, "stream_batch_events", stream_batch_events);
  add(router, context, "put_column_mapping", put_column_mapping);
  add(router, context, "get_column_mapping", get_column_mapping);
  add(router, context, "delete_column_mapping", delete_column_mapping);
  add(router, context, "list_column_mappings", list_column_mappings);
  add(router, context, "list_market_commitments", list_market_commitments);
  add(router, context, "list_realtime_days", list_realtime_days);
  add(router, context, "list_realtime_checks", list_realtime_checks);
  add(router, context, "get_spot_check", get_spot_check);
  add(router, context, "list_spot_checks", list_spot_checks);
  add(router, context, "claim_spot_check", claim_spot_check);
  add(router, context, "record_verdict", record_verdict);
  add(router, context, "get_check_verifier", get_check_verifier);
  add(router, context, "put_check_verifier", put_check_verifier);
  add(router, context, "decide_batch", decide_batch);
  add(router, context, "list_fraud_cases", list_fraud_cases);
  add(router, context, "get_fraud_case", get_fraud_case);
  add(router, context, "decide_fraud_case", decide_fraud_case);
  add(router, context, "plant_contact", plant_contact);
  add(router, context, "list_planted_contacts", list_planted_contacts);
  add(router, context, "retire_planted_contact", retire_planted_contact);
  add(router, context, "get_spot_check_curve", get_spot_check_curve);
  add(router, context, "get_inspection", get_inspection);
  add(router, context, "list_inspections", list_inspections);
  add(router, context, "lift_inspection", lift_inspection);
  add(router, context, "get_agreement", get_agreement);
}

}  // namespace leadex::api
