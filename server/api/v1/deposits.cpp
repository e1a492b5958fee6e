// Deposits and the trial balance.

#include "server/app/deposit.hpp"

#include "server/api/v1/staff.hpp"
#include "server/app/trial_balance.hpp"
#include "server/json/money_text.hpp"
#include "server/json/object_reader.hpp"
#include "server/render/ids.hpp"

namespace leadex::api {

namespace {

using crypto::IdKind;

app::Answer booked(crypto::PublicIdCodec const& ids, app::NewDeposit const& wanted,
                   storage::PlatformBatch const& batch) {
  json::JsonWriter writer;
  {
    auto const whole = writer.object();
    writer.field("id", ids.seal(IdKind::deposit, 0, batch.seq));
    writer.field("account_id", ids.seal(IdKind::account, 0, wanted.tenant_no));
    writer.field("amount", wanted.amount, wanted.currency);
    writer.field("at", batch.at);
  }
  return {201, writer.str()};
}

app::Answer waiting(crypto::PublicIdCodec const& ids, std::int64_t approval_no) {
  constexpr int kAccepted = 202;
  json::JsonWriter writer;
  {
    auto const whole = writer.object();
    writer.field("approval_id", ids.seal(IdKind::approval, 0, approval_no));
  }
  return {kAccepted, writer.str()};
}

void write_row(json::JsonWriter& writer, crypto::PublicIdCodec const& ids,
               storage::AccountRow const& row, std::optional<std::string> const& market,
               std::string_view currency) {
  auto const& account = row.account;
  auto const amount = [currency](std::int64_t micros) {
    return json::format_amount(Money{micros}, currency);
  };
  std::optional<std::string> owner;
  if (account.owner_no != 0) owner = ids.seal(IdKind::account, 0, account.owner_no);
  auto const whole = writer.object();
  writer.field("id", render::ledger_account_id(ids, {row.stream, account.account_no}));
  writer.field("code", text(account.code));
  writer.field("owner", owner);
  writer.field("market", market);
  writer.field("debits_pending", amount(account.debits_pending));
  writer.field("debits_posted", amount(account.debits_posted));
  writer.field("credits_pending", amount(account.credits_pending));
  writer.field("credits_posted", amount(account.credits_posted));
}

/// The sum as a decimal; it may be wider than 64 bits, and is "0" when the books are sound.
std::string sum_text(std::string micros) {
  constexpr std::size_t kPlaces = 6;
  if (micros == "0") return micros;
  bool const minus = micros.starts_with('-');
  if (minus) micros.erase(0, 1);
  if (micros.size() <= kPlaces) micros.insert(0, kPlaces + 1 - micros.size(), '0');
  micros.insert(micros.size() - kPlaces, ".");
  return minus ? "-" + micros : micros;
}

/// The market whose money stands there: that of the stream, or the one a clearing account faces.
std::optional<std::string> market_name(storage::PlatformTx& tx, storage::AccountRow const& row,
                                       std::map<MarketNo, std::string>& known) {
  bool const faces = row.account.code == AccountCode::clearing && row.stream == 0;
  auto const no = faces ? static_cast<MarketNo>(row.account.sub_no) : row.stream;
  if (no == 0) return std::nullopt;
  auto const found = known.find(no);
  if (found != known.end()) return found->second;
  auto name = tx.markets().name_of(no);
  if (name) known.emplace(no, *name);
  return name;
}

}  // namespace

Answered create_deposit(ApiCall& call) {
  json::FieldErrors errors;
  json::ObjectReader reader(call.body, errors);
  auto const account = platform_no(call, IdKind::account, reader.require_string("account_id"));
  auto money = json::require_money_any(reader, "amount");
  app::NewDeposit wanted;
  wanted.reference = reader.require_string("reference");
  if (!errors.empty()) co_return invalid(std::move(errors));
  if (!account) {
    co_return invalid("/account_id", "account_unknown", "There is no such account.");
  }
  wanted.tenant_no = *account;
  wanted.currency = std::move(money->currency);
  wanted.amount = money->amount;

  app::AnswerAction action = [tools = app_tools(call.ctx), ids = &call.ctx.ids,
                              actor = call.principal,
                              wanted](storage::PlatformTx& tx) -> app::AppResult<app::Answer> {
    auto const outcome = app::deposit(tools, tx, actor, wanted);
    if (!outcome) return refuse(outcome.error());
    if (outcome->approval_no) return waiting(*ids, *outcome->approval_no);
    return booked(*ids, wanted, *outcome->batch);
  };
  co_return co_await transact_once(call, std::move(action));
}

Answered get_trial_balance(ApiCall& call) {
  app::AnswerAction action = [ids = &call.ctx.ids, actor = call.principal,
                              currency = std::string{*call.query("currency")}](
                                 storage::PlatformTx& tx) -> app::AppResult<app::Answer> {
    auto const balance = app::trial_balance(tx, actor, currency);
    if (!balance) return refuse(balance.error());
    std::map<MarketNo, std::string> names;
    json::JsonWriter writer;
    {
      auto const whole = writer.object();
      writer.field("currency", currency);
      writer.field("sum", sum_text(balance->posted_sum_micros));
      writer.field("truncated", balance->truncated);
      auto const accounts = writer.array("accounts");
      for (auto const& row : balance->accounts) {
        write_row(writer, *ids, row, market_name(tx, row, names), currency);
      }
    }
    return app::Answer{200, writer.str()};
  };
  co_return co_await transact(call, std::move(action));
}

}  // namespace leadex::api
