// The pages of hosted forms: shown, sent in, confirmed. Whoever the person is, known, on a list or
// new, the page is the same.

#include <algorithm>
#include <array>

#include "server/api/v1/form_services.hpp"
#include "server/api/v1/posted_form.hpp"
#include "server/api/v1/trade_support.hpp"
#include "server/crypto/random.hpp"
#include "server/forms/form_body.hpp"
#include "server/forms/page.hpp"
#include "server/http/router.hpp"
#include "server/privacy/key_unavailable.hpp"

namespace leadex::api {

namespace {

using storage::Form;
using storage::FormId;
using storage::FormStep;

constexpr std::array<std::string_view, kFormSources> kSources{
    "utm_source", "utm_medium", "utm_campaign", "sub1", "sub2", "sub3", "sub4", "sub5"};
constexpr std::size_t kSourceBytesMax = 256;
constexpr std::size_t kAgentBytesMax = 1024;
constexpr std::size_t kValueBytesMax = 4096;

/// One request for one form, which was found.
struct Visit {
  http::Request& request;
  ApiContext& ctx;
  FormServices& forms;
  FormId id;
  Form form;  // in the version that counts
  forms::Definition definition;

  [[nodiscard]] std::string path() const {
    return "/f/" + ctx.ids.seal(crypto::IdKind::form, id.market, id.no);
  }
  void count(FormStep step) const { forms.counts.add(id, ctx.now(), step); }
};

http::Response page(int status, std::string html,
                    std::vector<std::pair<std::string, std::string>> const& headers) {
  auto response = http::make_response(status, "text/html; charset=utf-8", std::move(html));
  for (auto const& [name, value] : headers) response.headers.set(name, value);
  return response;
}

/// A page that belongs to no form.
http::Response plain_page(int status, std::string_view text) {
  return page(status, forms::message_page("en", "Form", text), forms::page_headers({}));
}
http::Response unknown_page() { return plain_page(404, "There is no such form."); }
http::Response bad_page() { return plain_page(400, "This is nothing that our page sends."); }
http::Response busy_page() {
  auto response = plain_page(503, "Please try again in a moment.");
  response.headers.set("Retry-After", "1");
  return response;
}

http::Response own_page(Visit const& visit, int status, std::string html) {
  auto const& definition = visit.definition;
  return page(status, std::move(html),
              forms::page_headers(definition.sites, definition.redirect_url));
}
http::Response message(Visit const& visit, int status, std::string const& text) {
  auto const& definition = visit.definition;
  return own_page(visit, status, forms::message_page(definition.language, definition.title, text));
}

/// After a form was sent in, whatever came of it.
http::Response thanked(Visit const& visit) {
  auto const& definition = visit.definition;
  if (definition.redirect_url.empty()) return message(visit, 200, definition.texts.thank_you);
  auto response = message(visit, 303, definition.texts.thank_you);
  response.headers.set("Location", definition.redirect_url);
  return response;
}

std::string fresh_token(Visit const& visit, std::vector<std::string> sources) {
  PageToken token;
  token.market = visit.id.market;
  token.form_no = visit.id.no;
  token.version = visit.form.version;
  token.shown_us = to_unix_micros(visit.ctx.now());
  token.nonce = crypto::random_bytes(kPageNonceBytes);
  token.sources = std::move(sources);
  return seal_page(visit.ctx.keys, token);
}

std::vector<std::string> sources_of(http::Request const& request) {
  std::vector<std::string> sources;
  for (auto const name : kSources) {
    auto const value = request.query_value(name).value_or("");
    sources.emplace_back(value.size() <= kSourceBytesMax ? value : std::string_view{});
  }
  return sources;
}

std::optional<FormId> form_id(http::Request const& request, ApiContext const& ctx) {
  auto const id = ctx.ids.open(request.params.at("form"), crypto::IdKind::form);
  if (!id) return std::nullopt;
  return FormId{id->market, id->no};
}

/// The form in a version, 0 the one that is shown. @errors the page that says why not
asio::awaitable<Result<Visit, http::Response>> open_form(http::Request& request, ApiContext& ctx,
                                                         FormServices& forms, FormId id,
                                                         std::int32_t version) {
  auto found = co_await forms.store.visited(id, version);
  if (!found) co_return refuse(busy_page());
  if (!*found) co_return refuse(unknown_page());
  auto const parsed = json::parse((*found)->definition, {.bytes = (*found)->definition.size()});
  if (!parsed || !parsed->IsObject()) co_return refuse(busy_page());
  Visit visit{request, ctx, forms, id, std::move(**found), forms::read_definition(*parsed)};
  if (visit.form.paused || visit.form.suspended) {
    co_return refuse(message(visit, 410, visit.definition.texts.closed));
  }
  co_return visit;
}

bool admitted(http::Request const& request, ApiContext const& ctx, FormServices& forms) {
  return forms.velocity.admit(request.peer_address, to_unix_micros(ctx.now()));
}
http::Response too_many() {
  auto response = plain_page(429, "Too many requests from this address. Please wait a minute.");
  response.headers.set("Retry-After", "60");
  return response;
}

asio::awaitable<http::Response> show(http::Request& request, ApiContext& ctx, FormServices& forms) {
  auto const id = form_id(request, ctx);
  if (!id) co_return unknown_page();
  if (!admitted(request, ctx, forms)) co_return too_many();
  auto visit = co_await open_form(request, ctx, forms, *id, 0);
  if (!visit) co_return std::move(visit.error());
  if (request.method == "GET") visit->count(FormStep::visit);
  forms::Shown shown;
  shown.action = visit->path();
  shown.token = fresh_token(*visit, sources_of(request));
  co_return own_page(*visit, 200, forms::form_page(visit->definition, shown));
}

/// The fields of a body, which has to be one of our pages'.
asio::awaitable<Result<forms::Pairs, http::Response>> pairs_of(http::Request& request) {
  if (!forms::is_form_type(request.headers.find("content-type").value_or(""))) {
    co_return refuse(plain_page(415, "This is nothing that our page sends."));
  }
  auto const body = co_await http::read_whole(*request.body, forms::kBodyBytesMax);
  if (!body) {
    co_return refuse(body.error() == http::BodyError::too_large
                         ? plain_page(413, "This is more than our page sends.")
                         : bad_page());
  }
  auto pairs = forms::read_form_body(*body);
  if (!pairs) co_return refuse(bad_page());
  co_return std::move(*pairs);
}

bool only_own_fields(forms::Definition const& definition, forms::Pairs const& pairs) {
  return std::ranges::all_of(pairs, [&](auto const& pair) {
    return pair.second.size() <= kValueBytesMax * 2 &&
           (pair.first == forms::kTokenInput || pair.first == forms::kConsentInput ||
            find_field(definition, pair.first) != nullptr);
  });
}

SentForm sent_of(Visit const& visit, PageToken const& token, forms::Pairs const& pairs) {
  SentForm sent;
  sent.version = token.version;
  sent.shown_us = token.shown_us;
  sent.sent_us = to_unix_micros(visit.ctx.now());
  sent.address = visit.request.peer_address;
  auto const agent = visit.request.headers.find("user-agent").value_or("");
  if (agent.size() <= kAgentBytesMax) sent.agent = agent;
  auto base = visit.forms.options.public_url;
  if (base.empty()) {
    base = "https://" + std::string{visit.request.headers.find("host").value_or("localhost")};
  }
  sent.page_url = base + visit.path();
  sent.sources = token.sources;
  for (auto const& field : visit.definition.fields) {
    sent.names.push_back(field.name);
    sent.values.emplace_back(forms::value_of(pairs, field.name).value_or(""));
  }
  return sent;
}

/// The page again with what was typed.
http::Response shown_again(Visit const& visit, SentForm const& sent, forms::Shown shown) {
  shown.action = visit.path();
  for (std::size_t i = 0; i < sent.names.size(); ++i) shown.values[sent.names[i]] = sent.values[i];
  return own_page(visit, 422, forms::form_page(visit.definition, shown));
}

/// What the form itself asks for beyond its market.
void check_needs(Visit const& visit, SentForm const& sent, forms::Shown& shown) {
  constexpr std::string_view kMissing = "This field is required.";
  for (auto const& field : visit.definition.fields) {
    auto const value = sent.at(field.name);
    if (field.required && value.empty()) shown.faults.emplace(field.name, kMissing);
    bool const chosen =
        field.choices.empty() || value.empty() ||
        std::ranges::find(field.choices, value, &forms::Choice::value) != field.choices.end();
    if (!chosen) shown.faults.emplace(field.name, "This is none of the choices.");
  }
  if (!shown.consent) shown.faults.emplace(forms::kConsentInput, kMissing);
}

void note_faults(Visit const& visit, std::vector<intake::RowFault> const& faults,
                 forms::Shown& shown) {
  for (auto const& fault : faults) {
    auto const name = field_of(fault.pointer);
    if (find_field(visit.definition, name) == nullptr) continue;
    shown.faults.emplace(name, fault.detail);
  }
}

/// A key that cannot be read now is as a database that cannot be reached.
asio::awaitable<PostedForm> sealed_or_later(asio::awaitable<PostedForm> work) {
  try {
    co_return co_await std::move(work);
  } catch (privacy::KeyUnavailable const&) {
    // The job that looks after epochs tells of it each minute.
  }
  co_return PostedForm::unavailable;
}

http::Response answer_of(Visit const& visit, PostedForm posted) {
  switch (posted) {
    case PostedForm::unavailable:
      return busy_page();
    case PostedForm::used:
      return message(visit, 409, visit.definition.texts.sent_before);
    case PostedForm::waiting:
      return message(visit, 200, visit.definition.texts.mail_sent);
    case PostedForm::done:
      break;
  }
  return thanked(visit);
}

/// The page has grown old: the consent has to be given anew, to what is shown now.
asio::awaitable<http::Response> ask_again(Visit const& old, PageToken token, SentForm sent) {
  auto const visit = co_await open_form(old.request, old.ctx, old.forms, old.id, 0);
  if (!visit) co_return message(old, 410, old.definition.texts.closed);
  visit->count(FormStep::fault);
  forms::Shown shown;
  shown.token = fresh_token(*visit, token.sources);
  shown.notice = visit->definition.texts.again;
  co_return shown_again(*visit, sent, std::move(shown));
}

asio::awaitable<http::Response> send(http::Request& request, ApiContext& ctx, FormServices& forms) {
  auto const id = form_id(request, ctx);
  if (!id) co_return unknown_page();
  if (!admitted(request, ctx, forms)) co_return too_many();
  auto const pairs = co_await pairs_of(request);
  if (!pairs) co_return page(pairs.error().status, pairs.error().body, forms::page_headers({}));
  auto const token =
      open_page(ctx.keys, *id, forms::value_of(*pairs, forms::kTokenInput).value_or(""));
  if (!token) co_return bad_page();
  auto visit = co_await open_form(request, ctx, forms, *id, token->version);
  if (!visit) co_return std::move(visit.error());
  if (!only_own_fields(visit->definition, *pairs)) co_return bad_page();
  visit->count(FormStep::submit);

  auto const sent = sent_of(*visit, *token, *pairs);
  forms::Shown shown;
  shown.token = forms::value_of(*pairs, forms::kTokenInput).value_or("");
  shown.consent = forms::value_of(*pairs, forms::kConsentInput) == forms::kConsentGiven;
  if (ctx.now() > from_unix_micros(token->shown_us) + kPageLife) {
    co_return co_await ask_again(*visit, *token, sent);
  }
  auto const market = find_market(ctx, id->market);
  if (!market) co_return busy_page();
  auto const rules = intake::rules_of(*market->settings);
  auto const lead =
      check_sent(sent, visit->definition,
                 {.rules = rules, .disposable = ctx.trade->disposable, .now = ctx.now()});
  check_needs(*visit, sent, shown);
  if (!lead) note_faults(*visit, lead.error(), shown);
  if (!lead || !shown.faults.empty()) {
    visit->count(FormStep::fault);
    shown.notice = visit->definition.texts.fault;
    co_return shown_again(*visit, sent, std::move(shown));
  }
  FormCase const one{request, ctx, forms, visit->form, visit->definition.double_opt_in};
  auto const done = co_await sealed_or_later(post_form(one, *market, *token, sent, *lead));
  co_return answer_of(*visit, done);
}

asio::awaitable<http::Response> show_confirm(http::Request& request, ApiContext& ctx,
                                             FormServices& forms) {
  auto const id = form_id(request, ctx);
  if (!id) co_return unknown_page();
  if (!admitted(request, ctx, forms)) co_return too_many();
  auto visit = co_await open_form(request, ctx, forms, *id, 0);
  if (!visit) co_return std::move(visit.error());
  auto const text = request.query_value("token").value_or("");
  auto const token = open_confirm(ctx.keys, *id, text);
  if (!token || to_unix_micros(ctx.now()) > token->expires_us) {
    co_return message(*visit, 410, visit->definition.texts.expired);
  }
  co_return own_page(*visit, 200,
                     forms::confirm_page(visit->definition, visit->path() + "/confirm", text));
}

asio::awaitable<http::Response> confirm(http::Request& request, ApiContext& ctx,
                                        FormServices& forms) {
  auto const id = form_id(request, ctx);
  if (!id) co_return unknown_page();
  if (!admitted(request, ctx, forms)) co_return too_many();
  auto const pairs = co_await pairs_of(request);
  if (!pairs) co_return page(pairs.error().status, pairs.error().body, forms::page_headers({}));
  auto visit = co_await open_form(request, ctx, forms, *id, 0);
  if (!visit) co_return std::move(visit.error());
  auto const token =
      open_confirm(ctx.keys, *id, forms::value_of(*pairs, forms::kTokenInput).value_or(""));
  if (!token || to_unix_micros(ctx.now()) > token->expires_us) {
    co_return message(*visit, 410, visit->definition.texts.expired);
  }
  FormCase const one{request, ctx, forms, visit->form, true};
  auto const done = co_await sealed_or_later(confirm_form(one, {*id, token->nonce}));
  if (done == PostedForm::used) co_return message(*visit, 410, visit->definition.texts.expired);
  co_return answer_of(*visit, done);
}

}  // namespace

void register_form_pages(http::Router& router, ApiContext& context, FormServices& forms) {
  using Handler = asio::awaitable<http::Response> (*)(http::Request&, ApiContext&, FormServices&);
  http::RouteOptions const options{.body_bytes_max = forms::kBodyBytesMax,
                                   .deadline = context.limits.handler_timeout,
                                   .any_query = true};
  auto const put = [&](char const* method, char const* path, char const* id, Handler handler) {
    router.add(
        method, path, id,
        [&context, &forms, handler](http::Request& request) {
          return handler(request, context, forms);
        },
        options);
  };
  put("GET", "/f/{form}", "show_form", show);
  put("POST", "/f/{form}", "send_form", send);
  put("GET", "/f/{form}/confirm", "show_confirm", show_confirm);
  put("POST", "/f/{form}/confirm", "confirm_form", confirm);
}

}  // namespace leadex::api
