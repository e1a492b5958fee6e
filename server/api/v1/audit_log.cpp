// The audit log, for staff.

#include <algorithm>
#include <array>

#include "server/api/market_ref.hpp"
#include "server/api/paging.hpp"
#include "server/api/v1/staff.hpp"

namespace leadex::api {

namespace {

using crypto::IdKind;

struct KindName {
  std::string_view name;
  IdKind kind;
};
constexpr std::array<KindName, 14> kKinds{{
    {"account", IdKind::account},
    {"api_key", IdKind::api_key},
    {"approval", IdKind::approval},
    {"auction", IdKind::auction},
    {"batch", IdKind::batch},
    {"campaign", IdKind::campaign},
    {"check", IdKind::check},
    {"deposit", IdKind::deposit},
    {"dispute", IdKind::dispute},
    {"lead", IdKind::lead},
    {"payout_run", IdKind::payout_run},
    {"return", IdKind::ret},
    {"sale", IdKind::sale},
    {"webhook_endpoint", IdKind::webhook_endpoint},
}};

std::optional<std::string> sealed(crypto::PublicIdCodec const& ids, IdKind kind, MarketNo market,
                                  std::int64_t no) {
  if (no == 0) return std::nullopt;
  return ids.seal(kind, market, no);
}

std::optional<std::string> object_id(crypto::PublicIdCodec const& ids,
                                     storage::AuditEntry const& entry) {
  auto const found = std::ranges::find(kKinds, entry.object_kind, &KindName::name);
  if (found == kKinds.end()) return std::nullopt;
  return sealed(ids, found->kind, entry.object_market, entry.object_no);
}

void write_record(json::JsonWriter& writer, crypto::PublicIdCodec const& ids,
                  std::string_view stream, storage::AuditRecord const& record) {
  auto const& entry = record.entry;
  auto const whole = writer.object();
  writer.field("stream", stream);
  writer.field("seq", record.seq);
  writer.field("at", record.at);
  writer.field("actor", sealed(ids, IdKind::principal, 0, entry.principal_no));
  writer.field("account_id", sealed(ids, IdKind::account, 0, entry.tenant_no));
  writer.field("action", entry.action);
  writer.field("object_kind", entry.object_kind);
  writer.field("object_id", object_id(ids, entry));
  writer.field("payload", entry.payload);
  writer.field("hash", crypto::hex_encode(crypto::view_of(record.hash)));
}

}  // namespace

Answered list_audit_log(ApiCall& call) {
  auto const page = read_page(call);
  if (!page) co_return refuse(page.error());
  storage::AuditFilter filter;
  filter.before_seq = page->before_no();
  filter.limit = page->fetch();
  if (auto const action = call.query("action")) filter.action = *action;
  if (auto const account = call.query("account_id")) {
    // An unknown account has no rows.
    filter.tenant_no = platform_no(call, IdKind::account, *account).value_or(-1);
  }
  auto const market = call.query("market");
  using Records = std::optional<std::vector<storage::AuditRecord>>;
  auto const records =
      co_await call.ctx.database.transact([filter, market = std::string{market.value_or("")}](
                                              storage::PlatformTx& tx) mutable -> Records {
        if (!market.empty()) {
          auto const found = tx.markets().find(market);
          if (!found) return std::nullopt;
          filter.stream = found->no;
        }
        return tx.audit().list(filter);
      });
  if (!records) co_return refuse(problem_of(records.error()));
  if (!*records) co_return problem(Code::market_unknown);
  auto const stream = market.value_or("platform");
  auto const write = [&call, stream](json::JsonWriter& writer, storage::AuditRecord const& record) {
    write_record(writer, call.ctx.ids, stream, record);
  };
  co_return answer_page(call, *page, **records, write, [](storage::AuditRecord const& record) {
    return std::vector<std::int64_t>{record.seq};
  });
}

}  // namespace leadex::api
