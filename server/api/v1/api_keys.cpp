// API keys: made by admins and shown once, revoked by admins or their own account.

#include "server/api/market_ref.hpp"
#include "server/api/paging.hpp"
#include "server/api/v1/staff.hpp"
#include "server/app/issue_api_key.hpp"
#include "server/app/revoke_api_key.hpp"
#include "server/auth/authorize.hpp"
#include "server/json/object_reader.hpp"
#include "server/json/time_text.hpp"

namespace leadex::api {

namespace {

using crypto::IdKind;

std::string_view status_of(storage::ApiKeyRow const& key, Timestamp now) {
  if (key.revoked_at) return "revoked";
  if (key.expires_at && *key.expires_at <= now) return "expired";
  return key.pending_approval ? "pending" : "active";
}

std::string key_json(crypto::PublicIdCodec const& ids, storage::ApiKeyRow const& key,
                     Timestamp now) {
  json::JsonWriter writer;
  {
    auto const whole = writer.object();
    writer.field("id", ids.seal(IdKind::api_key, 0, key.key_no));
    writer.field("kind", text(key.kind));
    writer.field("shown_first", key.shown_first);
    writer.field("shown_last", key.shown_last);
    {
      auto const scopes = writer.array("scopes");
      for (auto const& scope : key.scopes) writer.value(scope);
    }
    writer.field("status", status_of(key, now));
    writer.field("created_at", key.created_at);
    writer.field("expires_at", key.expires_at);
    writer.field("last_used_at", key.last_used_at);
  }
  return writer.str();
}

app::Answer minted(crypto::PublicIdCodec const& ids, app::IssuedApiKey const& issued) {
  constexpr int kAccepted = 202;
  json::JsonWriter writer;
  {
    auto const whole = writer.object();
    writer.field("id", ids.seal(IdKind::api_key, 0, issued.key_no));
    writer.field("key", issued.key);
    if (issued.approval_no) {
      writer.field("approval_id", ids.seal(IdKind::approval, 0, *issued.approval_no));
    }
  }
  return {issued.approval_no ? kAccepted : 201, writer.str()};
}

}  // namespace

Answered create_api_key(ApiCall& call) {
  auto const no = platform_no(call, IdKind::account, call.param("id"));
  if (!no) co_return problem(Code::not_found);
  app::NewApiKey wanted;
  wanted.tenant_no = *no;
  if (call.body.IsObject()) {
    json::FieldErrors errors;
    json::ObjectReader reader(call.body, errors);
    if (auto const* const scopes = reader.optional_array("scopes")) {
      wanted.scopes.emplace();
      for (auto const& scope : scopes->GetArray()) {
        wanted.scopes->emplace_back(json::text_of(scope));
      }
    }
    wanted.expires_at = json::optional_timestamp(reader, "expires_at");
    wanted.test = reader.optional_string("kind") == "test";
    if (!errors.empty()) co_return invalid(std::move(errors));
  }
  app::AnswerAction action = [tools = app_tools(call.ctx), ids = &call.ctx.ids,
                              actor = call.principal,
                              wanted](storage::PlatformTx& tx) -> app::AppResult<app::Answer> {
    auto const issued =
        app::issue_api_key(tools, app::ScopeRules{auth::scopes_of}, tx, actor, wanted);
    if (!issued) return refuse(issued.error());
    return minted(*ids, *issued);
  };
  co_return co_await transact_once(call, std::move(action));
}

Answered list_api_keys(ApiCall& call) {
  auto const no = platform_no(call, IdKind::account, call.param("id"));
  if (!no) co_return problem(Code::not_found);
  using Keys = std::optional<std::vector<storage::ApiKeyRow>>;
  auto const keys =
      co_await call.ctx.database.transact([no = *no](storage::PlatformTx& tx) -> Keys {
        if (!tx.tenants().find(no)) return std::nullopt;
        return tx.api_keys().list(no);
      });
  if (!keys) co_return refuse(problem_of(keys.error()));
  if (!*keys) co_return problem(Code::not_found);
  std::vector<std::string> items;
  for (auto const& key : **keys) items.push_back(key_json(call.ctx.ids, key, call.ctx.now()));
  co_return page_answer(call, items, {});
}

Answered delete_api_key(ApiCall& call) {
  auto const no = platform_no(call, IdKind::api_key, call.param("id"));
  if (!no) co_return problem(Code::not_found);
  app::AnswerAction action = [actor = call.principal,
                              no = *no](storage::PlatformTx& tx) -> app::AppResult<app::Answer> {
    constexpr int kNoContent = 204;
    auto const revoked = app::revoke_api_key(tx, actor, no);
    if (!revoked) return refuse(revoked.error());
    return app::Answer{kNoContent, {}};
  };
  auto result = co_await transact(call, std::move(action));
  call.ctx.authenticator.forget_all();
  co_return result;
}

}  // namespace leadex::api
