#pragma once
// IntakeServices: what the handlers of uploads, lots and spot checks work with beside ApiContext.
// Built once by main before register_intake; all handlers share it, any thread.

#include <boost/asio/thread_pool.hpp>
#include <map>
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
  void begin(BatchId batch) { static_cast<void>(try_begin(batch)); }
  /// False when another request of this process brings it.
  [[nodiscard]] bool try_begin(BatchId batch) {
    std::lock_guard const lock(guard_);
    return live_.insert(batch).second;
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

/// Streams of events that are open in this process, at most so many.
class EventStreams {
 public:
  static constexpr int kMax = 256;
  static constexpr int kOfAccountMax = 8;

  [[nodiscard]] bool begin(std::int64_t tenant_no) {
    std::lock_guard const lock(guard_);
    if (all_ >= kMax || of_account_[tenant_no] >= kOfAccountMax) return false;
    ++all_;
    ++of_account_[tenant_no];
    return true;
  }
  void end(std::int64_t tenant_no) {
    std::lock_guard const lock(guard_);
    --all_;
    if (--of_account_[tenant_no] == 0) of_account_.erase(tenant_no);
  }

 private:
  std::mutex guard_;
  int all_{};
  std::map<std::int64_t, int> of_account_;
};

struct FraudServices;   // server/api/v1/fraud_services.hpp
struct SourceServices;  // server/api/v1/source_services.hpp

struct IntakeOptions {
  intake::UploadLimits limits;
  std::size_t cpu_threads = 1;
  dns::MailDomains* mail = nullptr;  ///< none: e-mail domains are not asked about
};

/// By which ways people can be asked themselves.
struct CodeChannels {
  std::string public_url;  ///< https://host of the pages that take their answers; empty: no way
  bool mails{};            ///< whether there is a mail server
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
  /// Likewise; without it nothing is planted and posted leads show no signs.
  void watch(FraudServices& services);
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
  CodeChannels codes;                       ///< set before register_intake
  RunningKeys running;
  LiveUploads live;
  EventStreams event_streams;
  CurveDesk curves;
  intake::CpuPool curve_cpu{1};  // of its own: a curve takes seconds
  intake::CpuPool plan_cpu{1};   // likewise, so that a large lot's plan keeps no database waiting
  boost::asio::thread_pool background{1};
  SourceServices* sources{};      ///< set by keep_sources; null: no taxonomy is in force
  FraudServices* fraud{};         ///< set by watch; null: posted leads are not watched
  app::RealtimeSampler realtime;  ///< which posted leads are checked
};

/// Adds the operations of uploads, lots, commitments and spot checks. `context.intake` is set.
void register_intake(http::Router& router, ApiContext& context);

}  // namespace leadex::api
