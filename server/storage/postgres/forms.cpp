#include "server/storage/postgres/forms.hpp"

#include "server/storage/postgres/binary_call.hpp"
#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr std::int64_t kDayUs = 86'400'000'000;

#define LEADEX_FORM_SELECT(version) \
  "select f.market_id, m.name, f.form_no, f.tenant_no, v.version, v.definition, f.paused, "     \
  "t.status <> 'active', " LEADEX_MICROS("f.created_at")                                        \
  " from form f join market m on m.market_id = f.market_id join tenant t on t.tenant_no = "     \
  "f.tenant_no join form_version v on v.market_id = f.market_id and v.form_no = f.form_no and " \
  "v.version = " version " where "

constexpr char const* kInsert =
    "insert into form (market_id, form_no, tenant_no, version, paused, created_at) values ($1, $2, "
    "$3, 1, false, " LEADEX_INSTANT("$4") ")";
constexpr char const* kInsertVersion =
    "insert into form_version (market_id, form_no, version, definition, created_at) values ($1, "
    "$2, $3, $4, " LEADEX_INSTANT("$5") ")";
constexpr char const* kList = LEADEX_FORM_SELECT("f.version") LEADEX_OWN("$1", "f.tenant_no")
    " and ($2::bigint is null or (f.created_at, f.market_id, f.form_no) < "
    "(" LEADEX_INSTANT("$2::bigint") ", $3::bigint, $4::bigint)) and ($5::bigint is null or "
    "f.market_id = $5::bigint) order by f.created_at desc, f.market_id desc, f.form_no desc "
    "limit $6";
constexpr char const* kFind = LEADEX_FORM_SELECT("f.version")
    LEADEX_OWN("$1", "f.tenant_no") " and f.market_id = $2 and f.form_no = $3";
constexpr char const* kVisited = LEADEX_FORM_SELECT(
    "case when $3::integer = 0 then f.version else $3::integer end")
    "f.market_id = $1 and f.form_no = $2";
constexpr char const* kLock = "select f.version from form f where " LEADEX_OWN(
    "$1", "f.tenant_no") " and f.market_id = $2 and f.form_no = $3 for update";
constexpr char const* kChange =
    "update form set paused = coalesce($3::boolean, paused), version = $4 where market_id = $1 and "
    "form_no = $2";

constexpr char const* kTake =
    "insert into form_submission (market_id, form_no, token, body, sent_at, sealed, mail, "
    "mail_due_at) values ($1, $2, $3::bytea, $4::bytea, " LEADEX_INSTANT(
        "$5") ", $6::bytea, 0, " LEADEX_INSTANT("$5") ") on conflict do nothing";
constexpr char const* kTaken =
    "select body from form_submission where market_id = $1 and form_no = $2 and token = $3::bytea";
constexpr char const* kMailDay =
    "insert into form_mail (day, address) values ($1, $2::bytea) on conflict do nothing";
constexpr char const* kMailDue =
    "update form_submission set mail = 1 where market_id = $1 and form_no = $2 and token = "
    "$3::bytea";
#define LEADEX_WAITING \
  "market_id, form_no, token, " LEADEX_MICROS("sent_at") ", sealed, confirmed_at " \
  "is not null, mail_tries"
constexpr char const* kWaiting =
    "select " LEADEX_WAITING
    " from form_submission where market_id = $1 and form_no = $2 and token = $3::bytea";
constexpr char const* kConfirm =
    "update form_submission set sealed = null, mail = case when mail = 1 then 3 else mail end, "
    "confirmed_at = " LEADEX_INSTANT("$4") " where market_id = $1 and form_no = $2 and token = "
    "$3::bytea and confirmed_at is null";
constexpr char const* kDueMails =
    "update form_submission set mail_tries = mail_tries + 1, mail_due_at = " LEADEX_INSTANT("$2")
    " where (market_id, form_no, token) in (select market_id, form_no, token from form_submission "
    "where mail = 1 and mail_due_at <= " LEADEX_INSTANT("$1") " order by mail_due_at limit $3 for "
    "update skip locked) returning " LEADEX_WAITING;
constexpr char const* kMailed =
    "update form_submission set mail = $4 where market_id = $1 and form_no = $2 and token = "
    "$3::bytea and mail = 1";
constexpr char const* kForget = "delete from form_submission where sent_at < " LEADEX_INSTANT("$1");
constexpr char const* kForgetMails = "delete from form_mail where day < $1";

