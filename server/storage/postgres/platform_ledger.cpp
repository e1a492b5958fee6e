#include "server/storage/postgres/platform_ledger.hpp"

#include "billing/settlement/payout.hpp"
#include "billing/values/check.hpp"
#include "server/privacy/sealed_value.hpp"
#include "server/storage/currency.hpp"
#include "server/storage/postgres/platform_chain.hpp"
#include "server/storage/postgres/statement.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr char const* kLockHead =
    "select epoch, seq, hash, last_at_us from market_head where market_id = 0 for update";
constexpr char const* kMoveHead =
    "update market_head set seq = $1, hash = $2, last_at_us = $3 where market_id = 0";
constexpr char const* kInsertBatch =
    "insert into commit_batch (market_id, seq, epoch, at_us, hash, body) values (0, $1, $2, $3, "
    "$4, $5)";
constexpr char const* kInsertTransfer =
    "insert into transfer (market_id, batch_seq, n, debit, credit, amount, code, phase, lead_no, "
    "slot, pending_seq, pending_n) values (0, $1, $2, $3, $4, $5, $6, $7, $8, $9, null, null)";
constexpr char const* kFindAccount =
    "select account_no, code, owner_no, sub_no, floor_micros, debits_pending, debits_posted, "
    "credits_pending, credits_posted from account where market_id = 0 and code = $1 and owner_no "
    "= $2 and sub_no = $3";
constexpr char const* kLastAccount =
    "select coalesce(max(account_no), 0) from account where market_id = 0";
constexpr char const* kInsertAccount =
    "insert into account (market_id, account_no, code, owner_no, sub_no, floor_micros, "
    "debits_pending, debits_posted, credits_pending, credits_posted, batch_seq) values (0, $1, "
    "$2, $3, $4, $5, $6, $7, $8, $9, $10)";
constexpr char const* kUpdateAccount =
    "update account set debits_pending = $2, debits_posted = $3, credits_pending = $4, "
    "credits_posted = $5, batch_seq = $6 where market_id = 0 and account_no = $1";
constexpr char const* kMarketCurrency = "select currency from market where market_id = $1";
constexpr char const* kInsertIntent =
    "insert into fund_intent (market_id, intent_no, direction, tenant_no, sub_no, amount, "
    "platform_seq) values ($1, $2, $3, $4, $5, $6, $7)";
constexpr char const* kIntentArrives =
    "update fund_intent set platform_seq = $3 where market_id = $1 and intent_no = $2 and "
    "platform_seq is null";
// One statement: the market's batch that takes an intent raises the balance as it closes the row.
constexpr char const* kUncovered =
    "select owner_no, missing from (select a.owner_no, a.debits_posted + a.debits_pending - "
    "a.credits_posted - coalesce((select sum(i.amount) from fund_intent i where i.market_id = $1 "
    "and i.direction = $3 and i.tenant_no = a.owner_no and i.market_seq is null), 0)::bigint as "
    "missing from account a where a.market_id = $1 and a.code = $2) u where missing > 0 order by "
    "owner_no limit $4";

Result<std::int64_t, PlatformRefusal> number_of(std::string_view currency) {
  auto const number = currency_number(currency);
  if (!number) return refuse(PlatformRefusal::currency_unknown);
  return *number;
}

PlatformRefusal refusal_of(LedgerError error) {
  switch (error) {
    case LedgerError::below_floor:
      return PlatformRefusal::insufficient_funds;
    case LedgerError::overflow:
      return PlatformRefusal::overflow;
    case LedgerError::amount_not_positive:
      return PlatformRefusal::amount_not_positive;
    default:
      LEADEX_CHECK(false && "the platform built a transfer that no book takes");
      return PlatformRefusal::overflow;
  }
}

std::string number(std::int64_t value) { return std::to_string(value); }

}  // namespace

