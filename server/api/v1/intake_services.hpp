#pragma once
// IntakeServices: what the handlers of uploads, lots and spot checks work with beside ApiContext.
// Built once by main before register_intake; all handlers share it, any thread.

#include <boost/asio/thread_pool.hpp>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "server/api/api_context.hpp"
#include "server/api/v1/curve_desk.hpp"
#include "server/app/finish_lot.hpp"
#include "server/app/forget_persons.hpp"
#include "server/app/lot_upkeep.hpp"
#include "server/app/realtime_sample.hpp"
#include "server/http/router.hpp"
#include "server/intake/batch_upload.hpp"
#include "server/intake/lead_recycler.hpp"

namespace leadex::api {

/// Idempotency-Keys of the uploads that run in this process now.
class RunningKeys {
 public:
  using Key = std::pair<std::int64_t, std::string>;  // account, key
  /// False when it runs already.
  [[nodiscard]] bool begin(Key const& key) {
    std::lock_guard const lock(guard_);
    return keys_.insert(key).second;
  }
  void end(Key const& key) {
    std::lock_guard const lock(guard_);
    keys_.erase(key);
  }

 private:
  std::mutex guard_;
  std::set<Key> keys_;
};

/// Uploads that run in this process now. Any other that is still receiving was cut.
class LiveUploads {
 public:
  void begin(BatchId batch) {
    std::lock_guard const lock(guard_);
    live_.insert(batch);
  }
  void end(BatchId batch) {
    std::lock_guard const lock(guard_);
    live_.erase(batch);
  }
  [[nodiscard]] bool has(BatchId batch) {
    std::lock_guard const lock(guard_);
    return live_.contains(batch);
  }

 private:
  std::mutex guard_;
  std::set<BatchId> live_;
};

struct SourceServices;  // server/api/v1/source_services.hpp

struct IntakeOptions {
  intake::UploadLimits limits;
  std::size_t cpu_threads = 1;
  dns::MailDomains* mail = nullptr;  ///< none: e-mail domains are not asked about
};

struct IntakeServices {
  /// @param lots  its references and `now` outlive this.
  IntakeServices(app::LotServices lots, intake::DisposableDomains disposable, IntakeOptions options,
                 std::function<Timestamp()> now);
  ~IntakeServices();  ///< stop()

  /// Begins what follows a decision, behind the answer. A job resumes what a stop cuts off.
  void finish_later(BatchId batch);
  /// Before the first upload. `services` outlives this.
  void keep_sources(SourceServices& services);
  /// Likewise the draw of further checks of a lot.
  void extend_later(BatchId batch);
  /// Before the database and the markets stop: waits for nothing but the step under way.
  void stop();

  app::LotServices lots;
  app::LotFinisher finisher;
  intake::LeadRecycler recycler;
  intake::DisposableDomains disposable;
  intake::CpuPool cpu;
  intake::UploadServices uploads;
  app::ForgetServices const* forgetting{};  ///< for run_job; null: it has nothing to do
  RunningKeys running;
  LiveUploads live;
  CurveDesk curves;
  intake::CpuPool curve_cpu{1};  // of its own: a curve takes seconds
  boost::asio::thread_pool background{1};
  SourceServices* sources{};      ///< set by keep_sources; null: taxonomies and tags are not kept
  app::RealtimeSampler realtime;  ///< which posted leads are checked
};

/// Adds the operations of uploads, lots, commitments and spot checks. `context.intake` is set.
void register_intake(http::Router& router, ApiContext& context);

}  // namespace leadex::api
