#include "server/storage/postgres/ledger_check.hpp"

#include <algorithm>
#include <map>

#include "billing/ledger/ledger.hpp"
#include "server/privacy/hash_chain.hpp"
#include "server/storage/postgres/platform_chain.hpp"
#include "server/storage/postgres/platform_ledger.hpp"
#include "server/storage/postgres/statement.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr int kPageBatches = 500;

constexpr char const* kBatches =
    "select seq, epoch, at_us, hash, body from commit_batch where market_id = 0 and seq > $1 "
    "order by seq limit $2";
constexpr char const* kTransfers =
    "select batch_seq, n, debit, credit, amount, code, phase, lead_no, slot, pending_seq, "
    "pending_n from transfer where market_id = 0 and batch_seq between $1 and $2 "
    "order by batch_seq, n";
constexpr char const* kStrayTransfer =
    "select t.batch_seq from transfer t where t.market_id = $1 and not exists (select from "
    "commit_batch b where b.market_id = t.market_id and b.seq = t.batch_seq) "
    "order by t.batch_seq limit 1";
constexpr char const* kAccounts =
    "select account_no, code, owner_no, sub_no, floor_micros, debits_pending, debits_posted, "
    "credits_pending, credits_posted from account where market_id = $1 order by account_no";
constexpr char const* kHead = "select seq, hash from market_head where market_id = $1";
constexpr char const* kCounts =
    "select (select count(*) from commit_batch where market_id = $1), "
    "(select count(*) from transfer where market_id = $1), "
    "(select count(*) from account where market_id = $1)";

// Both sides of every transfer with what it does to the counters; a resolution takes the whole
// amount of its pending transfer off the pending counters.
constexpr char const* kCounters =
    "with effect as ("
    " select t.debit, t.credit,"
    "  case when t.phase in (0, 2) then t.amount else 0 end as posted,"
    "  case when t.phase = 1 then t.amount when t.phase in (2, 3, 4) then -p.amount else 0 end"
    "   as pending"
    " from transfer t left join transfer p on p.market_id = t.market_id"
    "  and p.batch_seq = t.pending_seq and p.n = t.pending_n where t.market_id = $1), "
    "side as ("
    " select debit as no, posted as dp, pending as dn, 0 as cp, 0 as cn from effect union all"
    " select credit, 0, 0, posted, pending from effect), "
    "total as (select no, sum(dp) as dp, sum(dn) as dn, sum(cp) as cp, sum(cn) as cn from side "
    "group by no) "
    "select coalesce(a.account_no, t.no) from (select * from account where market_id = $1) a "
    "full join total t on t.no = a.account_no "
    "where a.account_no is null or a.debits_posted <> coalesce(t.dp, 0) "
    "or a.debits_pending <> coalesce(t.dn, 0) or a.credits_posted <> coalesce(t.cp, 0) "
    "or a.credits_pending <> coalesce(t.cn, 0) or t.dn is null and t.no is not null order by 1 "
    "limit 1";

// A sale against the two transfers that its award made (codes 3 and 4: net and commission; either
// may be nothing), and those against their sale. What of a sale changes later is not looked at.
constexpr char const* kSales =
    "with held as (select lead_no, slot, min(batch_seq) as seq, max(batch_seq) as last_seq, min(n) "
    "as n, min(debit) as debit, max(debit) as other_debit, "
    "coalesce(sum(amount) filter (where code = 3), 0) as net, "
    "coalesce(sum(amount) filter (where code = 4), 0) as fee, "
    "count(*) filter (where code = 3) as nets, count(*) filter (where code = 4) as fees, "
    "min(credit) filter (where code = 3) as seller from transfer where market_id = $1 and phase = "
    "1 "
    "and code in (3, 4) group by lead_no, slot) "
    "select least(s.batch_seq, h.seq) from (select * from sale l where market_id = $1 and not "
    "exists "
    "(select from acquisition a where a.market_id = $1 and a.lead_no = l.lead_no and a.slot = "
    "l.slot "
    "and a.held is not null)) s full join "
    "held h on h.lead_no = s.lead_no and h.slot = s.slot "
    "left join account d on d.market_id = $1 and d.account_no = h.debit "
    "left join account g on g.market_id = $1 and g.account_no = h.seller "
    "where s.lead_no is null or h.lead_no is null or h.seq <> s.batch_seq or h.last_seq <> h.seq "
    "or "
    "h.n <> s.n or h.nets > 1 or h.fees > 1 or h.net <> s.gross - s.fee or h.fee <> s.fee or "
    "h.other_debit <> h.debit or d.owner_no is distinct from s.buyer or d.sub_no is distinct from "
    "s.campaign or (h.nets = 1 and g.owner_no is distinct from s.generator) order by 1 limit 1";
