#include "server/storage/postgres/do_not_call.hpp"

#include <pqxx/binarystring>
#include <pqxx/prepared_statement>

#include "server/storage/postgres/audit_rows.hpp"
#include "server/storage/postgres/binary_array.hpp"
#include "server/storage/postgres/binary_call.hpp"
#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/statement.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr char const* kRule =
    "select case when v.definition::json->>'do_not_call' = 'country' then m.country end from "
    "market_version v join market m using (market_id) where v.market_id = $1 and v.version = $2";
// One row at least where the country has a list: its day, and whatever of the digests is on it.
// Phone by phone: the planner must never read a whole list.
constexpr char const* kLook =
    "select " LEADEX_MICROS("l.version_on::timestamp at time zone 'UTC'") ", p.digest from "
    "leadex.do_not_call_load l left join lateral (select f.digest from unnest($2::bytea[]) as d "
    "(digest) cross join lateral (select digest from leadex.do_not_call_phone where load_no = "
    "l.load_no and digest = d.digest offset 0) f) p on true where l.country = $1::text and l.state "
    "= 1";
#define LEADEX_DO_NOT_CALL_COLUMNS \
  "country, " LEADEX_MICROS("version_on::timestamp at time zone 'UTC'") ", " \
      "phones, " LEADEX_MICROS("loaded_at")
constexpr char const* kLists =
    "select " LEADEX_DO_NOT_CALL_COLUMNS " from do_not_call_load where state = 1 order by country";
constexpr char const* kBegin =
    "insert into do_not_call_load (country, version_on) values ($1, (" LEADEX_INSTANT(
        "$2") " at time zone 'UTC')::date) returning load_no";
constexpr char const* kAdd =
    "with added as (insert into leadex.do_not_call_phone (load_no, digest) select l.load_no, d "
    "from "
    "leadex.do_not_call_load l cross join unnest($2::bytea[]) as d where l.load_no = $1::int8 and "
    "l.state = 0 on conflict do nothing returning 1) select count(*) from added";
// Two that come at once take turns.
constexpr char const* kTurn = "select pg_advisory_xact_lock(hashtext('leadex.do_not_call'))";
constexpr char const* kLater =
    "select " LEADEX_DO_NOT_CALL_COLUMNS
    " from do_not_call_load l where l.state = 1 and exists (select from do_not_call_load n where "
    "n.load_no = $1 and n.country = l.country and n.version_on < l.version_on)";
constexpr char const* kOut =
    "update do_not_call_load set state = 2 where state = 1 and country = (select country from "
    "do_not_call_load where load_no = $1)";
constexpr char const* kIn =
    "update do_not_call_load set state = 1, phones = $2, loaded_at = now() where load_no = $1 and "
    "state = 0 and begun_at > now() - interval '1 day' returning " LEADEX_DO_NOT_CALL_COLUMNS;
constexpr char const* kGiveUp =
    "update do_not_call_load set state = 2 where load_no = $1 and state = 0";
constexpr char const* kLeftBehind =
    "update do_not_call_load set state = 2 where state = 0 and begun_at < now() - interval '1 day'";
constexpr char const* kSweep =
    "with gone as (select p.load_no, p.digest from do_not_call_load l cross join lateral (select "
    "load_no, digest from do_not_call_phone where load_no = l.load_no limit $1) p where l.state = "
    "2 limit $1) delete from do_not_call_phone d using gone g where d.load_no = g.load_no and "
    "d.digest = g.digest";
constexpr char const* kSwept =
    "update do_not_call_load l set state = 3 where l.state = 2 and not exists (select from "
    "do_not_call_phone where load_no = l.load_no)";

constexpr char const* kVersion =
    "select to_char(version_on, 'YYYY-MM-DD') from do_not_call_load where load_no = $1";

DoNotCallList read_list(pqxx::row const& row) {
  return {row.at(0).as<std::string>(), read_time(row.at(1)), row.at(2).as<std::int64_t>(),
          read_time(row.at(3))};
}

