#include "server/storage/postgres/ledger_reads.hpp"

#include <algorithm>
#include <limits>

#include "server/storage/currency.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

// The market whose currency an account has: its own stream's, or of a platform clearing account
// (code 11) the one it stands for. Other platform accounts carry their currency in sub_no.
constexpr char const* kAccounts =
    "select a.market_id, coalesce(m.name, ''), coalesce(m.currency, ''), a.account_no, a.code, "
    "a.owner_no, a.sub_no, a.floor_micros, a.debits_pending, a.debits_posted, a.credits_pending, "
    "a.credits_posted from account a left join market m on m.market_id = case when a.market_id "
    "<> 0 then a.market_id when a.code = 11 then a.sub_no end "
    "where " LEADEX_OWN("$1", "a.owner_no")
    " and ($2::bigint is null or (a.market_id, a.account_no) > ($2::bigint, $3::bigint)) "
    "and ($4::bigint is null or a.market_id = $4::bigint) "
    "and ($5::integer is null or a.code = $5::integer) "
    "and ($7::bigint is null or a.owner_no = $7::bigint) "
    "order by a.market_id, a.account_no limit $6";

// The number of one side: of the viewer's own accounts and of the exchange's. Those of others show
// as 0, which no account has, so that nobody can tell by them with whom it trades.
#define LEADEX_SIDE(viewer, account, number)                                    \
  "case when " viewer "::bigint is null or " account ".owner_no in (0, " viewer \
  "::bigint) "                                                                  \
  "then t." number " else 0 end, "
#define LEADEX_TRANSFER_COLUMNS(viewer) \
  "t.market_id, t.batch_seq, t.n, " LEADEX_SIDE(viewer, "d", "debit")                        \
      LEADEX_SIDE(viewer, "e", "credit")                                                     \
  "t.amount, t.code, t.phase, t.lead_no, t.slot, t.pending_seq, t.pending_n, b.at_us, "      \
  "coalesce(m.currency, ''), d.code, d.sub_no "
#define LEADEX_TRANSFER_JOINS                                                        \
  "join commit_batch b on b.market_id = t.market_id and b.seq = t.batch_seq "        \
  "join account d on d.market_id = t.market_id and d.account_no = t.debit "          \
  "join account e on e.market_id = t.market_id and e.account_no = t.credit "         \
  "left join market m on m.market_id = case when t.market_id <> 0 then t.market_id " \
  "when d.code = 11 then d.sub_no when e.code = 11 then e.sub_no end "
// The newest kScanMax transfers of the part asked for, of which the viewer's are shown.
constexpr char const* kTransfers =
    "select " LEADEX_TRANSFER_COLUMNS("$1")
    "from (select * from transfer t where ($2::bigint is null or (t.market_id, t.batch_seq, t.n) "
    "< ($2::bigint, $3::bigint, $4::integer)) and ($5::bigint is null or t.market_id = $5::bigint) "
    "order by t.market_id desc, t.batch_seq desc, t.n desc limit $6) t " LEADEX_TRANSFER_JOINS
    "where " LEADEX_OF("$1", "d.owner_no", "e.owner_no")
    " and ($7::bigint is null or (t.market_id = $7::bigint and (t.debit = $8::bigint or t.credit "
    "= $8::bigint))) and ($10::integer is null or t.code = $10::integer) order by t.market_id desc, t.batch_seq desc, t.n desc limit $9";
constexpr char const* kScanEnd =
    "select t.market_id, t.batch_seq, t.n from transfer t where ($1::bigint is null or "
    "(t.market_id, t.batch_seq, t.n) < ($1::bigint, $2::bigint, $3::integer)) and ($4::bigint is "
    "null or t.market_id = $4::bigint) order by t.market_id desc, t.batch_seq desc, t.n desc "
    "offset $5 limit 1";
constexpr char const* kOwnsAccount =
    "select exists (select from account where market_id = $1 and account_no = $2 and "
    "owner_no = $3)";
// The award's batch, those in which one of its two legs was resolved, those of claw-backs, and
// `more`. $4: whose sale, $5: whose accounts are named.
#define LEADEX_SALE_TRANSFERS(more) \
  "with sold as (select batch_seq, n from sale s where market_id = $1 and lead_no = $2 and slot " \
  "= $3 and " LEADEX_OF("$4", "s.buyer", "s.generator") "), batches as (select batch_seq from "   \
  "sold union select t.batch_seq from transfer t, sold s where t.market_id = $1 and "             \
  "t.pending_seq = s.batch_seq and t.pending_n in (s.n, s.n + 1) union select c.market_seq from " \
  "claw_back c, sold where c.market_id = $1 and c.lead_no = $2 and c.slot = $3 and "               \
  "c.market_seq is not null union select c.batch_seq from conversion c, sold where c.market_id = " \
  "$1 and c.lead_no = $2 and c.slot = $3 " more ") "                                               \
  "select " LEADEX_TRANSFER_COLUMNS("$5")                                                         \
  "from batches x join transfer t on t.market_id = $1 and t.batch_seq = x.batch_seq "             \
  LEADEX_TRANSFER_JOINS "where t.lead_no = $2 and t.slot = $3 "
