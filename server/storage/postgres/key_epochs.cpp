#include "server/storage/postgres/key_epochs.hpp"

#include "server/privacy/epoch_files.hpp"
#include "server/privacy/key_ring.hpp"
#include "server/storage/postgres/audit_rows.hpp"
#include "server/storage/postgres/binary_array.hpp"
#include "server/storage/postgres/binary_call.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

// The key's id stands in the header of what is sealed, behind one byte of version.
constexpr char const* kUses =
    "select kek_id, sum(leads)::bigint, sum(waiting)::bigint from (select kek_id, count(*) as "
    "leads, 0::bigint as waiting from lead_key group by kek_id union all select "
    "('x' || encode(substring(sealed from 2 for 4), 'hex'))::bit(32)::int, 0, count(*) from "
    "form_submission where sealed is not null group by 1) u group by kek_id order by kek_id";
constexpr char const* kSlice =
    "select market_id, lead_no, case when kek_id = $1 then wrapped end from lead_key where "
    "(market_id, lead_no) > ($2::bigint, $3::bigint) order by market_id, lead_no limit $4";
constexpr char const* kRewrap =
    "with done as (update leadex.lead_key k set kek_id = $2::int4, wrapped = n.after from "
    "unnest($3::int8[], $4::int8[], $5::bytea[], $6::bytea[]) as n(market_id, lead_no, before, "
    "after) where k.market_id = n.market_id and k.lead_no = n.lead_no and k.kek_id = $1::int4 and "
    "k.wrapped = n.before returning 1) select count(*) from done";
constexpr char const* kNoted =
    "select kek_id, check_value, destroyed_at is not null from key_epoch order by kek_id";
constexpr char const* kNote =
    "insert into key_epoch (kek_id, check_value) values ($1, $2) on conflict do nothing";
constexpr char const* kNotedOne =
    "select kek_id, check_value, destroyed_at is not null from key_epoch where kek_id = $1";
constexpr char const* kInUse =
    "select exists (select from lead_key where kek_id in ($1, $1 - 1000000)) or exists (select "
    "from form_submission "
    "where sealed is not null and substring(sealed from 2 for 4) = int4send($1::int4))";
constexpr char const* kDestroyed =
    "update key_epoch set destroyed_at = now() where kek_id = $1 and destroyed_at is null";

NotedEpoch read_noted(pqxx::row const& row) {
  return {row.at(0).as<std::int32_t>(), read_bytes(row.at(1)), row.at(2).as<bool>()};
}

}  // namespace

PostgresKeyEpochs::Later<std::vector<KekUse>> PostgresKeyEpochs::uses() {
  co_return co_await pool_.run([](pqxx::work& tx) {
    std::vector<KekUse> uses;
    for (auto const& row : execute(tx, kUses)) {
      uses.push_back({row.at(0).as<std::int32_t>(), row.at(1).as<std::int64_t>(),
                      row.at(2).as<std::int64_t>()});
    }
    return uses;
  });
}

PostgresKeyEpochs::Later<WrappedSlice> PostgresKeyEpochs::wrapped(std::int32_t kek_id, LeadId after,
                                                                  int limit) {
  co_return co_await pool_.run([=](pqxx::work& tx) {
    WrappedSlice slice;
    auto const rows = execute(tx, kSlice, Parameters(kek_id, after.market, after.no, limit));
    for (auto const& row : rows) {
      slice.last = LeadId{read_market_no(row.at(0)), row.at(1).as<std::int64_t>()};
      auto wrapped = read_bytes_maybe(row.at(2));
      if (wrapped) slice.keys.push_back({*slice.last, std::move(*wrapped)});
    }
    return slice;
  });
}

PostgresKeyEpochs::Later<std::int64_t> PostgresKeyEpochs::rewrap(std::int32_t from, std::int32_t to,
                                                                 std::vector<RewrappedKey> keys) {
  co_return co_await pool_.run([from, to, keys = std::move(keys)](pqxx::work& tx) {
    return read_binary_count(
        tx, kRewrap,
        {int4_param(from), int4_param(to),
         column<Element::int8>(keys, [](auto const& k) { return std::int64_t{k.lead.market}; }),
         column<Element::int8>(keys, [](auto const& k) { return k.lead.no; }),
         column<Element::bytea>(keys, [](auto const& k) { return std::string_view{k.before}; }),
         column<Element::bytea>(keys, [](auto const& k) { return std::string_view{k.after}; })});
  });
}

PostgresKeyEpochs::Later<std::vector<NotedEpoch>> PostgresKeyEpochs::noted() {
  co_return co_await pool_.run([](pqxx::work& tx) {
    std::vector<NotedEpoch> noted;
    for (auto const& row : execute(tx, kNoted)) noted.push_back(read_noted(row));
    return noted;
  });
}

PostgresKeyEpochs::Later<NotedEpoch> PostgresKeyEpochs::note(std::int32_t kek_id,
                                                             std::string check_value) {
  co_return co_await pool_.run([kek_id, check_value](pqxx::work& tx) {
    execute(tx, kNote, Parameters(kek_id, bytea(std::string_view{check_value})));
    return read_noted(execute(tx, kNotedOne, Parameters(kek_id)).at(0));
  });
}

PostgresKeyEpochs::Later<bool> PostgresKeyEpochs::mark_destroyed(std::int32_t kek_id,
                                                                 Timestamp at) {
  co_return co_await pool_.run([kek_id, at](pqxx::work& tx) {
    if (execute(tx, kInUse, Parameters(kek_id)).at(0).at(0).as<bool>()) return false;
    if (execute(tx, kDestroyed, Parameters(kek_id)).affected_rows() == 0) return true;
    auto const month = "month=" + privacy::epoch_name(kek_id - privacy::kEpochKeks);
    AuditEntry const entry{0, 0, "key_epoch.destroyed", "key_epoch", 0, kek_id, month};
    append_audit(tx, at, 0, {&entry, 1});
    return true;
  });
}

}  // namespace leadex::storage::postgres
