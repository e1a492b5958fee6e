// What judges a market's checks beside people, and in whose name.

#include <algorithm>

#include "server/api/v1/delivery_services.hpp"
#include "server/api/v1/intake_handlers.hpp"
#include "server/api/v1/verifier_request.hpp"
#include "server/crypto/webhook_signature.hpp"
#include "server/json/object_reader.hpp"
#include "server/privacy/sealed_value.hpp"

namespace leadex::api {

namespace {

using storage::CheckVerifier;
using storage::VerifierKind;
using Found = std::optional<CheckVerifier>;

http::Response render_verifier(ApiCall const& call, MarketRef const& market, Found const& verifier,
                               std::string_view secret = {}) {
  json::JsonWriter out;
  {
    auto const scope = out.object();
    out.field("market", market.name());
    if (verifier) {
      out.field("kind", text(verifier->kind));
      out.field("url", verifier->url);
      out.field("account_id", call.ctx.ids.seal(AccountId{0, verifier->tenant_no}));
      out.field("deliver_contact", verifier->deliver_contact);
      out.field("subject", verifier->subject);
      out.field("text", verifier->text);
      out.field("wait_hours", std::int64_t{verifier->wait_hours});
    } else {
      for (auto const* const name :
           {"kind", "url", "account_id", "deliver_contact", "subject", "text", "wait_hours"}) {
        out.field(name, nullptr);
      }
    }
    if (!secret.empty()) out.field("secret", secret);
  }
  return answer(200, out);
}

storage::AuditEntry set_entry(ApiCall const& call, MarketNo market, Found const& verifier) {
  storage::AuditEntry entry;
  entry.principal_no = call.principal.principal_no;
  entry.tenant_no = call.account_no();
  entry.action = "check_verifier.set";
  entry.object_kind = "market";
  entry.object_market = market;
  entry.object_no = market;
  entry.payload = verifier ? "kind=" + std::string{text(verifier->kind)} +
                                 ";account_no=" + std::to_string(verifier->tenant_no) +
                                 ";deliver_contact=" + (verifier->deliver_contact ? "1" : "0")
                           : "kind=";
  return entry;
}

/// What the body says, before the kinds' own rules.
struct Asked {
  std::optional<std::string> kind;
  std::optional<std::string> url;
  std::optional<std::string> account;
  std::optional<bool> contact;
  std::optional<std::string> subject;
  std::optional<std::string> text;
  std::optional<std::int64_t> wait_hours;
};

/// The first thing that does not fit the kind.
std::optional<ApiProblem> misfit(ApiCall const& call, VerifierKind kind, Asked const& asked) {
  auto const fault = [](char const* pointer, char const* detail) -> std::optional<ApiProblem> {
    return invalid(pointer, "value_invalid", detail).value();
  };
  auto const& ways = call.ctx.intake->codes;
  bool const mails = kind == VerifierKind::email_code;
  if (kind != VerifierKind::http && ways.public_url.empty()) {
    return fault("/kind", "The exchange has no pages that could take an answer.");
  }
  if (mails && !ways.mails) return fault("/kind", "The exchange has no mail server.");
  if (mails == asked.url.has_value()) {
    return fault("/url", mails ? "A mail goes to no endpoint." : "Must be given.");
  }
  if (kind != VerifierKind::http && asked.contact.value_or(false)) {
    return fault("/deliver_contact", "The person itself is asked, nobody else.");
  }
  if (!mails && asked.subject) return fault("/subject", "Only mails have one.");
  if (kind == VerifierKind::http && asked.text) return fault("/text", "Nobody would read it.");
  return std::nullopt;
}

/// As the body asks, sealed. @errors  its faults
Result<Found, ApiProblem> read_verifier(ApiCall const& call, MarketNo market,
                                        std::string_view secret) {
  json::FieldErrors errors;
  json::ObjectReader body{call.body, errors};
  Asked const asked{.kind = body.optional_string("kind"),
                    .url = body.optional_string("url"),
                    .account = body.optional_string("account_id"),
                    .contact = body.optional_bool("deliver_contact"),
                    .subject = body.optional_string("subject"),
                    .text = body.optional_string("text"),
                    .wait_hours = body.optional_int("wait_hours", {1, 72})};
  if (!body.ok()) return invalid(std::move(errors));
  if (!asked.kind) return Found{};
  auto const& words = storage::kVerifierKindTexts;
  auto const at = std::ranges::find(words, *asked.kind);
  if (at == words.end()) return invalid("/kind", "value_invalid", "Is none that is known.");
  auto const kind = static_cast<VerifierKind>(at - words.begin());
  if (auto const fault = misfit(call, kind, asked)) return refuse(*fault);
  if (asked.url) {
    auto const target = http::check_webhook_url(*asked.url, call.ctx.delivery->url_rules);
    if (!target) {
      return invalid("/url", std::string{to_string(target.error())},
                     "Must be https, with a public name, on port 443 or 8443.");
    }
  }
  auto const id = call.ctx.ids.open_as<AccountId>(asked.account.value_or(""));
  if (!id) return invalid("/account_id", "value_invalid", "Must be a verifier's account.");
  CheckVerifier made{.market = market, .kind = kind, .tenant_no = id->no, .url = asked.url};
  made.deliver_contact = asked.contact.value_or(false);
  made.subject = asked.subject;
  made.text = asked.text;
  made.wait_hours = static_cast<std::int32_t>(asked.wait_hours.value_or(made.wait_hours));
  if (asked.url) {
    auto const row = privacy::row_key(market);
    made.secret_sealed =
        privacy::SecretBox{call.ctx.keys}.seal(verifier_secret_place(market, row), secret);
  }
  return Found{std::move(made)};
}

}  // namespace

asio::awaitable<ApiResult> get_check_verifier(ApiCall& call) {
  auto const market = find_market(call.ctx, call.param("id"));
  if (!market) co_return refuse(market.error());
  auto job = [no = market->no()](storage::LotTx& tx) { return tx.verifiers().find(no); };
  auto const found = co_await call.ctx.intake->lots.store.transact(job);
  if (!found) co_return refuse(problem_of(found.error()));
  co_return render_verifier(call, *market, *found);
}

asio::awaitable<ApiResult> put_check_verifier(ApiCall& call) {
  auto const market = find_market(call.ctx, call.param("id"));
  if (!market) co_return refuse(market.error());
  auto const secret = crypto::WebhookSecret::generate().text();
  auto const verifier = read_verifier(call, market->no(), secret.view());
  if (!verifier) co_return refuse(verifier.error());
  auto const entry = set_entry(call, market->no(), *verifier);
  auto job = [entry, no = market->no(), wanted = *verifier](storage::LotTx& tx) {
    if (wanted) {
      auto set = *wanted;
      auto const principal_no = tx.verifiers().principal_of(set.tenant_no);
      if (!principal_no) return false;
      set.principal_no = *principal_no;
      tx.verifiers().put(set);
    } else {
      tx.verifiers().remove(no);
    }
    tx.audit().append(no, {&entry, 1});
    return true;
  };
  auto const done = co_await call.ctx.intake->lots.store.transact(job);
  if (!done) co_return refuse(problem_of(done.error()));
  if (!*done) {
    co_return invalid("/account_id", "value_invalid", "Must be an active verifier's account.");
  }
  bool const signs = *verifier && (*verifier)->url;
  co_return render_verifier(call, *market, *verifier, signs ? secret.view() : std::string_view{});
}

}  // namespace leadex::api