// What a pool has paid for a sale against the sale's conversion; nothing else is paid so.
constexpr char const* kPooledSales =
    "with paid as (select lead_no, slot, min(batch_seq) as seq, sum(amount) as amount from "
    "transfer "
    "where market_id = $1 and phase = 0 and code in (3, 4) group by lead_no, slot), "
    "pooled as (select s.batch_seq, a.lead_no, a.slot, c.price from acquisition a join sale s "
    "using "
    "(market_id, lead_no, slot) left join conversion c on c.market_id = $1 and c.lead_no = "
    "a.lead_no and c.slot = a.slot and c.state = 1 where a.market_id = $1 and a.held is not null) "
    "select coalesce(p.seq, q.batch_seq) from paid p full join pooled q on q.lead_no = p.lead_no "
    "and q.slot = p.slot where q.lead_no is null or coalesce(p.amount, 0) <> coalesce(q.price, 0) "
    "order by 1 limit 1";
// What the other generator of a shared lead has of each sale (codes 13 and 14: given and taken
// back) against the sale as it stands; nothing else is given so. The commission of what was
// credited is half to even.
constexpr char const* kShares =
    "with side as (select t.lead_no, t.slot, t.batch_seq, t.phase = 0 and d.code = 4 and e.code = "
    "4 as plain, case t.code when 13 then t.amount else -t.amount end as amount, case t.code when "
    "13 then d.owner_no else e.owner_no end as giver, case t.code when 13 then e.owner_no else "
    "d.owner_no end as taker from transfer t join account d on d.market_id = $1 and d.account_no = "
    "t.debit join account e on e.market_id = $1 and e.account_no = t.credit where t.market_id = $1 "
    "and t.code in (13, 14)), "
    "moved as (select lead_no, slot, min(batch_seq) as seq, sum(amount) as has, bool_and(plain) as "
    "plain, array_agg(distinct giver) as givers, array_agg(distinct taker) as takers from side "
    "group by lead_no, slot), "
    "due as (select s.lead_no, s.slot, s.batch_seq, s.generator as giver, h.generator as taker, "
    "case when s.state = 2 then div((s.gross - s.credited - s.fee + q.whole + case when 2 * q.rest "
    "> s.gross or (2 * q.rest = s.gross and mod(q.whole, 2) = 1) then 1 else 0 end - s.holdback) * "
    "h.split_bp, 10000) else 0 end as has from lead_share h join sale s using (market_id, lead_no) "
    "cross join lateral (select div(s.fee::numeric * s.credited, greatest(s.gross, 1)) as whole, "
    "mod(s.fee::numeric * s.credited, greatest(s.gross, 1)) as rest) q where h.market_id = $1) "
    "select coalesce(m.seq, u.batch_seq) from moved m full join due u on u.lead_no = m.lead_no and "
    "u.slot = m.slot where u.lead_no is null or u.giver = u.taker or coalesce(m.has, 0) <> u.has "
    "or (m.lead_no is not null and (not m.plain or m.givers <> array[u.giver] or m.takers <> "
    "array[u.taker])) order by 1 limit 1";