void note_switch(pqxx::transaction_base& tx, DoNotCallList const& list, std::int64_t load_no,
                 std::int64_t principal_no) {
  auto const version = execute(tx, kVersion, Parameters(load_no)).at(0).at(0).as<std::string>();
  AuditEntry const entry{
      principal_no,
      0,
      "do_not_call.loaded",
      "do_not_call_list",
      0,
      load_no,
      "country=" + list.country + ";phones=" + std::to_string(list.phones) + ";version=" + version};
  append_audit(tx, list.loaded_at, 0, {&entry, 1});
}

}  // namespace

PostgresDoNotCall::Later<std::optional<std::string>> PostgresDoNotCall::rule_of(
    MarketNo market, std::int32_t version) {
  co_return co_await pool_.run([=](pqxx::work& tx) -> std::optional<std::string> {
    auto const rows = execute(tx, kRule, Parameters(market, version));
    if (rows.empty()) return std::nullopt;
    return read_maybe<std::string>(rows.at(0).at(0));
  });
}

PostgresDoNotCall::Later<DoNotCallLook> PostgresDoNotCall::look(std::string country,
                                                                std::vector<std::string> digests) {
  co_return co_await pool_.run([country, digests](pqxx::work& tx) {
    auto const wanted = column<Element::bytea>(digests, [](auto const& d) { return d; });
    std::vector<pqxx::binarystring> const values{{country.data(), country.size()},
                                                 {wanted.data(), wanted.size()}};
    DoNotCallLook found;
    for (auto const& row :
         tx.exec_params(kLook, pqxx::prepare::make_dynamic_params(values.begin(), values.end()))) {
      found.version_at = read_time(row.at(0));
      if (auto digest = read_bytes_maybe(row.at(1))) found.listed.push_back(std::move(*digest));
    }
    return found;
  });
}

PostgresDoNotCall::Later<std::vector<DoNotCallList>> PostgresDoNotCall::lists() {
  co_return co_await pool_.run([](pqxx::work& tx) {
    std::vector<DoNotCallList> lists;
    for (auto const& row : execute(tx, kLists)) lists.push_back(read_list(row));
    return lists;
  });
}

PostgresDoNotCall::Later<std::int64_t> PostgresDoNotCall::begin(std::string country,
                                                                Timestamp version_at) {
  co_return co_await pool_.run([country, version_at](pqxx::work& tx) {
    return execute(tx, kBegin, Parameters(country, version_at)).at(0).at(0).as<std::int64_t>();
  });
}

PostgresDoNotCall::Later<std::int64_t> PostgresDoNotCall::add(std::int64_t load_no,
                                                              std::vector<std::string> digests) {
  co_return co_await pool_.run([load_no, digests](pqxx::work& tx) {
    auto const given = column<Element::bytea>(digests, [](auto const& d) { return d; });
    return read_binary_count(tx, kAdd, {int8_param(load_no), given});
  });
}

PostgresDoNotCall::Later<DoNotCallSwitch> PostgresDoNotCall::put_in_force(
    std::int64_t load_no, std::int64_t phones, std::int64_t principal_no) {
  co_return co_await pool_.run([=](pqxx::work& tx) {
    execute(tx, kTurn);
    auto const later = execute(tx, kLater, Parameters(load_no));
    if (!later.empty()) return DoNotCallSwitch{read_list(later.at(0)), false};
    execute(tx, kOut, Parameters(load_no));
    auto const taken = execute(tx, kIn, Parameters(load_no, phones));
    if (taken.empty()) throw JobFailed(StoreError::not_found);  // given up, or swept meanwhile
    auto const list = read_list(taken.at(0));
    note_switch(tx, list, load_no, principal_no);
    return DoNotCallSwitch{list, true};
  });
}

PostgresDoNotCall::Later<bool> PostgresDoNotCall::give_up(std::int64_t load_no) {
  co_return co_await pool_.run([load_no](pqxx::work& tx) {
    return execute(tx, kGiveUp, Parameters(load_no)).affected_rows() == 1;
  });
}

PostgresDoNotCall::Later<std::int64_t> PostgresDoNotCall::sweep(int limit) {
  co_return co_await pool_.run([limit](pqxx::work& tx) {
    execute(tx, kLeftBehind);
    auto const gone =
        static_cast<std::int64_t>(execute(tx, kSweep, Parameters(limit)).affected_rows());
    if (gone < limit) execute(tx, kSwept);
    return gone;
  });
}

}  // namespace leadex::storage::postgres
