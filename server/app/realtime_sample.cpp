#include "server/app/realtime_sample.hpp"

#include <array>
#include <charconv>
#include <cstring>

#include "matching/quality/inspection.hpp"
#include "server/crypto/random.hpp"
#include "server/observe/log.hpp"
#include "server/privacy/sealed_value.hpp"

namespace leadex::app {

namespace {

using boost::asio::awaitable;
using storage::DayNo;
using storage::RealtimeDay;
using storage::StoreError;

constexpr char const* kTable = "realtime_day";
constexpr char const* kColumn = "secret_sealed";
constexpr std::size_t kSecretBytes = 32;

std::chrono::sys_days start_of(DayNo day) { return std::chrono::sys_days{std::chrono::days{day}}; }

RealtimeDay make_day(privacy::KeyRing const& keys, MarketNo market, DayNo day,
                     storage::RealtimeTerms const& terms, Timestamp now) {
  auto const secret = crypto::random_secret(kSecretBytes);
  auto const digest = crypto::sha256(secret.view());
  auto const row = privacy::row_key(day);
  return {
      .day = day,
      .commitment = std::string{crypto::view_of(digest)},
      .secret_sealed = privacy::SecretBox(keys).seal({kTable, market, row, kColumn}, secret.view()),
      .terms = terms,
      .published_at = now};
}

/// What the audit log pins of a day before it begins.
storage::AuditEntry committed_entry(MarketNo market, RealtimeDay const& day) {
  storage::AuditEntry entry;
  entry.action = "realtime.committed";
  entry.object_kind = "market";
  entry.object_market = market;
  entry.object_no = market;
  entry.payload = "day=" + day_text(day.day) + ";rate_bp=" + std::to_string(day.terms.rate.bp) +
                  ";hold=" + std::to_string(day.terms.hold ? 1 : 0) +
                  ";sha256=" + crypto::hex_encode(day.commitment);
  return entry;
}

std::int64_t commit_days(storage::LotTx& tx, privacy::KeyRing const& keys, MarketNo market) {
  auto const terms = tx.realtime().terms(market);
  if (!terms) return 0;
  std::vector<storage::AuditEntry> entries;
  auto const first = day_of(tx.now() + kRealtimeMargin) + 1;
  for (auto day = first; day < first + kRealtimeDaysAhead; ++day) {
    if (tx.realtime().day(market, day)) continue;
    auto const made = make_day(keys, market, day, *terms, tx.now());
    if (tx.realtime().add_day(market, made)) entries.push_back(committed_entry(market, made));
  }
  if (!entries.empty()) tx.audit().append(market, entries);
  return std::ssize(entries);
}

bool falls(crypto::HmacKey const& secret, std::string_view prefix, std::string_view lead_id,
           BasisPoints share) {
  if (share.bp == 0) return false;
  auto const digest = secret.sign({prefix, lead_id});
  quality::DrawHash hash{};
  std::memcpy(hash.data(), digest.data(), hash.size());
  return quality::falls_within(hash, share);
}

/// The number that is all of `text`.
std::optional<int> number_of(std::string_view text) {
  int number{};
  auto const* const end = text.data() + text.size();
  auto const read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc{} || read.ptr != end || number < 0) return std::nullopt;
  return number;
}

}  // namespace

DayNo day_of(Timestamp at) {
  return static_cast<DayNo>(std::chrono::floor<std::chrono::days>(at).time_since_epoch().count());
}

std::string day_text(DayNo day) {
  std::chrono::year_month_day const date{start_of(day)};
  auto padded = [](unsigned number, std::size_t width) {
    auto digits = std::to_string(number);
    return std::string(width - std::min(width, digits.size()), '0') + digits;
  };
  constexpr std::size_t kYearDigits = 4;
  return padded(static_cast<unsigned>(static_cast<int>(date.year())), kYearDigits) + '-' +
         padded(static_cast<unsigned>(date.month()), 2) + '-' +
         padded(static_cast<unsigned>(date.day()), 2);
}