constexpr char const* kStrayAuction =
    "select a.batch_seq from auction a where a.market_id = $1 and not exists (select from "
    "commit_batch b where b.market_id = a.market_id and b.seq = a.batch_seq) "
    "order by a.batch_seq limit 1";

// What crossed towards a market, as the intents say, against the clearing account's balance.
constexpr char const* kCrossings =
    "select coalesce(a.sub_no, i.market_id) from (select * from account where market_id = 0 and "
    "code = $1) a full join (select market_id, sum(case when direction in (0, 3) then amount "
    "else -amount end) as net from fund_intent where platform_seq is not null group by market_id)"
    " i on i.market_id = a.sub_no where coalesce(a.credits_posted::numeric - a.debits_posted, 0) "
    "<> coalesce(i.net, 0) order by 1 limit 1";

struct Entry {
  std::int64_t n{};
  Transfer transfer;
};

Entry read_entry(pqxx::row const& row) {
  auto const integer = [&](int i) {
    return row.at(static_cast<pqxx::row::size_type>(i)).as<std::int64_t>();
  };
  Transfer transfer;
  transfer.debit = integer(2);
  transfer.credit = integer(3);
  transfer.amount = Money{integer(4)};
  transfer.code = static_cast<TransferCode>(integer(5));
  transfer.phase = static_cast<Phase>(integer(6));
  transfer.lead_no = integer(7);
  transfer.slot = row.at(8).as<std::int32_t>();
  if (!row.at(9).is_null()) {
    transfer.pending = TransferRef{integer(9), row.at(10).as<std::int32_t>()};
  }
  return {integer(1), transfer};
}

/// Replays the platform's stream from its first batch.
class PlatformReplay {
 public:
  PlatformReplay(pqxx::transaction_base& tx, LedgerReport& report) : tx_(tx), report_(report) {
    for (auto const& row : execute(tx_, kAccounts, Parameters(0))) {
      auto account = read_account(row);
      stored_.emplace(account.account_no, account);
      account.debits_pending = account.debits_posted = 0;
      account.credits_pending = account.credits_posted = 0;
      now_.emplace(account.account_no, account);
    }
  }

  void run() {
    while (!report_.problem && page()) {
    }
    if (!report_.problem) compare_end();
  }

 private:
  bool page() {
    auto const batches = execute(tx_, kBatches, Parameters(seq_, kPageBatches));
    if (batches.empty()) return false;
    auto const last = batches.at(batches.size() - 1).at(0).as<std::int64_t>();
    std::map<std::int64_t, std::vector<Entry>> entries;
    for (auto const& row : execute(tx_, kTransfers, Parameters(seq_ + 1, last))) {
      entries[row.at(0).as<std::int64_t>()].push_back(read_entry(row));
    }
    for (auto const& row : batches) {
      auto const seq = row.at(0).as<std::int64_t>();
      if (!check(row, entries[seq])) return false;
    }
    return true;
  }

  bool check(pqxx::row const& row, std::vector<Entry> const& entries) {
    auto const seq = row.at(0).as<std::int64_t>();
    if (seq != seq_ + 1) return problem(seq_ + 1, 0, "batch_missing");
    std::vector<Transfer> transfers;
    std::map<std::int64_t, Account> changed;
    for (auto const& entry : entries) {
      bool const in_place = entry.n == static_cast<std::int64_t>(transfers.size());
      if (!in_place || entry.transfer.phase != Phase::posted) {
        return problem(seq, 0, "transfers_wrong");
      }
      auto const debit = now_.find(entry.transfer.debit);
      auto const credit = now_.find(entry.transfer.credit);
      if (debit == now_.end() || credit == now_.end()) return problem(seq, 0, "account_missing");
      auto const amount = entry.transfer.amount.micros;
      if (__builtin_add_overflow(debit->second.debits_posted, amount,
                                 &debit->second.debits_posted) ||
          __builtin_add_overflow(credit->second.credits_posted, amount,
                                 &credit->second.credits_posted)) {
        return problem(seq, 0, "amount_wrong");
      }
      changed.insert_or_assign(debit->first, debit->second);
      changed.insert_or_assign(credit->first, credit->second);
      transfers.push_back(entry.transfer);
    }
    // An account on both ends of a batch is taken as it stands after the last transfer.
    std::vector<Account> accounts;
    for (auto const& [no, account] : changed) accounts.push_back(now_.at(no));
    auto const body = read_bytes(row.at(4));
    auto const hash = platform_hash({seq, row.at(1).as<std::int64_t>(),
                                     row.at(2).as<std::int64_t>(), body, transfers, accounts},
                                    hash_);
    if (hash != read_digest(row.at(3))) return problem(seq, 0, "hash_differs");
    seq_ = seq;
    hash_ = hash;
    return true;
  }

