// Accounts: opened, changed and suspended by admins.

#include "server/app/change_bank_details.hpp"
#include "server/app/create_account.hpp"
#include "server/app/suspend_account.hpp"

#include "server/api/market_ref.hpp"
#include "server/api/paging.hpp"
#include "server/api/v1/campaign_answer.hpp"
#include "server/api/v1/staff.hpp"
#include "server/intake/contact/company_name.hpp"
#include "server/json/object_reader.hpp"

namespace leadex::api {

namespace {

using crypto::IdKind;

void write_account(json::JsonWriter& writer, crypto::PublicIdCodec const& ids,
                   storage::Tenant const& tenant, std::optional<std::int64_t> approval_no = {}) {
  auto const whole = writer.object();
  writer.field("id", ids.seal(IdKind::account, 0, tenant.tenant_no));
  writer.field("role", text(tenant.role));
  writer.field("name", tenant.name);
  writer.field("country", tenant.country);
  writer.field("status", text(tenant.status));
  {
    auto const bank = writer.object("bank");
    writer.field("on_file", tenant.bank_sealed.has_value());
    writer.field("changed_at", tenant.bank_changed_at);
    writer.field("usable_from", tenant.bank_cool_until);
  }
  writer.field("created_at", tenant.created_at);
  if (approval_no) writer.field("approval_id", ids.seal(IdKind::approval, 0, *approval_no));
}

app::BankDetails read_bank(json::ObjectReader reader) {
  return {reader.require_string("iban"), reader.require_string("bic"),
          reader.require_string("name"), reader.require_string("town")};
}

app::Answer answer_of(int status, crypto::PublicIdCodec const& ids, storage::Tenant const& tenant) {
  json::JsonWriter writer;
  write_account(writer, ids, tenant);
  return {status, writer.str()};
}

app::Answer waiting(crypto::PublicIdCodec const& ids, std::int64_t approval_no,
                    std::int64_t tenant_no) {
  constexpr int kAccepted = 202;
  json::JsonWriter writer;
  {
    auto const whole = writer.object();
    writer.field("approval_id", ids.seal(IdKind::approval, 0, approval_no));
    writer.field("id", ids.seal(IdKind::account, 0, tenant_no));
  }
  return {kAccepted, writer.str()};
}

}  // namespace

Answered create_account(ApiCall& call) {
  json::FieldErrors errors;
  json::ObjectReader reader(call.body, errors);
  app::NewAccount wanted;
  wanted.role = *storage::role_from_text(reader.require_string("role"));
  wanted.name = reader.require_string("name");
  wanted.name_key = intake::company_key(wanted.name);
  wanted.country = reader.optional_string("country");
  if (auto bank = reader.optional_object("bank")) wanted.bank = read_bank(std::move(*bank));
  if (!errors.empty()) co_return invalid(std::move(errors));

  app::AnswerAction action = [tools = app_tools(call.ctx), ids = &call.ctx.ids,
                              actor = call.principal,
                              wanted](storage::PlatformTx& tx) -> app::AppResult<app::Answer> {
    auto const created = app::create_account(tools, tx, actor, wanted);
    if (!created) return refuse(created.error());
    if (created->approval_no) {
      return waiting(*ids, *created->approval_no, created->tenant.tenant_no);
    }
    return answer_of(201, *ids, created->tenant);
  };
  co_return co_await transact_once(call, std::move(action), "/v1/admin/accounts/");
}

Answered list_accounts(ApiCall& call) {
  auto const page = read_page(call);
  if (!page) co_return refuse(page.error());
  storage::TenantFilter filter;
  if (auto const role = call.query("role")) filter.role = storage::role_from_text(*role);
  filter.before_no = page->before_no();
  filter.limit = page->fetch();
  auto const rows = co_await call.ctx.database.transact(
      [filter](storage::PlatformTx& tx) { return tx.tenants().list(filter); });
  if (!rows) co_return refuse(problem_of(rows.error()));
  auto const write = [&call](json::JsonWriter& writer, storage::Tenant const& tenant) {
    write_account(writer, call.ctx.ids, tenant);
  };
  co_return answer_page(call, *page, *rows, write, [](storage::Tenant const& tenant) {
    return std::vector<std::int64_t>{tenant.tenant_no};
  });
}

Answered get_account(ApiCall& call) {
  auto const no = platform_no(call, IdKind::account, call.param("id"));
  if (!no) co_return problem(Code::not_found);
  auto const tenant = co_await call.ctx.database.transact(
      [no = *no](storage::PlatformTx& tx) { return tx.tenants().find(no); });
  if (!tenant) co_return refuse(problem_of(tenant.error()));
  if (!*tenant) co_return problem(Code::not_found);
  json::JsonWriter writer;
  write_account(writer, call.ctx.ids, **tenant);
  co_return answer(200, writer);
}

Answered patch_account(ApiCall& call) {
  auto const no = platform_no(call, IdKind::account, call.param("id"));
  if (!no) co_return problem(Code::not_found);
  json::FieldErrors errors;
  json::ObjectReader reader(call.body, errors);
  auto const bank = read_bank(reader.require_object("bank"));
  if (!errors.empty()) co_return invalid(std::move(errors));

  app::AnswerAction action = [tools = app_tools(call.ctx), ids = &call.ctx.ids,
                              actor = call.principal, no = *no,
                              bank](storage::PlatformTx& tx) -> app::AppResult<app::Answer> {
    auto const changed = app::change_bank_details(tools, tx, actor, no, bank);
    if (!changed) return refuse(changed.error());
    if (changed->approval_no) return waiting(*ids, *changed->approval_no, no);
    auto const tenant = tx.tenants().find(no);
    if (!tenant) return app::fail(app::AppCode::not_found, "There is no such account.");
    return answer_of(200, *ids, *tenant);
  };
  co_return co_await transact(call, std::move(action));
}

Answered suspend_account(ApiCall& call) {
  auto const no = platform_no(call, IdKind::account, call.param("id"));
  if (!no) co_return problem(Code::not_found);
  app::AnswerAction action = [ids = &call.ctx.ids, actor = call.principal,
                              no = *no](storage::PlatformTx& tx) -> app::AppResult<app::Answer> {
    auto const tenant = app::suspend_account(tx, actor, no);
    if (!tenant) return refuse(tenant.error());
    return answer_of(200, *ids, *tenant);
  };
  auto result = co_await transact_once(call, std::move(action));
  call.ctx.authenticator.forget_all();
  if (!result) co_return result;
  // A suspended buyer buys nothing more. Sent again with the same key, this goes on where it ended.
  auto const paused = co_await pause_campaigns_of(call, *no);
  if (!paused) co_return refuse(paused.error());
  co_return result;
}

}  // namespace leadex::api
