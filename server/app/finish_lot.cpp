#include "server/app/finish_lot.hpp"

#include <boost/asio/this_coro.hpp>
#include <exception>
#include <optional>

#include "server/app/draw_sample.hpp"
#include "server/app/source_standing.hpp"
#include "server/app/submit_window.hpp"
#include "server/crypto/public_id.hpp"
#include "server/observe/log.hpp"

namespace leadex::app {

namespace asio = boost::asio;
using asio::awaitable;
using storage::Batch;
using storage::BatchStatus;
using storage::LeadRange;
using storage::LotDecision;
using storage::LotMode;

namespace {

constexpr int kPage = 500;
constexpr std::int64_t kRangeRows = 20'000;  // that one statement looks at
constexpr int kPersonsPerStretch = 20'000;

storage::AuditEntry entry_of(Batch const& batch, std::string action, Actor actor = {},
                             std::string payload = {}) {
  return {.principal_no = actor.principal_no,
          .tenant_no = batch.tenant_no,
          .action = std::move(action),
          .object_kind = "batch",
          .object_market = batch.id.market,
          .object_no = batch.id.no,
          .payload = std::move(payload)};
}

bool is_listing(Batch const& batch) { return batch.status == BatchStatus::listing; }
bool is_to_clear(Batch const& batch) {
  bool const open = batch.status == BatchStatus::receiving || batch.status == BatchStatus::checking;
  return open && (batch.mode == LotMode::stopped || batch.decision == LotDecision::rejected);
}

bool end_listing(storage::LotTx& tx, BatchId id) {
  auto const batch = tx.batches().find_locked(id);
  if (!batch || !is_listing(*batch)) return true;
  tx.batches().set_status(id, BatchStatus::listed);
  auto const entry = entry_of(*batch, "batch.listed");
  tx.audit().append(id.market, {&entry, 1});
  return true;
}

bool end_clearing(storage::LotTx& tx, BatchId id) {
  auto const batch = tx.batches().find_locked(id);
  if (!batch || !is_to_clear(*batch)) return true;
  bool const rejected = batch->decision == LotDecision::rejected;
  tx.batches().set_status(id, rejected ? BatchStatus::rejected : BatchStatus::closed);
  auto const entry = entry_of(*batch, rejected ? "batch.rejected" : "batch.given_up");
  tx.audit().append(id.market, {&entry, 1});
  return true;
}

/// A batch's lead numbers, neighbouring ranges as one as far as a statement should reach.
std::vector<LeadRange> stretches_of(std::vector<LeadRange> const& ranges) {
  std::vector<LeadRange> out;
  for (auto const& range : ranges) {
    bool const near = !out.empty() && range.last_no - out.back().first_no < kRangeRows;
    if (near) {
      out.back().last_no = range.last_no;
    } else {
      out.push_back(range);
    }
  }
  return out;
}

awaitable<Result<std::vector<LeadRange>, storage::StoreError>> find_stretches(
    storage::LotStore& store, BatchId id) {
  auto find = [id](storage::LotTx& tx) { return stretches_of(tx.batches().lead_ranges(id)); };
  return store.transact(find);
}

/// Takes leads off that the market does not take; their generator hears of each.
std::int64_t withdraw_unfit(storage::LotTx& tx, BatchId id,
                            std::vector<std::int64_t> const& leads) {
  auto const batch = tx.batches().find_locked(id);
  if (!batch) return 0;
  for (auto const lead_no : leads) {
    tx.emit({id.market, storage::OwnEvent::lead_withdrawn, batch->tenant_no,
             static_cast<std::int16_t>(crypto::IdKind::lead), lead_no});
  }
  return tx.lots().withdraw_checked(id.market, leads);
}

/// How a market's answers went.
struct Tally {
  std::int64_t done{};
  std::vector<std::int64_t> unfit;  // leads that no version or rule of the market takes any more
  bool stopped{};                   // the market stopped taking commands

