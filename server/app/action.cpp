#include "server/app/action.hpp"

#include <algorithm>

#include "billing/values/check.hpp"

namespace leadex::app {

namespace {

constexpr std::size_t kLengthDigits = 8;

bool payload_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == ':' || c == '-';
}

/// Length of the UTF-8 character at the start of `text`, 0 when it is none.
std::size_t utf8_length(std::string_view text) {
  auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned const first = byte(0);
  if (first < 0x80) return 1;
  std::size_t const length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
  if (length == 0 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
  }
  bool const overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
  bool const surrogate = first == 0xED && byte(1) > 0x9F;
  bool const beyond = first == 0xF4 && byte(1) > 0x8F;
  return overlong || surrogate || beyond ? 0 : length;
}

}  // namespace

AppResult<KeptAnswer> run_once(PlatformTx& tx, IdempotencyRequest const& request,
                               AnswerAction const& action, RefusalAnswer const& refusal) {
  storage::IdempotencyScope const scope{request.tenant_no, request.operation, request.key,
                                        request.body_hash};
  auto found = tx.idempotency().begin(scope);
  switch (found.state) {
    case storage::IdempotencyState::in_progress:
      return fail(AppCode::in_progress, "A request with this Idempotency-Key is still running.");
    case storage::IdempotencyState::reused:
      return fail(AppCode::idempotency_key_reused,
                  "This Idempotency-Key was used with another request.");
    case storage::IdempotencyState::replay:
      return KeptAnswer{{found.status, std::move(found.body)}, true};
    case storage::IdempotencyState::fresh:
      break;
  }
  std::optional<AppResult<Answer>> done;
  (void)tx.attempt([&] {
    done.emplace(action(tx));
    return done->has_value();
  });
  auto kept = done->has_value() ? std::optional(**done) : refusal(done->error());
  if (!kept) return refuse(done->error());
  tx.idempotency().store(scope, kept->status, kept->body);
  return KeptAnswer{std::move(*kept), false};
}

boost::asio::awaitable<AppResult<KeptAnswer>> act_once(storage::Database& database,
                                                       IdempotencyRequest request,
                                                       AnswerAction action, RefusalAnswer refusal) {
  auto job = [request = std::move(request), action = std::move(action),
              refusal = std::move(refusal)](PlatformTx& tx) {
    return run_once(tx, request, action, refusal);
  };
  co_return co_await act(database, std::move(job));
}

AppResult<void> require_admin(Principal const& actor) {
  if (actor.role != storage::Role::admin) {
    return fail(AppCode::forbidden, "This is for admins.");
  }
  return {};
}

AppResult<void> require_other_person(PlatformTx& tx, Principal const& actor,
                                     std::int64_t requester_no) {
  if (requester_no == 0) return {};  // the exchange itself asked: whoever confirms is another
  bool const same = actor.principal_no == requester_no || actor.issued_by == requester_no;
  if (same || tx.tenants().issued(requester_no, actor.principal_no)) {
    return fail(AppCode::four_eyes_required,
                "Another person has to confirm, and not with a key that the requester made.");
  }
  return {};
}

void AuditPayload::name(std::string_view name) {
  LEADEX_CHECK(!name.empty() && std::ranges::all_of(name, payload_char));
  if (!text_.empty()) text_ += ';';
  text_.append(name) += '=';
}

AuditPayload& AuditPayload::add(std::string_view field, std::int64_t value) {
  name(field);
  text_ += std::to_string(value);
  return *this;
}

AuditPayload& AuditPayload::add(std::string_view field, std::string_view value) {
  LEADEX_CHECK(std::ranges::all_of(value, payload_char));
  name(field);
  text_.append(value);
  return *this;
}

void audit(PlatformTx& tx, std::int64_t principal_no, std::string_view action,
           AuditObject const& object, AuditPayload payload) {
  storage::AuditEntry const entry{
      principal_no, object.tenant_no,         std::string(action), std::string(object.kind), 0,
      object.no,    std::move(payload).text()};
  tx.audit().append(0, {&entry, 1});
}

std::string pack_fields(std::initializer_list<std::string_view> fields) {
  std::string packed;
  for (auto const field : fields) {
    auto const length = std::to_string(field.size());
    LEADEX_CHECK(length.size() <= kLengthDigits);
    packed.append(length).append(":").append(field);
  }
  return packed;
}

std::optional<std::vector<std::string>> unpack_fields(std::string_view packed, std::size_t count) {
  std::vector<std::string> fields;
  while (!packed.empty()) {
    auto const colon = packed.substr(0, kLengthDigits + 1).find(':');
    if (colon == std::string_view::npos || colon == 0) return std::nullopt;
    std::size_t length = 0;
    for (char const c : packed.substr(0, colon)) {
      if (c < '0' || c > '9') return std::nullopt;
      length = length * 10 + static_cast<std::size_t>(c - '0');
    }
    packed.remove_prefix(colon + 1);
    if (length > packed.size()) return std::nullopt;
    fields.emplace_back(packed.substr(0, length));
    packed.remove_prefix(length);
  }
  if (fields.size() != count) return std::nullopt;
  return fields;
}

bool plain_text(std::string_view text, std::size_t bytes_max) {
  if (text.empty() || text.size() > bytes_max) return false;
  while (!text.empty()) {
    auto const first = static_cast<unsigned char>(text.front());
    if (first < 0x20 || first == 0x7F) return false;
    auto const length = utf8_length(text);
    if (length == 0) return false;
    if (length == 2 && first == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace leadex::app
