#include "server/storage/postgres/api_key_rows.hpp"

#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/statement.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr int kKeysListedMax = 500;

constexpr char const* kInsert =
    "insert into api_key (key_no, tenant_no, principal_no, digest, kind, shown_first, shown_last, "
    "scopes, issued_by, created_at, expires_at, pending_approval) values ($1, $2, $3, $4, $5, $6, "
    "$7, string_to_array($8, ' '), $9, " LEADEX_INSTANT("$10") ", " LEADEX_INSTANT("$11") ", $12)";

#define LEADEX_KEY_COLUMNS \
  "select k.key_no, k.tenant_no, k.principal_no, k.digest, k.kind, k.shown_first, "             \
  "k.shown_last, array_to_string(k.scopes, ' '), k.issued_by, " LEADEX_MICROS("k.created_at") ", " \
  LEADEX_MICROS("k.expires_at") ", " LEADEX_MICROS("k.revoked_at") ", "                         \
  LEADEX_MICROS("k.last_used_at") ", k.pending_approval"

constexpr char const* kFindByDigest = LEADEX_KEY_COLUMNS
    ", t.role, t.status, p.issued_by from api_key k join tenant t on t.tenant_no = k.tenant_no "
    "join principal p on p.principal_no = k.principal_no where k.digest = $1";
constexpr char const* kFindLocked =
    LEADEX_KEY_COLUMNS " from api_key k where k.key_no = $1 for update";
constexpr char const* kList =
    LEADEX_KEY_COLUMNS " from api_key k where k.tenant_no = $1 order by k.key_no desc limit $2";
constexpr char const* kRevoke = "update api_key set revoked_at = " LEADEX_INSTANT(
    "$2") " where key_no = $1 and revoked_at is null";
constexpr char const* kClearPending =
    "update api_key set pending_approval = null where key_no = $1";
constexpr char const* kCountAdminKeys =
    "select count(*) from api_key k join tenant t on t.tenant_no = k.tenant_no "
    "where t.role = 'admin' and t.status = 'active' and k.revoked_at is null "
    "and k.pending_approval is null and k.kind <> 'test' "
    "and (k.expires_at is null or k.expires_at > " LEADEX_INSTANT("$1") ")";
constexpr char const* kSetLastUsed = "update api_key set last_used_at = " LEADEX_INSTANT(
    "$2") " where key_no = $1 and (last_used_at is null or last_used_at < " LEADEX_INSTANT("$2") ")";
constexpr char const* kNotify = "select pg_notify('leadex_keys', '')";

std::vector<std::string> split_words(std::string const& text) {
  std::vector<std::string> words;
  std::size_t at = 0;
  while (at < text.size()) {
    auto const end = std::min(text.find(' ', at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

std::string join_words(std::vector<std::string> const& words) {
  std::string text;
  for (auto const& word : words) {
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text;
}

ApiKeyRow read_key(pqxx::row const& row) {
  ApiKeyRow key;
  key.key_no = row.at(0).as<std::int64_t>();
  key.tenant_no = row.at(1).as<std::int64_t>();
  key.principal_no = row.at(2).as<std::int64_t>();
  key.digest = read_digest(row.at(3));
  key.kind = read_enum<KeyKind>(row.at(4), kKeyKindTexts);
  key.shown_first = row.at(5).as<std::string>();
  key.shown_last = row.at(6).as<std::string>();
  key.scopes = split_words(row.at(7).as<std::string>());
  key.issued_by = read_maybe<std::int64_t>(row.at(8));
  key.created_at = read_time(row.at(9));
  key.expires_at = read_time_maybe(row.at(10));
  key.revoked_at = read_time_maybe(row.at(11));
  key.last_used_at = read_time_maybe(row.at(12));
  key.pending_approval = read_maybe<std::int64_t>(row.at(13));
  return key;
}

}  // namespace

void PostgresApiKeyRows::insert(ApiKeyRow const& key) {
  execute(tx_, kInsert,
          Parameters(key.key_no, key.tenant_no, key.principal_no, bytea(key.digest), text(key.kind),
                     key.shown_first, key.shown_last, join_words(key.scopes), key.issued_by,
                     key.created_at, key.expires_at, key.pending_approval));
}

std::optional<KeyHolder> PostgresApiKeyRows::find_by_digest(KeyDigest const& digest) {
  auto const rows = execute(tx_, kFindByDigest, Parameters(bytea(digest)));
  if (rows.empty()) return std::nullopt;
  auto const row = rows.at(0);
  return KeyHolder{read_key(row), read_enum<Role>(row.at(14), kRoleTexts),
                   read_enum<TenantStatus>(row.at(15), kTenantStatusTexts),
                   read_maybe<std::int64_t>(row.at(16))};
}

std::optional<ApiKeyRow> PostgresApiKeyRows::find_locked(std::int64_t key_no) {
  auto const rows = execute(tx_, kFindLocked, Parameters(key_no));
  if (rows.empty()) return std::nullopt;
  return read_key(rows.at(0));
}

std::vector<ApiKeyRow> PostgresApiKeyRows::list(std::int64_t tenant_no) {
  std::vector<ApiKeyRow> keys;
  for (auto const& row : execute(tx_, kList, Parameters(tenant_no, kKeysListedMax))) {
    keys.push_back(read_key(row));
  }
  return keys;
}

bool PostgresApiKeyRows::revoke(std::int64_t key_no, Timestamp at) {
  auto const changed = execute(tx_, kRevoke, Parameters(key_no, at)).affected_rows() == 1;
  if (changed) notify_changed();
  return changed;
}

void PostgresApiKeyRows::clear_pending(std::int64_t key_no) {
  execute(tx_, kClearPending, Parameters(key_no));
  notify_changed();
}

std::int64_t PostgresApiKeyRows::count_admin_keys(Timestamp now) {
  return execute(tx_, kCountAdminKeys, Parameters(now)).at(0).at(0).as<std::int64_t>();
}

void PostgresApiKeyRows::set_last_used(std::int64_t key_no, Timestamp at) {
  execute(tx_, kSetLastUsed, Parameters(key_no, at));
}

void PostgresApiKeyRows::notify_changed() { execute(tx_, kNotify); }

}  // namespace leadex::storage::postgres