  void note(SubmitWindow::Answered const& answered) {
    if (!answered.answer) {
      auto const error = answered.answer.error();
      if (error == market::SubmitError::internal_invariant) {
        unfit.push_back(answered.lead_no);
      } else {
        stopped = true;
      }
      return;
    }
    auto const refusal = answered.answer->outcome.refusal;
    done += refusal == market::Refusal::none ? 1 : 0;
    // Or the exchange's own list has its person by now.
    bool const barred = refusal == market::Refusal::lead_unknown;
    if (barred || refusal == market::Refusal::version_unknown) unfit.push_back(answered.lead_no);
  }
};

/// Offers what is checked, in row order. False when the database failed.
awaitable<bool> offer_all(storage::LotStore& store, BatchId id, std::vector<LeadRange> stretches,
                          SubmitWindow& window, Tally& tally) {
  for (auto left : stretches) {
    for (bool more = true; more && !tally.stopped;) {
      auto job = [id, left](storage::LotTx& tx) {
        return tx.lots().leads_to_offer(id, left, kPage);
      };
      auto offers = co_await store.transact(job);
      if (!offers) co_return false;
      more = std::ssize(*offers) == kPage;
      for (auto& offer : *offers) {
        auto const lead_no = offer.lead_no;
        left.first_no = lead_no + 1;
        auto const oldest = co_await window.push(lead_no, std::move(offer));
        if (oldest) tally.note(*oldest);
        if (tally.stopped) break;
      }
    }
  }
  co_return true;
}

/// Whether nothing is left to offer; no word when the database failed.
awaitable<bool> all_offered(storage::LotStore& store, BatchId id,
                            std::vector<LeadRange> stretches) {
  for (auto const stretch : stretches) {
    auto job = [id, stretch](storage::LotTx& tx) {
      return tx.lots().leads_to_offer(id, stretch, 1).empty();
    };
    auto const none = co_await store.transact(job);
    if (!none || !*none) co_return false;
  }
  co_return true;
}

/// Withdraws what is on sale. @return the failure of the database
awaitable<std::optional<storage::StoreError>> withdraw_all(storage::LotStore& store, BatchId id,
                                                           std::int64_t generator_no,
                                                           SubmitWindow& window, Tally& tally) {
  auto const stretches = co_await find_stretches(store, id);
  if (!stretches) co_return stretches.error();
  for (auto left : *stretches) {
    // What rests to be listed again stays off as well.
    auto keep_off = [id, left](storage::LotTx& tx) { return tx.rests().withdraw(id, left); };
    auto const kept_off = co_await store.transact(keep_off);
    if (!kept_off) co_return kept_off.error();
    for (bool more = true; more && !tally.stopped;) {
      auto job = [id, left](storage::LotTx& tx) {
        return tx.lots().leads_on_sale(id, left, kPage);
      };
      auto const leads = co_await store.transact(job);
      if (!leads) co_return leads.error();
      more = std::ssize(*leads) == kPage;
      for (auto const lead_no : *leads) {
        left.first_no = lead_no + 1;
        market::WithdrawLead const command{.lead_no = lead_no, .generator_no = generator_no};
        auto const oldest = co_await window.push(lead_no, command);
        if (oldest) tally.note(*oldest);
      }
    }
  }
  co_return std::nullopt;
}

awaitable<Tally> drained(SubmitWindow window, Tally tally) {
  for (auto const& answered : co_await window.drain()) tally.note(answered);
  co_return tally;
}

}  // namespace

/// One call per batch at a time.
class LotFinisher::Claim {
 public:
  Claim(LotFinisher& owner, BatchId batch) : owner_(owner), batch_(batch) {
    std::lock_guard const lock(owner_.guard_);
    held_ = owner_.running_.insert(batch_).second;
  }
  ~Claim() {
    if (!held_) return;
    std::lock_guard const lock(owner_.guard_);
    owner_.running_.erase(batch_);
  }
  Claim(Claim const&) = delete;
  Claim& operator=(Claim const&) = delete;
  [[nodiscard]] bool held() const { return held_; }