  void compare_end() {
    auto const head = execute(tx_, kHead, Parameters(0));
    bool const same = !head.empty() && head.at(0).at(0).as<std::int64_t>() == seq_ &&
                      read_digest(head.at(0).at(1)) == hash_;
    if (!same) {
      problem(seq_ + 1, 0, "head_differs");
      return;
    }
    for (auto const& [no, account] : stored_) {
      if (account != now_.at(no)) {
        problem(0, no, "account_differs");
        return;
      }
    }
  }

  bool problem(std::int64_t seq, std::int64_t account_no, std::string reason) {
    report_.problem = LedgerProblem{0, seq, account_no, std::move(reason)};
    return false;
  }

  pqxx::transaction_base& tx_;
  LedgerReport& report_;
  std::map<std::int64_t, Account> stored_;
  std::map<std::int64_t, Account> now_;
  std::int64_t seq_{};
  crypto::Digest hash_ = privacy::kChainStart;
};

}  // namespace

LedgerReport check_ledger(pqxx::transaction_base& tx, MarketNo market) {
  LedgerReport report;
  auto const counts = execute(tx, kCounts, Parameters(market)).at(0);
  report.batches = counts.at(0).as<std::int64_t>();
  report.transfers = counts.at(1).as<std::int64_t>();
  report.accounts = counts.at(2).as<std::int64_t>();
  if (market == 0) PlatformReplay(tx, report).run();
  auto const first = [&](char const* statement, Parameters const& parameters) {
    auto const rows = execute(tx, statement, parameters);
    return rows.empty() ? std::optional<std::int64_t>{} : rows.at(0).at(0).as<std::int64_t>();
  };
  if (report.problem) return report;
  if (auto const seq = first(kStrayTransfer, Parameters(market))) {
    report.problem = LedgerProblem{market, *seq, 0, "transfer_without_batch"};
  } else if (auto const auction_seq = first(kStrayAuction, Parameters(market))) {
    report.problem = LedgerProblem{market, *auction_seq, 0, "auction_without_batch"};
  } else if (auto const sale_seq = first(kSales, Parameters(market))) {
    report.problem = LedgerProblem{market, *sale_seq, 0, "sale_differs"};
  } else if (auto const pooled_seq = first(kPooledSales, Parameters(market))) {
    report.problem = LedgerProblem{market, *pooled_seq, 0, "sale_differs"};
  } else if (auto const share_seq = first(kShares, Parameters(market))) {
    report.problem = LedgerProblem{market, *share_seq, 0, "share_differs"};
  } else if (auto const account = first(kCounters, Parameters(market))) {
    report.problem = LedgerProblem{market, 0, *account, "counters_differ"};
  } else if (market == 0) {
    auto const code = static_cast<int>(AccountCode::clearing);
    if (auto const other = first(kCrossings, Parameters(code))) {
      report.problem = LedgerProblem{static_cast<MarketNo>(*other), 0, 0, "intents_differ"};
    }
  }
  return report;
}

}  // namespace leadex::storage::postgres
