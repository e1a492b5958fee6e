#include "server/app/key_epochs.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <ranges>

#include "server/privacy/lead_envelope.hpp"

namespace leadex::app {

namespace asio = boost::asio;
using privacy::EpochError;
using privacy::EpochMonth;
using privacy::KekId;
using privacy::kEpochKeks;
using storage::StoreError;

namespace {

constexpr int kSlice = 1'000;
constexpr std::size_t kCheckBytes = 16;

asio::awaitable<EpochLook> make_epoch(EpochServices services, EpochMonth month) {
  auto const& epochs = *services.keys.epochs();
  if (!epochs.prepare(month)) co_return EpochLook{EpochTrouble::not_made, month};
  auto check = epochs.check_value(month);
  if (!check) co_return EpochLook{EpochTrouble::lost_file, month};
  std::string const value = *check;
  auto const noted = co_await services.rows.note(kEpochKeks + month, value);
  if (!noted) co_return EpochLook{EpochTrouble::no_answer, month};
  epochs.note(month, noted->check_value);  // of two folders one wins; the other's is not used
  co_return EpochLook{noted->check_value == value ? EpochTrouble::none : EpochTrouble::other_file,
                      month};
}

EpochTrouble trouble_of(privacy::EpochKeys const& epochs, storage::NotedEpoch const& noted) {
  auto const check = epochs.check_value(noted.kek_id - kEpochKeks);
  if (noted.destroyed) return check ? EpochTrouble::came_back : EpochTrouble::none;
  if (check) {
    return *check == noted.check_value ? EpochTrouble::none : EpochTrouble::other_file;
  }
  return check.error() == EpochError::destroyed ? EpochTrouble::half_gone : EpochTrouble::lost_file;
}

/// What is wrong with the newest of the noted ones that is not as it was.
EpochLook compare(privacy::EpochKeys const& epochs, std::vector<storage::NotedEpoch> const& noted) {
  for (auto const& epoch : std::views::reverse(noted)) {
    auto const trouble = trouble_of(epochs, epoch);
    if (trouble != EpochTrouble::none) return {trouble, epoch.kek_id - kEpochKeks};
  }
  return {};
}

/// What came back from a backup, and what a cut left of a month that the database calls destroyed.
void finish_destroyed(privacy::EpochKeys const& epochs,
                      std::vector<storage::NotedEpoch> const& noted) {
  auto const states = epochs.files().list();
  if (!states) return;
  for (auto const& epoch : noted) {
    if (!epoch.destroyed) continue;
    auto const month = epoch.kek_id - kEpochKeks;
    auto const state = std::ranges::find(*states, month, &privacy::EpochState::month);
    // Should it fail, compare() tells, and the next look tries again.
    if (state == states->end()) {
      (void)epochs.files().mark(month);
    } else if (state->present) {
      (void)epochs.files().destroy(month);
    }
  }
}

/// Whether the files of `month` and of now are those that the database knows. Makes none.
asio::awaitable<EpochLook> look_at(EpochServices services, EpochMonth month) {
  auto const& epochs = *services.keys.epochs();
  auto const now = epochs.month_in();
  auto const noted = co_await services.rows.noted();
  if (!noted) co_return EpochLook{EpochTrouble::no_answer, now};
  bool known = false;
  for (auto const& epoch : *noted) {
    auto const of = epoch.kek_id - kEpochKeks;
    known = known || of == now;
    epochs.note(of, epoch.check_value);
    if (of != now && of != month) continue;
    auto const trouble = trouble_of(epochs, epoch);
    if (trouble != EpochTrouble::none) co_return EpochLook{trouble, of};
  }
  co_return known ? EpochLook{} : EpochLook{EpochTrouble::not_made, now};
}

/// One slice under one key. @return the last looked at; empty: the end
asio::awaitable<Result<std::optional<LeadId>, StoreError>> rewrap_slice(EpochServices services,
                                                                        KekId from, LeadId after,
                                                                        Rewrapped& sum) {
  auto const slice = co_await services.rows.wrapped(from, after, kSlice);
  if (!slice) co_return refuse(slice.error());
  auto const to = services.keys.sealing_kek({}).id;
  std::vector<storage::RewrappedKey> fresh;
  for (auto const& key : slice->keys) {
    auto moved = privacy::rewrap_lead_key(services.keys, key.lead, {from, key.wrapped}, to);
    if (!moved) {
      ++sum.damaged;
      continue;
    }
    fresh.push_back({key.lead, key.wrapped, std::move(moved->wrapped)});
  }
  sum.looked_at += static_cast<std::int64_t>(slice->keys.size());
  if (!fresh.empty()) {
    auto const wanted = static_cast<std::int64_t>(fresh.size());
    auto const done = co_await services.rows.rewrap(from, to, std::move(fresh));
    if (!done) co_return refuse(done.error());
    sum.done += *done;
    sum.passed += wanted - *done;
  }
  co_return slice->last;
}

Timestamp end_of(EpochMonth month) {
  using namespace std::chrono;
  auto const first = year{month / 100} / (month % 100) / 1;
  return sys_days{first + months{1}};
}

bool uses_key(std::vector<storage::KekUse> const& uses, KekId id) {
  return std::ranges::any_of(uses, [id](auto const& use) { return use.kek_id == id; });
}

}  // namespace

char const* describe(EpochTrouble trouble) {
  switch (trouble) {
    case EpochTrouble::none:
      return "the epochs are in order";
    case EpochTrouble::not_made:
      return "the epoch file of a month is not made: no lead can be sealed in it; a running server "
             "makes it, if it can";
    case EpochTrouble::other_file:
      return "the epoch file of a month is another one than the database knows: leads that were "
             "sealed under the other do not open";
    case EpochTrouble::lost_file:
      return "the epoch file of a month is missing or damaged, and was not destroyed: its leads do "
             "not open; bring it back from where epoch files are kept";
    case EpochTrouble::half_gone:
      return "the destruction of a month's epoch was cut off, and its leads do not open meanwhile: "
             "run `leadex keys destroy` for it again";
    case EpochTrouble::came_back:
      return "the file of a month that was destroyed is there again and cannot be taken away";
    case EpochTrouble::no_answer:
      break;
  }
  return "the database does not answer";
}

char const* describe(DestroyRefusal refusal) {
  switch (refusal) {
    case DestroyRefusal::too_young:
      return "A month's key can be destroyed a day after the month ended, not before.";
    case DestroyRefusal::derived:
      return "Leads of this month are wrapped by a key derived from the root key alone, which "
             "cannot be destroyed. Run `leadex keys rewrap` for the month; backups from "
             "before that stay readable for whoever has them and the root key.";
    case DestroyRefusal::no_epoch:
      return "This month has no key of its own, and nothing is wrapped under it. Backups from "
             "before "
             "a rewrap of it stay readable for whoever has them and the root key.";
    case DestroyRefusal::in_use:
      return "Something in the database is wrapped under this month's key still: run `leadex keys "
             "rewrap` for the month. What waits for a form's confirmation goes by itself within 72 "
             "hours; `leadex keys list` shows how much is left.";
    case DestroyRefusal::other_file:
      return "The month's file here is not the one that the database knows: nothing was destroyed. "
             "Is this the server's folder of epoch files?";
    case DestroyRefusal::file_trouble:
      return "The file could not be overwritten and taken away: see to its folder, then run this "
             "again.";
    case DestroyRefusal::no_answer:
      break;
  }
  return "The database does not answer.";
}

namespace {

/// Whether the month may go, as far as its file and the database tell at once.
asio::awaitable<Result<void, DestroyRefusal>> may_destroy(EpochServices services,
                                                          EpochMonth month) {
  auto const& epochs = *services.keys.epochs();
  auto const states = epochs.files().list();
  if (!states) co_return refuse(DestroyRefusal::file_trouble);
  auto const uses = co_await services.rows.uses();
  if (!uses) co_return refuse(DestroyRefusal::no_answer);
  if (uses_key(*uses, month)) co_return refuse(DestroyRefusal::derived);
  if (uses_key(*uses, kEpochKeks + month)) co_return refuse(DestroyRefusal::in_use);
  if (std::ranges::find(*states, month, &privacy::EpochState::month) == states->end()) {
    co_return refuse(DestroyRefusal::no_epoch);
  }
  // A file that cannot be read is destroyed as well; what it was is not known then.
  auto const check = epochs.check_value(month);
  std::string const value = check ? *check : std::string(kCheckBytes, '\0');
  auto const noted = co_await services.rows.note(kEpochKeks + month, value);
  if (!noted) co_return refuse(DestroyRefusal::no_answer);
  if (check && noted->check_value != value) co_return refuse(DestroyRefusal::other_file);
  co_return Result<void, DestroyRefusal>{};
}

}  // namespace

asio::awaitable<EpochLook> keep_epochs(EpochServices services) {
  auto const& epochs = *services.keys.epochs();
  auto const noted = co_await services.rows.noted();
  if (!noted) co_return EpochLook{EpochTrouble::no_answer, epochs.month_in()};
  for (auto const& epoch : *noted) epochs.note(epoch.kek_id - kEpochKeks, epoch.check_value);
  finish_destroyed(epochs, *noted);
  epochs.forget_destroyed();
  for (auto const ahead : std::array{std::chrono::hours{0}, kEpochAhead}) {
    auto const month = epochs.month_in(ahead);
    auto const known = std::ranges::find(*noted, kEpochKeks + month, &storage::NotedEpoch::kek_id);
    if (known != noted->end()) continue;
    auto const look = co_await make_epoch(services, month);
    if (look.trouble != EpochTrouble::none) co_return look;
  }
  co_return compare(epochs, *noted);
}

asio::awaitable<Result<Rewrapped, EpochLook>> rewrap_month(
    EpochServices services, EpochMonth month, std::function<void(Rewrapped const&)> progress) {
  auto const look = co_await look_at(services, month);
  if (look.trouble != EpochTrouble::none) co_return refuse(look);
  Rewrapped sum;
  auto const now = services.keys.sealing_kek({}).id;
  for (KekId const from : {month, kEpochKeks + month}) {
    if (from == now) continue;
    LeadId after{};
    for (;;) {
      auto const last = co_await rewrap_slice(services, from, after, sum);
      if (!last) co_return refuse(EpochLook{EpochTrouble::no_answer, month});
      if (!*last) break;
      after = **last;
      if (progress) progress(sum);
    }
  }
  co_return sum;
}

asio::awaitable<Result<void, DestroyRefusal>> destroy_month(EpochServices services,
                                                            EpochMonth month, Timestamp now) {
  if (now < end_of(month) + kEpochRest) co_return refuse(DestroyRefusal::too_young);
  auto const may = co_await may_destroy(services, month);
  if (!may) co_return refuse(may.error());
  auto const& files = services.keys.epochs()->files();
  // From here nobody seals under it; what somebody just sealed is stored before the last look.
  if (!files.mark(month)) co_return refuse(DestroyRefusal::file_trouble);
  asio::steady_timer settled{co_await asio::this_coro::executor, services.settle};
  co_await settled.async_wait(asio::use_awaitable);
  auto const marked = co_await services.rows.mark_destroyed(kEpochKeks + month, now);
  if (!marked || !*marked) {
    (void)files.unmark(month);  // where that fails too, the look at epochs tells of it
    co_return refuse(marked ? DestroyRefusal::in_use : DestroyRefusal::no_answer);
  }
  if (!files.destroy(month)) co_return refuse(DestroyRefusal::file_trouble);
  services.keys.epochs()->forget_destroyed();
  co_return Result<void, DestroyRefusal>{};
}

}  // namespace leadex::app