Account read_account(pqxx::row const& row, int first) {
  auto const integer = [&](int i) {
    return row.at(static_cast<pqxx::row::size_type>(first + i)).as<std::int64_t>();
  };
  Account account;
  account.account_no = integer(0);
  auto const code = integer(1);
  if (code < 0 || code >= static_cast<std::int64_t>(kAccountCodeTexts.size())) {
    throw std::runtime_error("an account row holds an unknown code");
  }
  account.code = static_cast<AccountCode>(code);
  account.owner_no = integer(2);
  account.sub_no = integer(3);
  account.floor_micros =
      read_maybe<std::int64_t>(row.at(static_cast<pqxx::row::size_type>(first + 4)));
  account.debits_pending = integer(5);
  account.debits_posted = integer(6);
  account.credits_pending = integer(7);
  account.credits_posted = integer(8);
  return account;
}

void PostgresPlatformLedger::lock_head() {
  if (head_) return;
  auto const row = execute(tx_, kLockHead).at(0);
  head_ = Head{row.at(0).as<std::int64_t>(), row.at(1).as<std::int64_t>(), read_digest(row.at(2)),
               row.at(3).as<std::int64_t>()};
  next_account_no_ = execute(tx_, kLastAccount).at(0).at(0).as<std::int64_t>() + 1;
}

void PostgresPlatformLedger::forget() {
  head_.reset();
  book_ = Ledger{};
  numbers_.clear();
  stored_.clear();
}

std::int64_t PostgresPlatformLedger::account(AccountCode code, std::int64_t owner_no,
                                             std::int64_t sub_no) {
  lock_head();
  auto const [known, is_new] = numbers_.try_emplace({code, owner_no, sub_no}, 0);
  if (!is_new) return known->second;
  auto const rows =
      execute(tx_, kFindAccount, Parameters(static_cast<int>(code), owner_no, sub_no));
  Account found;
  if (rows.empty()) {
    found.account_no = next_account_no_++;
    found.code = code;
    found.owner_no = owner_no;
    found.sub_no = sub_no;
    found.floor_micros = default_floor_micros(code);
  } else {
    found = read_account(rows.at(0));
    stored_.insert(found.account_no);
  }
  known->second = found.account_no;
  LEADEX_CHECK(book_.open_account(found).has_value());
  return found.account_no;
}

Result<PlatformBatch, PlatformRefusal> PostgresPlatformLedger::commit(
    std::string body, std::span<Transfer const> transfers) {
  LEADEX_CHECK(!transfers.empty());
  lock_head();
  auto const seq = head_->seq + 1;
  if (auto const booked = book_.apply_all(seq, 0, transfers); !booked) {
    return refuse(refusal_of(booked.error()));
  }
  std::vector<Account> changed;
  for (auto const no : book_.take_changed()) changed.push_back(*book_.find(no));
  auto const at_us = std::max(to_unix_micros(now_), head_->last_at_us);
  auto const hash =
      platform_hash({seq, head_->epoch, at_us, body, transfers, changed}, head_->hash);
  write_accounts(changed, seq);
  write_transfers(transfers, seq);
  execute(tx_, kInsertBatch,
          Parameters(seq, head_->epoch, at_us, bytea(hash), bytea(std::string_view{body})));
  execute(tx_, kMoveHead, Parameters(seq, bytea(hash), at_us));
  head_ = Head{head_->epoch, seq, hash, at_us};
  return PlatformBatch{seq, from_unix_micros(at_us)};
}

void PostgresPlatformLedger::write_accounts(std::span<Account const> accounts, std::int64_t seq) {
  for (auto const& a : accounts) {
    if (stored_.insert(a.account_no).second) {
      execute(
          tx_, kInsertAccount,
          Parameters(a.account_no, static_cast<int>(a.code), a.owner_no, a.sub_no, a.floor_micros,
                     a.debits_pending, a.debits_posted, a.credits_pending, a.credits_posted, seq));
    } else {
      execute(tx_, kUpdateAccount,
              Parameters(a.account_no, a.debits_pending, a.debits_posted, a.credits_pending,
                         a.credits_posted, seq));
    }
  }
}

void PostgresPlatformLedger::write_transfers(std::span<Transfer const> transfers,
                                             std::int64_t seq) {
  std::int32_t n = 0;
  for (auto const& t : transfers) {
    execute(tx_, kInsertTransfer,
            Parameters(seq, n++, t.debit, t.credit, t.amount.micros, static_cast<int>(t.code),
                       static_cast<int>(t.phase), t.lead_no, t.slot));
  }
}

