// The page behind the link of a one-time code: the person says whether it left its details. Looking
// at it changes nothing; whoever asks, the page says nothing of the person or the lead.

#include "server/api/v1/code_pages.hpp"

#include "server/api/v1/code_token.hpp"
#include "server/api/v1/intake_services.hpp"
#include "server/forms/form_body.hpp"
#include "server/forms/page.hpp"

namespace leadex::api {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kTitle = "Your details";
constexpr std::string_view kQuestion = "Did you leave your details and ask to be contacted?";
constexpr std::string_view kThanks = "Thank you. Your answer has been noted.";
constexpr std::string_view kGone = "This link is not valid any more.";
constexpr std::string_view kAnswerInput = "answer";

http::Response page(int status, std::string html) {
  auto response = http::make_response(status, "text/html; charset=utf-8", std::move(html));
  for (auto const& [name, value] : forms::page_headers({})) response.headers.set(name, value);
  return response;
}
http::Response plain(int status, std::string_view text) {
  return page(status, forms::message_page("en", kTitle, text));
}
http::Response too_many() {
  auto response = plain(429, "Too many requests from this address. Please wait a minute.");
  response.headers.set("Retry-After", "60");
  return response;
}

bool admitted(http::Request const& request, ApiContext const& ctx, FormServices& forms) {
  return forms.velocity.admit(request.peer_address, to_unix_micros(ctx.now()));
}

asio::awaitable<http::Response> show(http::Request& request, ApiContext& ctx, FormServices& forms) {
  if (!admitted(request, ctx, forms)) co_return too_many();
  std::string const text{request.params.at("token")};
  if (!open_code(ctx.keys, text, ctx.now())) co_return plain(410, kGone);
  forms::Question question;
  question.title = kTitle;
  question.text = kQuestion;
  question.action = "/c/" + text;
  question.input = kAnswerInput;
  question.answers = {{"yes", "Yes"}, {"no", "No"}};
  co_return page(200, forms::question_page(question));
}

/// The answer that a body holds. @errors  the page that says why there is none
asio::awaitable<Result<bool, http::Response>> read_yes(http::Request& request) {
  constexpr std::string_view kOdd = "This is nothing that our page sends.";
  if (!forms::is_form_type(request.headers.find("content-type").value_or(""))) {
    co_return refuse(plain(415, kOdd));
  }
  auto const body = co_await http::read_whole(*request.body, forms::kBodyBytesMax);
  if (!body) co_return refuse(plain(body.error() == http::BodyError::too_large ? 413 : 400, kOdd));
  auto const pairs = forms::read_form_body(*body);
  auto const word = pairs ? forms::value_of(*pairs, kAnswerInput) : std::nullopt;
  if (word != "yes" && word != "no") co_return refuse(plain(400, kOdd));
  co_return *word == "yes";
}

asio::awaitable<http::Response> take(http::Request& request, ApiContext& ctx, FormServices& forms) {
  if (!admitted(request, ctx, forms)) co_return too_many();
  auto const token = open_code(ctx.keys, request.params.at("token"), ctx.now());
  if (!token) co_return plain(410, kGone);
  auto yes = co_await read_yes(request);
  if (!yes) co_return std::move(yes.error());
  auto job = [key = token->key, said = *yes](storage::LotTx& tx) {
    return tx.codes().answer(key, said);
  };
  auto const done = co_await ctx.intake->lots.store.transact(job);
  if (!done) {
    auto busy = plain(503, "Please try again in a moment.");
    busy.headers.set("Retry-After", "1");
    co_return busy;
  }
  co_return *done == storage::CodeReply::gone ? plain(410, kGone) : plain(200, kThanks);
}

}  // namespace

void register_code_pages(http::Router& router, ApiContext& context, FormServices& forms) {
  using Handler = asio::awaitable<http::Response> (*)(http::Request&, ApiContext&, FormServices&);
  http::RouteOptions const options{.body_bytes_max = forms::kBodyBytesMax,
                                   .deadline = context.limits.handler_timeout,
                                   .any_query = true};
  auto const put = [&](char const* method, char const* id, Handler handler) {
    router.add(
        method, "/c/{token}", id,
        [&context, &forms, handler](http::Request& request) {
          return handler(request, context, forms);
        },
        options);
  };
  put("GET", "show_code", show);
  put("POST", "answer_code", take);
}

}  // namespace leadex::api