// Those too in which another generator's share of it moved.
constexpr char const* kSaleTransfers = LEADEX_SALE_TRANSFERS(
    "union select h.batch_seq from share_step h, sold where h.market_id = $1 and h.lead_no = $2 "
    "and h.slot = $3") "and " LEADEX_OF("$5", "d.owner_no",
                                        "e.owner_no") " order by t.batch_seq, t.n";
// Who else brought the person is nobody's business here (codes 13 and 14).
constexpr char const* kCaseTransfers =
    LEADEX_SALE_TRANSFERS("") "and t.code not in (13, 14) order by t.batch_seq, t.n";
constexpr std::int64_t kNobody = -1;
// Codes: 3 pending, 4 earned, 5 holdback. The platform's part carries its currency in sub_no.
constexpr char const* kEarnings =
    "select a.market_id, coalesce(m.name, ''), coalesce(m.currency, ''), "
    "case when a.market_id = 0 then a.sub_no else 0 end, "
    "sum(case a.code when 3 then a.credits_posted + a.credits_pending - a.debits_posted - "
    "a.debits_pending else 0 end)::bigint, "
    "sum(case a.code when 4 then a.credits_posted - a.debits_posted - a.debits_pending else 0 "
    "end)::bigint, "
    "sum(case a.code when 5 then a.credits_posted - a.debits_posted - a.debits_pending else 0 "
    "end)::bigint "
    "from account a left join market m on m.market_id = a.market_id "
    "where a.owner_no = $1 and a.code in (3, 4, 5) group by 1, 2, 3, 4 order by 1, 4";
constexpr char const* kSettled =
    "select owner_no, credits_posted - debits_posted - debits_pending, debits_posted from account "
    "where market_id = $1 and code = 4 and owner_no <> 0 and sub_no = 0 and credits_posted - "
    "debits_posted - debits_pending > 0 order by owner_no limit $2";

std::string currency_of(std::string const& of_market, MarketNo stream, std::int64_t sub_no) {
  if (!of_market.empty() || stream != 0) return of_market;
  return std::string{currency_code(sub_no).value_or("")};
}

LedgerAccountView read_account(pqxx::row const& row) {
  LedgerAccountView view;
  view.stream = read_market_no(row.at(0));
  view.market = row.at(1).as<std::string>();
  auto& account = view.account;
  account.account_no = row.at(3).as<std::int64_t>();
  account.code = read_number_enum(row.at(4), AccountCode::clearing);
  account.owner_no = row.at(5).as<std::int64_t>();
  account.sub_no = row.at(6).as<std::int64_t>();
  account.floor_micros = read_maybe<std::int64_t>(row.at(7));
  account.debits_pending = row.at(8).as<std::int64_t>();
  account.debits_posted = row.at(9).as<std::int64_t>();
  account.credits_pending = row.at(10).as<std::int64_t>();
  account.credits_posted = row.at(11).as<std::int64_t>();
  view.currency = currency_of(row.at(2).as<std::string>(), view.stream, account.sub_no);
  return view;
}

TransferView read_transfer(pqxx::row const& row) {
  TransferView view;
  view.stream = read_market_no(row.at(0));
  view.ref = {row.at(1).as<std::int64_t>(), row.at(2).as<std::int32_t>()};
  auto& transfer = view.transfer;
  transfer.debit = row.at(3).as<std::int64_t>();
  transfer.credit = row.at(4).as<std::int64_t>();
  transfer.amount = Money{row.at(5).as<std::int64_t>()};
  transfer.code = read_number_enum(row.at(6), TransferCode::duplicate_share_back);
  transfer.phase = read_number_enum(row.at(7), Phase::expire_pending);
  transfer.lead_no = row.at(8).as<std::int64_t>();
  transfer.slot = row.at(9).as<std::int32_t>();
  if (!row.at(10).is_null()) {
    transfer.pending = {row.at(10).as<std::int64_t>(), row.at(11).as<std::int32_t>()};
  }
  view.at = read_time(row.at(12));
  view.currency =
      currency_of(row.at(13).as<std::string>(), view.stream, row.at(15).as<std::int64_t>());
  return view;
}

/// Another's account is as one that does not exist, whatever its owner did with the viewer.
bool may_search(pqxx::transaction_base& tx, Viewer viewer, TransferFilter const& filter) {
  if (!filter.account || !viewer.scope()) return true;
  auto const& account = *filter.account;
  auto const rows =
      execute(tx, kOwnsAccount, Parameters(account.stream, account.account_no, viewer.scope()));
  return rows.at(0).at(0).as<bool>();
}

