#include "server/api/v1/form_mails.hpp"

#include "server/api/v1/form_token.hpp"
#include "server/api/v1/sent_form.hpp"
#include "server/intake/contact/email.hpp"
#include "server/json/value.hpp"
#include "server/observe/log.hpp"

namespace leadex::api {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds kAgainAfter{120};
constexpr int kTriesMax = 8;
constexpr int kAtOnce = 32;

std::string address_of(SentForm const& sent) {
  auto const email = intake::parse_email(sent.at("contact.email"));
  return email ? email->local + '@' + email->domain_ascii : std::string{};
}

}  // namespace

asio::awaitable<void> FormMails::run() {
  co_await note_answers();
  auto const due = co_await store_.due_mails(ctx_.now(), kAgainAfter, kAtOnce);
  if (!due) co_return;
  for (auto const& waiting : *due) co_await send(waiting);
}

asio::awaitable<void> FormMails::note_answers() {
  std::vector<Told> told;
  {
    std::lock_guard const lock{guard_};
    told.swap(told_);
  }
  for (auto const& [page, sent] : told) {
    // What failed is due again by itself; so is what could not be noted.
    if (sent != mail::Sent::failed) {
      (void)co_await store_.mailed(page, sent == mail::Sent::taken);
    }
    std::lock_guard const lock{guard_};
    on_the_way_.erase({page.form, page.token});
  }
}

bool FormMails::begin(storage::PageKey const& page) {
  std::lock_guard const lock{guard_};
  return on_the_way_.emplace(page.form, page.token).second;
}

std::string FormMails::link(storage::FormWaiting const& waiting) const {
  auto const& form = waiting.page.form;
  ConfirmToken token;
  token.market = form.market;
  token.form_no = form.no;
  token.nonce = waiting.page.token;
  token.expires_us = to_unix_micros(waiting.sent_at + kConfirmLife);
  return public_url_ + "/f/" + ctx_.ids.seal(crypto::IdKind::form, form.market, form.no) +
         "/confirm?token=" + seal_confirm(ctx_.keys, token);
}

asio::awaitable<void> FormMails::send(storage::FormWaiting waiting) {
  auto const page = waiting.page;
  auto const sent = waiting.sealed ? open_sent(ctx_.keys, page, *waiting.sealed) : std::nullopt;
  auto const to = sent ? address_of(*sent) : std::string{};
  if (waiting.tries > kTriesMax || !mail::is_mailable(to)) {
    log::warn("forms.mail_given_up", "the mail of a confirmation is given up")
        .field("market", std::int64_t{page.form.market})
        .field("form", page.form.no);
    (void)co_await store_.mailed(page, false);
    co_return;
  }
  auto const form = co_await store_.visited(page.form, sent->version);
  if (!form || !*form) co_return;
  auto const parsed = json::parse((*form)->definition, {.bytes = (*form)->definition.size()});
  if (!parsed || !begin(page)) co_return;
  auto const definition = forms::read_definition(*parsed);
  mail::Message message;
  message.to = to;
  message.subject = definition.texts.mail_subject;
  message.text = definition.texts.mail_text + "\n\n" + link(waiting) + "\n";
  bool const offered = sender_.offer(std::move(message), [this, page](mail::Sent done) {
    std::lock_guard const lock{guard_};
    told_.push_back({page, done});
  });
  if (offered) co_return;
  std::lock_guard const lock{guard_};
  on_the_way_.erase({page.form, page.token});
}

}  // namespace leadex::api
