// Planted contacts: the exchange's own e-mail addresses and phones, given to somebody or left
// somewhere, that no honest source brings. Staff alone knows of them; what is kept of a contact are
// keyed digests.

#include "server/api/paging.hpp"
#include "server/api/staff_idempotency.hpp"
#include "server/api/v1/fraud_services.hpp"
#include "server/api/v1/intake_handlers.hpp"
#include "server/api/v1/intake_services.hpp"
#include "server/api/v1/staff.hpp"
#include "server/api/v1/trade_support.hpp"
#include "server/intake/contact/email.hpp"
#include "server/intake/contact/phone.hpp"
#include "server/privacy/blind_index.hpp"

namespace leadex::api {

namespace {

using crypto::IdKind;
using privacy::BlindField;

std::string text_of(privacy::BlindIndex const& index) {
  return std::string{crypto::view_of(index)};
}

std::optional<std::string> email_digest(ApiCall const& call, json::ObjectReader& reader) {
  auto const plain = reader.optional_string("email");
  auto const hash = reader.optional_string("email_sha256");
  if (plain && hash)
    reader.fail("email_sha256", "one_of_two", "The address or its hash, not both.");
  if (plain) {
    auto const email = intake::parse_email(*plain);
    if (!email) reader.fail("email", "email_malformed", "This is no e-mail address.");
    if (!email) return std::nullopt;
    return text_of(privacy::blind_index(call.ctx.keys, BlindField::email, email->normalised));
  }
  auto const sha256 = privacy::parse_sha256_hex(hash.value_or(""));
  if (!sha256) return std::nullopt;
  return text_of(privacy::blind_index_of_sha256(call.ctx.keys, BlindField::email, *sha256));
}

std::optional<std::string> phone_digest(ApiCall const& call, json::ObjectReader& reader) {
  auto const plain = reader.optional_string("phone");
  auto const hash = reader.optional_string("phone_sha256");
  if (plain && hash) reader.fail("phone_sha256", "one_of_two", "The number or its hash, not both.");
  if (plain) {
    bool const whole = plain->starts_with('+');
    auto const phone = intake::parse_phone(*plain, "US");  // with + no region counts
    if (!phone || !whole) reader.fail("phone", "phone_malformed", "This is no number with +.");
    if (!phone) return std::nullopt;
    return text_of(privacy::blind_index(call.ctx.keys, BlindField::phone, phone->e164));
  }
  auto const sha256 = privacy::parse_sha256_hex(hash.value_or(""));
  if (!sha256) return std::nullopt;
  return text_of(privacy::blind_index_of_sha256(call.ctx.keys, BlindField::phone, *sha256));
}

/// @errors  the body's faults; market_unknown
Result<app::NewPlantedContact, ApiProblem> read_wanted(ApiCall const& call) {
  json::FieldErrors errors;
  json::ObjectReader reader(call.body, errors);
  app::NewPlantedContact wanted;
  wanted.email = email_digest(call, reader);
  wanted.phone = phone_digest(call, reader);
  wanted.note = reader.require_string("note");
  if (auto const given_to = reader.optional_string("given_to")) {
    auto const account = call.ctx.ids.open_as<AccountId>(*given_to);
    if (!account) reader.fail("given_to", "unknown_account", "There is no such account.");
    wanted.given_to = account ? account->no : 0;
  }
  auto const market = reader.optional_string("market");
  if (errors.empty() && !wanted.email && !wanted.phone) {
    reader.fail("email", "missing_field", "At least an e-mail, a phone or a hash of either.");
  }
  if (!errors.empty()) return invalid(std::move(errors));
  if (market) {
    auto const actor = call.ctx.markets.find(*market);
    if (!actor) return problem(Code::market_unknown);
    wanted.market = actor->market_no();
  }
  return wanted;
}

void write_planted(json::JsonWriter& out, ApiContext const& ctx, storage::Planted const& row) {
  auto const& planted = row.planted;
  auto const whole = out.object();
  out.field("id", ctx.ids.seal(IdKind::planted_contact, 0, planted.planted_no));
  {
    auto const fields = out.array("fields");
    if (planted.email) out.value("email");
    if (planted.phone) out.value("phone");
  }
  std::optional<std::string> market;
  if (!row.market.empty()) market = row.market;
  out.field("market", market);
  std::optional<std::string> given_to;
  if (planted.given_to != 0) given_to = ctx.ids.seal(AccountId{0, planted.given_to});
  out.field("given_to", given_to);
  out.field("note", app::planted_note(ctx.keys, planted.planted_no, planted.note_sealed));
  out.field("planted_by", ctx.ids.seal(IdKind::principal, 0, planted.planted_by));
  out.field("planted_at", row.planted_at);
  std::optional<std::string> retired_by;
  if (row.retired_by) retired_by = ctx.ids.seal(IdKind::principal, 0, *row.retired_by);
  out.field("retired_by", retired_by);
  out.field("retired_at", row.retired_at);
  out.field("cases", row.cases);
}

app::AppResult<app::Answer> answer_of(ApiContext const& ctx, int status,
                                      app::AppResult<storage::Planted> const& done) {
  if (!done) return refuse(done.error());
  json::JsonWriter out;
  write_planted(out, ctx, *done);
  return app::Answer{status, out.str()};
}

/// What this process keeps in memory is old now; other processes read it within seconds.
void forget_kept(ApiContext const& ctx) {
  if (ctx.intake->fraud != nullptr) ctx.intake->fraud->planted.forget();
}

}  // namespace

asio::awaitable<ApiResult> plant_contact(ApiCall& call) {
  auto wanted = read_wanted(call);
  if (!wanted) co_return refuse(wanted.error());
  app::AnswerAction action = [tools = app_tools(call.ctx), ctx = &call.ctx, actor = call.principal,
                              wanted = std::move(*wanted)](storage::PlatformTx& tx) {
    return answer_of(*ctx, 201, app::plant_contact(tools, tx, actor, wanted));
  };
  auto answered = co_await transact_once(call, std::move(action));
  forget_kept(call.ctx);
  co_return answered;
}

asio::awaitable<ApiResult> list_planted_contacts(ApiCall& call) {
  auto const page = read_page(call);
  if (!page) co_return refuse(page.error());
  auto const rows = co_await call.ctx.database.transact(
      [before = page->before_no(), limit = page->fetch()](storage::PlatformTx& tx) {
        return tx.planted().list(before, limit);
      });
  if (!rows) co_return refuse(problem_of(rows.error()));
  auto const write = [&call](json::JsonWriter& out, storage::Planted const& row) {
    write_planted(out, call.ctx, row);
  };
  co_return answer_page(call, *page, *rows, write, [](storage::Planted const& row) {
    return std::vector<std::int64_t>{row.planted.planted_no};
  });
}

asio::awaitable<ApiResult> retire_planted_contact(ApiCall& call) {
  auto const number = platform_no(call, IdKind::planted_contact, call.param("id"));
  if (!number) co_return problem(Code::not_found);
  app::AnswerAction action = [ctx = &call.ctx, actor = call.principal,
                              number = *number](storage::PlatformTx& tx) {
    return answer_of(*ctx, 200, app::retire_contact(tx, actor, number));
  };
  auto answered = co_await transact_once(call, std::move(action));
  forget_kept(call.ctx);
  co_return answered;
}

}  // namespace leadex::api