// In the order of the key: two flushes that met would wait for each other.
constexpr Statement kAdd{
    "lx_form_counts",
    "insert into leadex.form_count as k (market_id, form_no, day, step, n) select * from (select "
    "c.market, c.form, c.day, c.step, c.n from unnest($1::int8[], $2::int8[], $3::int4[], "
    "$4::int2[], $5::int8[]) as c(market, form, day, step, n) order by 1, 2, 3, 4) as c on "
    "conflict (market_id, form_no, day, step) do update set n = k.n + excluded.n"};
constexpr char const* kCounts =
    "select day, step, n from form_count where market_id = $1 and form_no = $2 and day between $3 "
    "and $4 order by day, step";

Form read_form(pqxx::row const& row) {
  Form form;
  form.id = {read_market_no(row.at(0)), row.at(2).as<std::int64_t>()};
  form.market = row.at(1).as<std::string>();
  form.generator_no = row.at(3).as<std::int64_t>();
  form.version = row.at(4).as<std::int32_t>();
  form.definition = row.at(5).as<std::string>();
  form.paused = row.at(6).as<bool>();
  form.suspended = row.at(7).as<bool>();
  form.created_at = read_time(row.at(8));
  return form;
}

std::optional<Form> read_one(pqxx::result const& rows) {
  if (rows.empty()) return std::nullopt;
  return read_form(rows.at(0));
}

FormWaiting read_waiting(pqxx::row const& row) {
  FormWaiting waiting;
  waiting.page.form = {read_market_no(row.at(0)), row.at(1).as<std::int64_t>()};
  waiting.page.token = read_bytes(row.at(2));
  waiting.sent_at = read_time(row.at(3));
  waiting.sealed = read_bytes_maybe(row.at(4));
  waiting.confirmed = row.at(5).as<bool>();
  waiting.tries = row.at(6).as<int>();
  return waiting;
}

std::string bytes_of(std::string const& text) { return bytea(std::string_view{text}); }

Taken take_in(pqxx::work& tx, FormSubmission const& one) {
  auto const& [form, token] = one.page;
  auto const kept = execute(tx, kTake,
                            Parameters(form.market, form.no, bytes_of(token), bytes_of(one.body),
                                       one.sent_at, bytea(one.sealed)));
  if (kept.affected_rows() == 0) {
    auto const rows = execute(tx, kTaken, Parameters(form.market, form.no, bytes_of(token)));
    bool const same = !rows.empty() && read_bytes(rows.at(0).at(0)) == one.body;
    return same ? Taken::repeated : Taken::used;
  }
  if (!one.sealed) return Taken::fresh;
  auto const day = to_unix_micros(one.sent_at) / kDayUs;
  if (execute(tx, kMailDay, Parameters(day, bytes_of(one.address))).affected_rows() == 1) {
    execute(tx, kMailDue, Parameters(form.market, form.no, bytes_of(token)));
  }
  return Taken::fresh;
}

}  // namespace

PostgresFormStore::Later<bool> PostgresFormStore::insert(Form form) {
  co_return co_await pool_.run([form](pqxx::work& tx) {
    execute(tx, kInsert,
            Parameters(form.id.market, form.id.no, form.generator_no, form.created_at));
    execute(tx, kInsertVersion,
            Parameters(form.id.market, form.id.no, 1, form.definition, form.created_at));
    return true;
  });
}

PostgresFormStore::Later<std::vector<Form>> PostgresFormStore::list(Viewer viewer,
                                                                    FormFilter filter) {
  co_return co_await pool_.run([viewer, filter](pqxx::work& tx) {
    auto const before = filter.before.value_or(FormCursor{});
    std::optional<std::int64_t> created_us;
    if (filter.before) created_us = before.created_us;
    std::vector<Form> forms;
    for (auto const& row : execute(tx, kList,
                                   Parameters(viewer.scope(), created_us, before.market,
                                              before.form_no, filter.market, filter.limit))) {
      forms.push_back(read_form(row));
    }
    return forms;
  });
}

PostgresFormStore::Later<std::optional<Form>> PostgresFormStore::find(Viewer viewer, FormId id) {
  co_return co_await pool_.run([viewer, id](pqxx::work& tx) {
    return read_one(execute(tx, kFind, Parameters(viewer.scope(), id.market, id.no)));
  });
}

PostgresFormStore::Later<std::optional<Form>> PostgresFormStore::visited(FormId id,
                                                                         std::int32_t version) {
  co_return co_await pool_.run([id, version](pqxx::work& tx) {
    return read_one(execute(tx, kVisited, Parameters(id.market, id.no, version)));
  });
}