std::optional<std::int64_t> PostgresPlatformLedger::market_currency(MarketNo market) {
  auto const rows = execute(tx_, kMarketCurrency, Parameters(market));
  if (rows.empty()) return std::nullopt;
  auto const code = currency_number(rows.at(0).at(0).as<std::string>());
  if (!code) throw std::runtime_error("a market has a currency that no payment can be made in");
  return code;
}

Result<PlatformBatch, PlatformRefusal> PostgresPlatformLedger::deposit(std::int64_t tenant_no,
                                                                       std::string_view currency,
                                                                       Money amount,
                                                                       std::string_view reference) {
  if (amount.micros <= 0) return refuse(PlatformRefusal::amount_not_positive);
  auto const currency_no = number_of(currency);
  if (!currency_no) return refuse(currency_no.error());
  Path const path{account(AccountCode::bank, 0, *currency_no),
                  account(AccountCode::wallet, tenant_no, *currency_no)};
  Transfer const transfer = leadex::deposit(path, amount);
  // Whoever paid may be a person: the bank's reference is readable for the exchange only.
  auto const row = privacy::row_key(head_->seq + 1);
  auto const sealed = privacy::SecretBox(ring_).seal({"commit_batch", 0, row, "body"}, reference);
  return commit("deposit tenant=" + number(tenant_no) + " currency=" + std::string(currency) +
                    " amount=" + number(amount.micros) + " reference=" + crypto::hex_encode(sealed),
                {&transfer, 1});
}

Result<FundIntent, PlatformRefusal> PostgresPlatformLedger::leave(FundIntent intent,
                                                                  AccountCode from,
                                                                  Transfer (*build)(Path, Money)) {
  if (intent.amount.micros <= 0) return refuse(PlatformRefusal::amount_not_positive);
  auto const currency_no = market_currency(intent.market);
  if (!currency_no) return refuse(PlatformRefusal::market_unknown);
  intent.intent_no = next_intent_(intent.market);
  Path const path{account(from, intent.tenant_no, *currency_no),
                  account(AccountCode::clearing, 0, intent.market)};
  Transfer const transfer = build(path, intent.amount);
  auto const batch =
      commit("leave intent=" + number(intent.market) + "/" + number(intent.intent_no) +
                 " direction=" + number(static_cast<int>(intent.direction)) +
                 " tenant=" + number(intent.tenant_no) + " sub=" + number(intent.sub_no) +
                 " amount=" + number(intent.amount.micros),
             {&transfer, 1});
  if (!batch) return refuse(batch.error());
  intent.platform_seq = batch->seq;
  execute(tx_, kInsertIntent,
          Parameters(intent.market, intent.intent_no, static_cast<int>(intent.direction),
                     intent.tenant_no, intent.sub_no, intent.amount.micros, intent.platform_seq));
  return intent;
}

Result<FundIntent, PlatformRefusal> PostgresPlatformLedger::fund_leaves(std::int64_t tenant_no,
                                                                        MarketNo market,
                                                                        std::int64_t campaign_no,
                                                                        Money amount) {
  return leave({market, 0, IntentDirection::fund, tenant_no, campaign_no, amount, {}, {}},
               AccountCode::wallet, leadex::fund_leaves);
}

Result<FundIntent, PlatformRefusal> PostgresPlatformLedger::claw_back_leaves(std::int64_t tenant_no,
                                                                             MarketNo market,
                                                                             Money amount) {
  return leave({market, 0, IntentDirection::claw_back, tenant_no, 0, amount, {}, {}},
               AccountCode::generator_earned, leadex::claw_back_leaves);
}

Result<std::vector<FundIntent>, PlatformRefusal> PostgresPlatformLedger::cover_claw_backs(
    MarketNo market, int limit) {
  std::vector<FundIntent> left;
  Parameters const which(market, static_cast<int>(AccountCode::generator_earned),
                         static_cast<int>(IntentDirection::claw_back), limit);
  if (execute(tx_, kUncovered, which).empty()) return left;  // as a rule
  lock_head();  // two rounds at once would both cover the same
  for (auto const& row : execute(tx_, kUncovered, which)) {
    auto intent =
        claw_back_leaves(row.at(0).as<std::int64_t>(), market, Money{row.at(1).as<std::int64_t>()});
    if (!intent) return refuse(intent.error());
    left.push_back(*intent);
  }
  return left;
}

