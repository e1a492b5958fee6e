// What the platform's ledger answers without booking anything.
#include <array>

#include "billing/values/check.hpp"
#include "server/storage/currency.hpp"
#include "server/storage/postgres/platform_ledger.hpp"
#include "server/storage/postgres/statement.hpp"

namespace leadex::storage::postgres {

namespace {

#define LEADEX_INTENT_COLUMNS                                                                    \
  "select market_id, intent_no, direction, tenant_no, sub_no, amount, platform_seq, market_seq " \
  "from fund_intent "

constexpr char const* kOpenIntents = LEADEX_INTENT_COLUMNS
    "where platform_seq is null or market_seq is null order by created_at, market_id, intent_no "
    "limit $1";
constexpr char const* kFindIntent = LEADEX_INTENT_COLUMNS "where market_id = $1 and intent_no = $2";
constexpr char const* kEarned =
    "select owner_no, credits_posted - debits_posted - debits_pending from account "
    "where market_id = 0 and code = $1 and sub_no = $2 and credits_posted - debits_posted - "
    "debits_pending > 0 order by owner_no limit $3";
constexpr char const* kBalance =
    "select credits_posted - debits_posted - debits_pending from account where market_id = 0 "
    "and code = $1 and owner_no = $2 and sub_no = $3";

// Platform accounts name their currency in sub_no, clearing accounts their market; $1 code, $2
// number, $3 the code of clearing accounts.
#define LEADEX_OF_CURRENCY                                                                        \
  "from account a where (a.market_id > 0 and a.market_id in (select market_id from market where " \
  "currency = $1)) or (a.market_id = 0 and a.code <> $3 and a.sub_no = $2) or (a.market_id = 0 "  \
  "and a.code = $3 and a.sub_no in (select market_id from market where currency = $1)) "

// One statement, so that sums and rows are of one instant; the windows come before the limit.
constexpr char const* kAccounts =
    "select a.market_id, a.account_no, a.code, a.owner_no, a.sub_no, a.floor_micros, "
    "a.debits_pending, a.debits_posted, a.credits_pending, a.credits_posted, "
    "(sum(a.credits_posted::numeric - a.debits_posted) over ())::text, "
    "(sum(a.credits_pending::numeric - a.debits_pending) over ())::text " LEADEX_OF_CURRENCY
    "order by a.market_id, a.account_no limit $4";

constexpr int kClearing = static_cast<int>(AccountCode::clearing);
constexpr int kIntentsMax = 10'000;

FundIntent read_intent(pqxx::row const& row) {
  auto const direction = row.at(2).as<int>();
  if (direction < 0 || direction > static_cast<int>(IntentDirection::claw_back)) {
    throw std::runtime_error("an intent row holds an unknown direction");
  }
  return {row.at(0).as<MarketNo>(),
          row.at(1).as<std::int64_t>(),
          static_cast<IntentDirection>(direction),
          row.at(3).as<std::int64_t>(),
          row.at(4).as<std::int64_t>(),
          Money{row.at(5).as<std::int64_t>()},
          read_maybe<std::int64_t>(row.at(6)),
          read_maybe<std::int64_t>(row.at(7))};
}

}  // namespace

std::vector<FundIntent> PostgresPlatformLedger::open_intents(int limit) {
  LEADEX_CHECK(limit > 0 && limit <= kIntentsMax);
  std::vector<FundIntent> intents;
  for (auto const& row : execute(tx_, kOpenIntents, Parameters(limit))) {
    intents.push_back(read_intent(row));
  }
  return intents;
}

std::optional<FundIntent> PostgresPlatformLedger::find_intent(MarketNo market,
                                                              std::int64_t intent_no) {
  auto const rows = execute(tx_, kFindIntent, Parameters(market, intent_no));
  if (rows.empty()) return std::nullopt;
  return read_intent(rows.at(0));
}

std::vector<Earned> PostgresPlatformLedger::earned_locked(std::string_view currency, int limit) {
  lock_head();
  auto const currency_no = currency_number(currency);
  std::vector<Earned> earned;
  if (!currency_no) return earned;
  auto const code = static_cast<int>(AccountCode::generator_earned);
  for (auto const& row : execute(tx_, kEarned, Parameters(code, *currency_no, limit))) {
    earned.push_back({row.at(0).as<std::int64_t>(), Money{row.at(1).as<std::int64_t>()}});
  }
  return earned;
}

Money PostgresPlatformLedger::wallet(std::int64_t tenant_no, std::string_view currency) {
  auto const currency_no = currency_number(currency);
  if (!currency_no) return {};
  auto const code = static_cast<int>(AccountCode::wallet);
  auto const rows = execute(tx_, kBalance, Parameters(code, tenant_no, *currency_no));
  return rows.empty() ? Money{} : Money{rows.at(0).at(0).as<std::int64_t>()};
}

TrialBalance PostgresPlatformLedger::trial_balance(std::string_view currency, int rows_max) {
  TrialBalance balance;
  auto const currency_no = currency_number(currency).value_or(-1);
  auto const rows =
      execute(tx_, kAccounts, Parameters(currency, currency_no, kClearing, rows_max + 1));
  balance.posted_sum_micros = rows.empty() ? "0" : rows.at(0).at(10).as<std::string>();
  balance.pending_sum_micros = rows.empty() ? "0" : rows.at(0).at(11).as<std::string>();
  for (auto const& row : rows) {
    if (balance.accounts.size() == static_cast<std::size_t>(rows_max)) {
      balance.truncated = true;
      break;
    }
    balance.accounts.push_back({row.at(0).as<MarketNo>(), read_account(row, 1)});
  }
  return balance;
}

}  // namespace leadex::storage::postgres
