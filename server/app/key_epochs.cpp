#include "server/app/key_epochs.hpp"

#include <algorithm>
#include <array>
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
  co_return EpochLook{noted->check_value == value ? EpochTrouble::none : EpochTrouble::other_file,
                      month};
}

/// What is wrong with the newest of the noted ones that is not as it was.
EpochLook compare(privacy::EpochKeys const& epochs, std::vector<storage::NotedEpoch> const& noted) {
  for (auto const& epoch : std::views::reverse(noted)) {
    auto const month = epoch.kek_id - kEpochKeks;
    auto const check = epochs.check_value(month);
    if (check && *check != epoch.check_value) return {EpochTrouble::other_file, month};
    bool const gone = !check && check.error() != EpochError::destroyed;
    if (gone && !epoch.destroyed) return {EpochTrouble::lost_file, month};
  }
  return {};
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
      return "the epoch file of a month cannot be made: no lead can be sealed in it";
    case EpochTrouble::other_file:
      return "the epoch file of a month is another one than the database knows: leads that were "
             "sealed under the other do not open";
    case EpochTrouble::lost_file:
      return "the epoch file of a month is missing or damaged, and was not destroyed: its leads do "
             "not open; bring it back from where epoch files are kept";
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
      return "This month has no key of its own: its leads are wrapped by one derived from the root "
             "key, which cannot be destroyed. Run `leadex keys rewrap` for the month; backups from "
             "before that stay readable for whoever has them and the root key.";
    case DestroyRefusal::no_epoch:
      return "This month has no key of its own, and nothing is wrapped under it. Backups from "
             "before "
             "a rewrap of it stay readable for whoever has them and the root key.";
    case DestroyRefusal::in_use:
      return "Something in the database is wrapped under this month's key still: run `leadex keys "
             "rewrap` for the month. What waits for a form's confirmation goes by itself within 72 "
             "hours; `leadex keys list` shows how much is left.";
    case DestroyRefusal::file_trouble:
      return "The file could not be overwritten and taken away: see to its folder, then run this "
             "again.";
    case DestroyRefusal::no_answer:
      break;
  }
  return "The database does not answer.";
}

asio::awaitable<EpochLook> keep_epochs(EpochServices services) {
  auto const& epochs = *services.keys.epochs();
  epochs.forget_destroyed();
  auto const noted = co_await services.rows.noted();
  if (!noted) co_return EpochLook{EpochTrouble::no_answer, epochs.month_in()};
  for (auto const ahead : std::array{std::chrono::hours{0}, kEpochAhead}) {
    auto const month = epochs.month_in(ahead);
    auto const known = std::ranges::find(*noted, kEpochKeks + month, &storage::NotedEpoch::kek_id);
    if (known != noted->end()) continue;
    auto const look = co_await make_epoch(services, month);
    if (look.trouble != EpochTrouble::none) co_return look;
  }
  co_return compare(epochs, *noted);
}

asio::awaitable<Result<Rewrapped, StoreError>> rewrap_month(
    EpochServices services, EpochMonth month, std::function<void(Rewrapped const&)> progress) {
  Rewrapped sum;
  auto const now = services.keys.sealing_kek({}).id;
  for (KekId const from : {month, kEpochKeks + month}) {
    if (from == now) continue;
    LeadId after{};
    for (;;) {
      auto const last = co_await rewrap_slice(services, from, after, sum);
      if (!last) co_return refuse(last.error());
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
  auto const& epochs = *services.keys.epochs();
  auto const states = epochs.files().list();
  if (!states) co_return refuse(DestroyRefusal::file_trouble);
  if (std::ranges::find(*states, month, &privacy::EpochState::month) == states->end()) {
    auto const uses = co_await services.rows.uses();
    if (!uses) co_return refuse(DestroyRefusal::no_answer);
    bool const lost = uses_key(*uses, kEpochKeks + month);
    if (lost) co_return refuse(DestroyRefusal::in_use);
    co_return refuse(uses_key(*uses, month) ? DestroyRefusal::derived : DestroyRefusal::no_epoch);
  }
  // A file that cannot be read is destroyed as well; what it was is not known then.
  auto const check = epochs.check_value(month);
  auto const noted = co_await services.rows.note(kEpochKeks + month,
                                                 check ? *check : std::string(kCheckBytes, '\0'));
  if (!noted) co_return refuse(DestroyRefusal::no_answer);
  auto const marked = co_await services.rows.mark_destroyed(kEpochKeks + month, now);
  if (!marked) co_return refuse(DestroyRefusal::no_answer);
  if (!*marked) co_return refuse(DestroyRefusal::in_use);
  if (!epochs.files().destroy(month)) co_return refuse(DestroyRefusal::file_trouble);
  epochs.forget_destroyed();
  co_return Result<void, DestroyRefusal>{};
}

}  // namespace leadex::app