Result<PlatformBatch, PlatformRefusal> PostgresPlatformLedger::arrive(
    MarketNo market, std::int64_t intent_no, IntentDirection direction, AccountCode to,
    Transfer (*build)(Path, Money)) {
  lock_head();  // from here on no other job applies an intent
  auto const intent = find_intent(market, intent_no);
  if (!intent || intent->direction != direction) return refuse(PlatformRefusal::intent_unknown);
  if (intent->platform_seq) return refuse(PlatformRefusal::intent_applied);
  if (!intent->market_seq) return refuse(PlatformRefusal::intent_not_ready);
  auto const currency_no = market_currency(market);
  if (!currency_no) return refuse(PlatformRefusal::market_unknown);
  Path const path{account(AccountCode::clearing, 0, market),
                  account(to, intent->tenant_no, *currency_no)};
  Transfer const transfer = build(path, intent->amount);
  auto const batch = commit("arrive intent=" + number(market) + "/" + number(intent_no) +
                                " direction=" + number(static_cast<int>(direction)) +
                                " tenant=" + number(intent->tenant_no) +
                                " amount=" + number(intent->amount.micros),
                            {&transfer, 1});
  if (!batch) return batch;
  auto const set = execute(tx_, kIntentArrives, Parameters(market, intent_no, batch->seq));
  LEADEX_CHECK(set.affected_rows() == 1);
  return batch;
}

Result<PlatformBatch, PlatformRefusal> PostgresPlatformLedger::defund_arrives(
    MarketNo market, std::int64_t intent_no) {
  return arrive(market, intent_no, IntentDirection::defund, AccountCode::wallet,
                leadex::defund_arrives);
}

Result<PlatformBatch, PlatformRefusal> PostgresPlatformLedger::earnings_arrive(
    MarketNo market, std::int64_t intent_no) {
  return arrive(market, intent_no, IntentDirection::remit, AccountCode::generator_earned,
                leadex::earnings_arrive);
}

Result<PlatformBatch, PlatformRefusal> PostgresPlatformLedger::payouts(
    PayoutStep step, std::int64_t run_no, std::string_view currency,
    std::span<PayoutAmount const> payouts) {
  auto const currency_no = number_of(currency);
  if (!currency_no) return refuse(currency_no.error());
  auto const clearing = account(AccountCode::payout_clearing, 0, *currency_no);
  std::vector<Transfer> transfers;
  std::string body = step == PayoutStep::drafted ? "payouts drafted"
                     : step == PayoutStep::paid  ? "payouts paid"
                                                 : "payouts failed";
  body += " run=" + number(run_no) + " currency=" + std::string(currency);
  for (auto const& payout : payouts) {
    auto const earned = account(AccountCode::generator_earned, payout.tenant_no, *currency_no);
    if (step == PayoutStep::drafted) {
      transfers.push_back(payout_drafted({earned, clearing}, payout.amount));
    } else if (step == PayoutStep::paid) {
      auto const bank = account(AccountCode::bank, 0, *currency_no);
      transfers.push_back(payout_paid({clearing, bank}, payout.amount));
    } else {
      transfers.push_back(payout_failed({clearing, earned}, payout.amount));
    }
    body += " payout=" + number(payout.payout_no) + "/" + number(payout.tenant_no) + "/" +
            number(payout.amount.micros);
  }
  return commit(std::move(body), transfers);
}

Result<PlatformBatch, PlatformRefusal> PostgresPlatformLedger::payouts_drafted(
    std::int64_t run_no, std::string_view currency, std::span<PayoutAmount const> all) {
  return payouts(PayoutStep::drafted, run_no, currency, all);
}
Result<PlatformBatch, PlatformRefusal> PostgresPlatformLedger::payouts_paid(
    std::int64_t run_no, std::string_view currency, std::span<PayoutAmount const> all) {
  return payouts(PayoutStep::paid, run_no, currency, all);
}
Result<PlatformBatch, PlatformRefusal> PostgresPlatformLedger::payouts_failed(
    std::int64_t run_no, std::string_view currency, std::span<PayoutAmount const> all) {
  return payouts(PayoutStep::failed, run_no, currency, all);
}

}  // namespace leadex::storage::postgres