PostgresFormStore::Later<std::optional<Form>> PostgresFormStore::change(
    Viewer viewer, FormId id, std::optional<bool> paused, std::optional<std::string> definition,
    Timestamp now) {
  co_return co_await pool_.run(
      [viewer, id, paused, definition, now](pqxx::work& tx) -> std::optional<Form> {
        auto const held = execute(tx, kLock, Parameters(viewer.scope(), id.market, id.no));
        if (held.empty()) return std::nullopt;
        auto version = held.at(0).at(0).as<std::int32_t>();
        if (definition) {
          execute(tx, kInsertVersion, Parameters(id.market, id.no, ++version, *definition, now));
        }
        execute(tx, kChange, Parameters(id.market, id.no, paused, version));
        return read_one(execute(tx, kFind, Parameters(viewer.scope(), id.market, id.no)));
      });
}

PostgresFormStore::Later<Taken> PostgresFormStore::take(FormSubmission submission) {
  co_return co_await pool_.run([submission](pqxx::work& tx) { return take_in(tx, submission); });
}

PostgresFormStore::Later<std::optional<FormWaiting>> PostgresFormStore::waiting(PageKey page) {
  co_return co_await pool_.run([page](pqxx::work& tx) -> std::optional<FormWaiting> {
    auto const rows =
        execute(tx, kWaiting, Parameters(page.form.market, page.form.no, bytes_of(page.token)));
    if (rows.empty()) return std::nullopt;
    return read_waiting(rows.at(0));
  });
}

PostgresFormStore::Later<bool> PostgresFormStore::confirm(PageKey page, Timestamp now) {
  co_return co_await pool_.run([page, now](pqxx::work& tx) {
    return execute(tx, kConfirm,
                   Parameters(page.form.market, page.form.no, bytes_of(page.token), now))
               .affected_rows() == 1;
  });
}

PostgresFormStore::Later<std::vector<FormWaiting>> PostgresFormStore::due_mails(
    Timestamp now, std::chrono::seconds again_after, int limit) {
  co_return co_await pool_.run([now, again_after, limit](pqxx::work& tx) {
    std::vector<FormWaiting> due;
    for (auto const& row : execute(tx, kDueMails, Parameters(now, now + again_after, limit))) {
      due.push_back(read_waiting(row));
    }
    return due;
  });
}

PostgresFormStore::Later<bool> PostgresFormStore::mailed(PageKey page, bool sent) {
  co_return co_await pool_.run([page, sent](pqxx::work& tx) {
    execute(tx, kMailed,
            Parameters(page.form.market, page.form.no, bytes_of(page.token), sent ? 2 : 3));
    return true;
  });
}

PostgresFormStore::Later<std::int64_t> PostgresFormStore::forget_before(Timestamp oldest) {
  co_return co_await pool_.run([oldest](pqxx::work& tx) {
    execute(tx, kForgetMails, Parameters(to_unix_micros(oldest) / kDayUs));
    return static_cast<std::int64_t>(execute(tx, kForget, Parameters(oldest)).affected_rows());
  });
}

PostgresFormStore::Later<bool> PostgresFormStore::add(std::vector<FormCount> counts) {
  co_return co_await pool_.run([counts](pqxx::work& tx) {
    run_binary(
        tx, {&kAdd,
             {column<Element::int8>(
                  counts, [](auto const& c) { return static_cast<std::int64_t>(c.form.market); }),
              column<Element::int8>(counts, [](auto const& c) { return c.form.no; }),
              column<Element::int4>(counts, [](auto const& c) { return c.day; }),
              column<Element::int2>(counts, [](auto const& c) { return c.step; }),
              column<Element::int8>(counts, [](auto const& c) { return c.n; })},
             std::ssize(counts)});
    return true;
  });
}

PostgresFormStore::Later<std::vector<FormCount>> PostgresFormStore::counts(FormId id,
                                                                           std::int32_t from_day,
                                                                           std::int32_t to_day) {
  co_return co_await pool_.run([id, from_day, to_day](pqxx::work& tx) {
    std::vector<FormCount> counts;
    for (auto const& row : execute(tx, kCounts, Parameters(id.market, id.no, from_day, to_day))) {
      counts.push_back({id, row.at(0).as<std::int32_t>(),
                        read_number_enum(row.at(1), FormStep::refused),
                        row.at(2).as<std::int64_t>()});
    }
    return counts;
  });
}

}  // namespace leadex::storage::postgres
