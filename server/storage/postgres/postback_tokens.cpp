#include "server/storage/postgres/postback_tokens.hpp"

#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/statement.hpp"

namespace leadex::storage::postgres {

namespace {

// The account's row is held, so that two at once do not pass the limit together.
constexpr char const* kLock = "select from tenant where tenant_no = $1 for update";
constexpr char const* kAdd =
    "insert into postback_token (tenant_no, token_no, digest) select $1, $2, $3::bytea where "
    "(select count(*) from postback_token where tenant_no = $1 and revoked_at is null) < $4 "
    "returning " LEADEX_MICROS("created_at");
constexpr char const* kList =
    "select token_no, " LEADEX_MICROS("created_at") " from postback_token where tenant_no = $1 and revoked_at is null "
    "and ($2::bigint is null or token_no < $2::bigint) order by token_no desc limit $3";
constexpr char const* kRevoke =
    "update postback_token set revoked_at = coalesce(revoked_at, now()) where tenant_no = $1 and "
    "token_no = $2 returning token_no";
constexpr char const* kBuyer =
    "select k.tenant_no from postback_token k join tenant t on t.tenant_no = k.tenant_no where "
    "k.digest = $1::bytea and k.revoked_at is null and t.status = 'active' and t.role = 'buyer'";

}  // namespace

PostgresPostbackTokens::Later<std::optional<PostbackTokenRow>> PostgresPostbackTokens::add(
    std::int64_t buyer_no, std::int64_t token_no, std::string digest) {
  co_return co_await pool_.run(
      [buyer_no, token_no, digest](pqxx::work& tx) -> std::optional<PostbackTokenRow> {
        execute(tx, kLock, Parameters(buyer_no));
        auto const rows = execute(
            tx, kAdd,
            Parameters(buyer_no, token_no, bytea(std::string_view{digest}), kPostbackTokensMax));
        if (rows.empty()) return std::nullopt;
        return PostbackTokenRow{token_no, read_time(rows.at(0).at(0))};
      });
}

PostgresPostbackTokens::Later<std::vector<PostbackTokenRow>> PostgresPostbackTokens::list(
    std::int64_t buyer_no, std::optional<std::int64_t> before_no, int limit) {
  co_return co_await pool_.run([buyer_no, before_no, limit](pqxx::work& tx) {
    std::vector<PostbackTokenRow> tokens;
    for (auto const& row : execute(tx, kList, Parameters(buyer_no, before_no, limit))) {
      tokens.push_back({row.at(0).as<std::int64_t>(), read_time(row.at(1))});
    }
    return tokens;
  });
}

PostgresPostbackTokens::Later<bool> PostgresPostbackTokens::revoke(std::int64_t buyer_no,
                                                                   std::int64_t token_no) {
  co_return co_await pool_.run([buyer_no, token_no](pqxx::work& tx) {
    return !execute(tx, kRevoke, Parameters(buyer_no, token_no)).empty();
  });
}

PostgresPostbackTokens::Later<std::optional<std::int64_t>> PostgresPostbackTokens::buyer_of(
    std::string digest) {
  co_return co_await pool_.run([digest](pqxx::work& tx) -> std::optional<std::int64_t> {
    auto const rows = execute(tx, kBuyer, Parameters(bytea(std::string_view{digest})));
    if (rows.empty()) return std::nullopt;
    return rows.at(0).at(0).as<std::int64_t>();
  });
}

}  // namespace leadex::storage::postgres