 private:
  LotFinisher& owner_;
  BatchId batch_;
  bool held_{};
};

/// One draw per batch at a time; who comes meanwhile leaves word.
class LotFinisher::Draw {
 public:
  Draw(LotFinisher& owner, BatchId batch) : owner_(owner), batch_(batch) {
    std::lock_guard const lock(owner_.guard_);
    auto const [place, fresh] = owner_.drawing_.try_emplace(batch_, false);
    held_ = fresh;
    if (!fresh) place->second = true;
  }
  ~Draw() {
    if (!held_) return;
    std::lock_guard const lock(owner_.guard_);
    owner_.drawing_.erase(batch_);
  }
  Draw(Draw const&) = delete;
  Draw& operator=(Draw const&) = delete;
  [[nodiscard]] bool held() const { return held_; }

  /// Whether somebody came since. If not, the draw ends with this: whoever comes next begins one.
  [[nodiscard]] bool asked_again() {
    std::lock_guard const lock(owner_.guard_);
    auto const place = owner_.drawing_.find(batch_);
    if (place->second) {
      place->second = false;
      return true;
    }
    owner_.drawing_.erase(place);
    held_ = false;
    return false;
  }

 private:
  LotFinisher& owner_;
  BatchId batch_;
  bool held_{};
};

awaitable<void> LotFinisher::extend(BatchId batch) {
  Draw draw{*this, batch};
  if (!draw.held()) co_return;
  do {
    if (!co_await extend_draw(services_, batch)) co_return;
  } while (draw.asked_again());
}

awaitable<LotFinish> LotFinisher::finish(BatchId batch) {
  Claim const claim{*this, batch};
  if (!claim.held()) co_return LotFinish::running;
  co_return co_await storage::on_strand(finish_claimed(batch));
}

awaitable<LotFinish> LotFinisher::finish_claimed(BatchId id) {
  auto find = [id](storage::LotTx& tx) { return tx.batches().find(id, {.staff = true}); };
  auto const batch = co_await services_.store.transact(find);
  if (!batch) co_return LotFinish::later;
  if (!*batch) co_return LotFinish::done;
  if (is_listing(**batch)) co_return co_await list(id);
  if (is_to_clear(**batch)) co_return co_await clear(id);
  co_return LotFinish::done;
}

awaitable<LotFinish> LotFinisher::list(BatchId id) {
  auto const actor = services_.markets.find(id.market);
  if (!actor || !actor->ready()) co_return LotFinish::later;
  auto const stretches = co_await find_stretches(services_.store, id);
  if (!stretches) co_return LotFinish::later;
  SubmitWindow window{co_await asio::this_coro::executor, actor, kOffersInFlight};
  Tally tally;
  bool failed = false;
  std::exception_ptr thrown;
  try {
    failed = !co_await offer_all(services_.store, id, *stretches, window, tally);
  } catch (...) {
    thrown = std::current_exception();
  }
  // A lead whose answer is open could be offered twice by whoever comes next.
  tally = co_await drained(std::move(window), std::move(tally));
  if (thrown) std::rethrow_exception(thrown);
  if (!tally.unfit.empty()) {
    log::warn("lot.unfit", "leads of an accepted lot cannot be listed and are withdrawn")
        .field("market", static_cast<std::int64_t>(id.market))
        .field("batch_no", id.no)
        .field("leads", std::ssize(tally.unfit));
    auto job = [id, unfit = tally.unfit](storage::LotTx& tx) {
      return withdraw_unfit(tx, id, unfit);
    };
    failed = !co_await services_.store.transact(job) || failed;
  }
  if (failed || tally.stopped) co_return LotFinish::later;
  if (!co_await all_offered(services_.store, id, *stretches)) co_return LotFinish::later;
  auto job = [id](storage::LotTx& tx) { return end_listing(tx, id); };
  auto const ended = co_await services_.store.transact(job);
  co_return ended&&* ended ? LotFinish::done : LotFinish::later;
}

awaitable<LotFinish> LotFinisher::clear(BatchId id) {
  auto const stretches = co_await find_stretches(services_.store, id);
  if (!stretches) co_return LotFinish::later;
  for (auto const range : *stretches) {
    auto job = [id, range](storage::LotTx& tx) { return tx.lots().withdraw_checked(id, range); };
    if (!co_await services_.store.transact(job)) co_return LotFinish::later;
  }
  std::string after;
  do {
    auto job = [id, after](storage::LotTx& tx) {
      return tx.lots().free_persons(id, after, kPersonsPerStretch);
    };
    auto next = co_await services_.store.transact(job);
    if (!next) co_return LotFinish::later;
    after = std::move(*next);
  } while (!after.empty());
  auto job = [id](storage::LotTx& tx) { return end_clearing(tx, id); };
  auto const ended = co_await services_.store.transact(job);
  co_return ended ? LotFinish::done : LotFinish::later;
}

namespace {

/// What there is to do to take a batch back; a lot under check is given up here.
Result<Batch, LotRefusal> begin_withdrawal(storage::LotTx& tx, BatchId id,
                                           storage::BatchViewer owner, Actor actor) {
  if (!tx.batches().find(id, owner)) return refuse(LotRefusal::not_found);
  auto const batch = *tx.batches().find_locked(id);
  if (batch.status == BatchStatus::receiving) return refuse(LotRefusal::still_receiving);
  if (batch.status == BatchStatus::listing) return refuse(LotRefusal::still_listing);
  bool const under_check =
      batch.status == BatchStatus::checking && batch.decision == LotDecision::pending;
  if (under_check && batch.mode != LotMode::stopped) {
    count_withdrawn(tx, batch);
    tx.batches().stop(id);
  }
  if (under_check || batch.status == BatchStatus::listed) {
    auto const entry = entry_of(batch, "batch.withdrawn", actor);
    tx.audit().append(id.market, {&entry, 1});
  }
  return batch;
}

}  // namespace

awaitable<LotResult<std::int64_t>> LotFinisher::withdraw(BatchId id, storage::BatchViewer owner,
                                                         Actor actor) {
  // Whose it is comes first: to others neither the batch nor work on it shows, and none of them
  // holds it up.
  auto find = [id, owner](storage::LotTx& tx) { return tx.batches().find(id, owner).has_value(); };
  auto const own = co_await services_.store.transact(find);
  if (!own) co_return refuse(LotError{own.error()});
  if (!*own) co_return refuse(LotError{LotRefusal::not_found});
  Claim const claim{*this, id};
  if (!claim.held()) co_return refuse(LotError{LotRefusal::still_listing});
  co_return co_await storage::on_strand(withdraw_claimed(id, owner, actor));
}

awaitable<LotResult<std::int64_t>> LotFinisher::withdraw_claimed(BatchId id,
                                                                 storage::BatchViewer owner,
                                                                 Actor actor) {
  auto begin = [id, owner, actor](storage::LotTx& tx) {
    return begin_withdrawal(tx, id, owner, actor);
  };
  auto const batch = flatten(co_await services_.store.transact(begin));
  if (!batch) co_return refuse(batch.error());
  if (batch->status == BatchStatus::checking) {
    if (co_await finish_claimed(id) != LotFinish::done) {
      co_return refuse(LotError{storage::StoreError::retry_later});
    }
    co_return batch->counts.accepted;
  }
  if (batch->status != BatchStatus::listed) co_return 0;

  auto const market = services_.markets.find(id.market);
  if (!market || !market->ready()) co_return refuse(LotError{LotRefusal::not_owner});
  SubmitWindow window{co_await asio::this_coro::executor, market, kOffersInFlight};
  Tally tally;
  auto const failure = co_await withdraw_all(services_.store, id, batch->tenant_no, window, tally);
  tally = co_await drained(std::move(window), std::move(tally));
  if (failure) co_return refuse(LotError{*failure});
  if (tally.stopped) co_return refuse(LotError{LotRefusal::not_owner});
  auto end = [id](storage::LotTx& tx) {
    tx.batches().set_status(id, BatchStatus::closed);
    return true;
  };
  auto const ended = co_await services_.store.transact(end);
  if (!ended) co_return refuse(LotError{ended.error()});
  co_return tally.done;
}

}  // namespace leadex::app