TransferPage page_of(pqxx::transaction_base& tx, Viewer viewer, TransferFilter const& filter) {
  if (!may_search(tx, viewer, filter)) return {};
  auto const before = filter.before.value_or(TransferCursor{});
  std::optional<MarketNo> stream;
  if (filter.before) stream = before.stream;
  std::optional<MarketNo> account_stream;
  std::optional<std::int64_t> account_no;
  if (filter.account) {
    account_stream = filter.account->stream;
    account_no = filter.account->account_no;
  }
  std::optional<int> code;
  if (filter.code) code = static_cast<int>(*filter.code);
  auto const only = filter.account ? account_stream : filter.stream;
  auto const rows = execute(tx, kTransfers,
                            Parameters(viewer.scope(), stream, before.ref.batch_seq, before.ref.n,
                                       only, PostgresLedgerReads::kScanMax, account_stream,
                                       account_no, filter.limit + 1, code));
  TransferPage page;
  for (auto const& row : rows) page.transfers.push_back(read_transfer(row));
  if (std::ssize(page.transfers) > filter.limit) {
    page.transfers.pop_back();
    auto const& last = page.transfers.back();
    page.next = TransferCursor{last.stream, last.ref};
    return page;
  }
  auto const end = execute(tx, kScanEnd,
                           Parameters(stream, before.ref.batch_seq, before.ref.n, only,
                                      PostgresLedgerReads::kScanMax - 1));
  if (!end.empty()) {
    page.next = TransferCursor{read_market_no(end.at(0).at(0)),
                               {end.at(0).at(1).as<std::int64_t>(), end.at(0).at(2).as<int>()}};
  }
  return page;
}

std::vector<TransferView> read_transfers(pqxx::result const& rows) {
  std::vector<TransferView> transfers;
  for (auto const& row : rows) transfers.push_back(read_transfer(row));
  return transfers;
}

std::vector<EarningsView> earnings_of(pqxx::transaction_base& tx, Viewer viewer) {
  std::vector<EarningsView> earnings;
  for (auto const& row : execute(tx, kEarnings, Parameters(viewer.tenant_no))) {
    EarningsView view;
    view.market = read_market_no(row.at(0));
    view.market_name = row.at(1).as<std::string>();
    view.currency =
        currency_of(row.at(2).as<std::string>(), view.market, row.at(3).as<std::int64_t>());
    view.pending = Money{row.at(4).as<std::int64_t>()};
    view.earned = Money{row.at(5).as<std::int64_t>()};
    view.holdback = Money{row.at(6).as<std::int64_t>()};
    earnings.push_back(std::move(view));
  }
  return earnings;
}

}  // namespace

std::vector<TransferView> case_transfers(pqxx::transaction_base& tx, Viewer viewer, SaleId sale) {
  return read_transfers(
      execute(tx, kCaseTransfers,
              Parameters(sale.market, sale.lead_no, sale.slot, viewer.scope(), kNobody)));
}

PostgresLedgerReads::Later<std::vector<LedgerAccountView>> PostgresLedgerReads::accounts(
    Viewer viewer, LedgerAccountFilter filter) {
  co_return co_await pool_.run([viewer, filter](pqxx::work& tx) {
    std::optional<MarketNo> stream;
    std::int64_t account_no = 0;
    if (filter.after) {
      stream = filter.after->stream;
      account_no = filter.after->account_no;
    }
    std::optional<int> code;
    if (filter.code) code = static_cast<int>(*filter.code);
    std::vector<LedgerAccountView> accounts;
    auto const rows = execute(tx, kAccounts,
                              Parameters(viewer.scope(), stream, account_no, filter.stream, code,
                                         filter.limit, filter.owner_no));
    for (auto const& row : rows) accounts.push_back(read_account(row));
    return accounts;
  });
}

PostgresLedgerReads::Later<TransferPage> PostgresLedgerReads::transfers(Viewer viewer,
                                                                        TransferFilter filter) {
  co_return co_await pool_.run(
      [viewer, filter](pqxx::work& tx) { return page_of(tx, viewer, filter); });
}

PostgresLedgerReads::Later<std::vector<TransferView>> PostgresLedgerReads::of_sale(Viewer viewer,
                                                                                   SaleId sale) {
  co_return co_await pool_.run([viewer, sale](pqxx::work& tx) {
    auto const scope = viewer.scope();
    return read_transfers(execute(tx, kSaleTransfers,
                                  Parameters(sale.market, sale.lead_no, sale.slot, scope, scope)));
  });
}

PostgresLedgerReads::Later<std::vector<EarningsView>> PostgresLedgerReads::earnings(Viewer viewer) {
  co_return co_await pool_.run([viewer](pqxx::work& tx) { return earnings_of(tx, viewer); });
}

PostgresLedgerReads::Later<std::vector<LedgerReads::Settled>> PostgresLedgerReads::settled_earnings(
    MarketNo market, int limit) {
  co_return co_await pool_.run([market, limit](pqxx::work& tx) {
    std::vector<Settled> settled;
    for (auto const& row : execute(tx, kSettled, Parameters(market, limit))) {
      settled.push_back({row.at(0).as<std::int64_t>(), Money{row.at(1).as<std::int64_t>()},
                         Money{row.at(2).as<std::int64_t>()}});
    }
    return settled;
  });
}

}  // namespace leadex::storage::postgres