std::optional<DayNo> day_from_text(std::string_view text) {
  constexpr std::size_t kBytes = 10;
  constexpr std::size_t kMonthAt = 5;
  constexpr std::size_t kDayAt = 8;
  if (text.size() != kBytes || text[kMonthAt - 1] != '-' || text[kDayAt - 1] != '-') {
    return std::nullopt;
  }
  auto const year = number_of(text.substr(0, kMonthAt - 1));
  auto const month = number_of(text.substr(kMonthAt, 2));
  auto const day = number_of(text.substr(kDayAt, 2));
  if (!year || !month || !day) return std::nullopt;
  std::chrono::year_month_day const date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  auto const number = static_cast<DayNo>(std::chrono::sys_days{date}.time_since_epoch().count());
  if (number <= 0) return std::nullopt;
  return number;
}

crypto::Secret open_day_secret(privacy::KeyRing const& keys, MarketNo market,
                               RealtimeDay const& day) {
  auto const row = privacy::row_key(day.day);
  auto secret = privacy::SecretBox{keys}.open({kTable, market, row, kColumn}, day.secret_sealed);
  if (!secret) throw std::runtime_error("the secret of a day does not open");
  return std::move(*secret);
}

bool draws_lead(crypto::HmacKey const& secret, std::string_view lead_id, BasisPoints rate) {
  return falls(secret, "realtime:", lead_id, rate);
}

bool draws_second_of_lead(crypto::HmacKey const& secret, std::string_view lead_id,
                          BasisPoints share) {
  return falls(secret, "second:", lead_id, share);
}

DayNo undecided_from(Timestamp now) {
  return day_of(now) - static_cast<DayNo>(kRealtimeRevealDays.count()) - 1;
}

std::string_view text(DayStatus status) {
  constexpr std::array<std::string_view, 4> kTexts{"committed", "running", "checking", "revealed"};
  return kTexts.at(static_cast<std::size_t>(status));
}

DayStatus status_of(storage::RealtimeDayView const& day, Timestamp now) {
  auto const start = start_of(day.day.day);
  if (now < start) return DayStatus::committed;
  auto const end = start + std::chrono::days{1};
  // Posts that began before midnight may be on their way still.
  if (now < end + kRealtimeMargin) return DayStatus::running;
  if (day.undecided && now < end + kRealtimeRevealDays) return DayStatus::checking;
  return DayStatus::revealed;
}

awaitable<std::int64_t> commit_realtime_days(LotServices services) {
  std::int64_t committed = 0;
  for (auto const& market : services.markets.all()) {
    auto const* const keys = &services.keys;
    auto job = [keys, no = market->market_no()](storage::LotTx& tx) {
      return commit_days(tx, *keys, no);
    };
    auto const done = co_await services.store.transact(job);
    if (done) {
      committed += *done;
    } else {
      log::error("realtime.not_committed", "the days to come of a market could not be committed")
          .field("market", static_cast<std::int64_t>(market->market_no()))
          .field("error", static_cast<std::int64_t>(done.error()));
    }
  }
  co_return committed;
}

std::optional<RealtimeSampler::DayPtr> RealtimeSampler::known(Key key) {
  std::lock_guard const lock{guard_};
  auto const found = days_.find(key);
  if (found == days_.end()) return std::nullopt;
  return found->second;
}

void RealtimeSampler::keep(Key key, DayPtr day) {
  std::lock_guard const lock{guard_};
  // Of a market only the latest days are asked for.
  std::erase_if(days_, [key](auto const& kept) {
    return kept.first.first == key.first && kept.first.second < key.second - 1;
  });
  days_.insert_or_assign(key, std::move(day));
}

awaitable<Result<Sampled, StoreError>> RealtimeSampler::choose(MarketNo market, std::string lead_id,
                                                               Timestamp at) {
  Key const key{market, day_of(at)};
  auto day = known(key);
  if (!day) {
    auto job = [key](storage::LotTx& tx) { return tx.realtime().day(key.first, key.second); };
    auto const stored = co_await services_.store.transact(job);
    if (!stored) co_return refuse(stored.error());
    DayPtr fresh;
    if (*stored) {
      auto secret = open_day_secret(services_.keys, market, **stored);
      fresh =
          std::make_shared<Day const>(Day{crypto::HmacKey{std::move(secret)}, (*stored)->terms});
    }
    keep(key, fresh);
    day = std::move(fresh);
  }
  if (*day == nullptr) co_return Sampled{};
  auto const& terms = (*day)->terms;
  bool const chosen = draws_lead((*day)->secret, lead_id, terms.rate);
  co_return Sampled{chosen ? key.second : DayNo{0}, terms.hold};
}

}  // namespace leadex::app
