#include "server/api/v1/code_messages.hpp"

#include <algorithm>

#include "server/api/v1/code_token.hpp"
#include "server/api/v1/verifier_request.hpp"
#include "server/app/claim_check.hpp"
#include "server/json/writer.hpp"
#include "server/observe/log.hpp"
#include "server/privacy/blind_index.hpp"

namespace leadex::api {

namespace asio = boost::asio;

namespace {

using storage::CheckVerifier;
using storage::VerifierKind;

constexpr std::string_view kSubject = "Please confirm your request";
constexpr std::string_view kText =
    "Somebody left your details and asked us to have you contacted. Was it you? Please answer "
    "here:";

/// Where a message goes, and the digest that the address is known by.
struct Address {
  std::string to;
  std::string digest;
};

/// Numbers that surely take no text messages are none.
bool takes_text(intake::Phone const& phone) {
  using intake::PhoneType;
  auto const type = phone.type;
  return type == PhoneType::mobile || type == PhoneType::fixed_line_or_mobile ||
         type == PhoneType::personal_number || type == PhoneType::unknown;
}

std::string digest_of(privacy::KeyRing const& keys, privacy::BlindField field,
                      std::string_view normalised) {
  auto const index = privacy::blind_index(keys, field, normalised);
  return {index.begin(), index.end()};
}

std::optional<Address> address_of(privacy::KeyRing const& keys, VerifierKind kind,
                                  intake::StoredPerson const& person) {
  if (kind == VerifierKind::email_code) {
    if (!person.email) return std::nullopt;
    auto to = person.email->local + '@' + person.email->domain_ascii;
    if (!mail::is_mailable(to)) return std::nullopt;
    return Address{std::move(to),
                   digest_of(keys, privacy::BlindField::email, person.email->normalised)};
  }
  if (!person.phone || !takes_text(*person.phone)) return std::nullopt;
  return Address{person.phone->e164,
                 digest_of(keys, privacy::BlindField::phone, person.phone->e164)};
}

}  // namespace

asio::awaitable<void> CodeMessages::run() {
  co_await note_answers();
  (void)co_await app::judge_codes(services_.lots);
  auto const all = co_await services_.lots.store.transact(
      [](storage::LotTx& tx) { return tx.verifiers().all(); });
  if (!all) co_return;
  for (auto const& verifier : *all) {
    if (verifier.kind == VerifierKind::http) continue;
    auto const rest = rests_.find(verifier.market);
    bool const resting =
        rest != rests_.end() && rest->second.until > std::chrono::steady_clock::now();
    if (!resting) co_await begin(verifier);
  }
  for (auto& due : co_await app::due_codes(services_.lots)) co_await send(std::move(due));
}

asio::awaitable<void> CodeMessages::note_answers() {
  std::vector<Told> told;
  {
    std::lock_guard const lock{guard_};
    told.swap(told_);
  }
  for (auto const& one : told) {
    co_await note(one);
    std::lock_guard const lock{guard_};
    on_the_way_.erase(one.key);
  }
}

/// What could not be noted is handed over again, as is what failed.
asio::awaitable<void> CodeMessages::note(Told told) {
  auto const market = told.key.check.market;
  if (told.sent == mail::Sent::failed) {
    fail(market);
    co_return;
  }
  rests_.erase(market);
  auto job = [told](storage::LotTx& tx) {
    if (told.sent == mail::Sent::taken) {
      tx.codes().sent(told.key);
    } else {
      tx.codes().refused(told.key);
    }
    return true;
  };
  (void)co_await services_.lots.store.transact(job);
}

asio::awaitable<void> CodeMessages::begin(CheckVerifier verifier) {
  auto next = [verifier](storage::LotTx& tx) {
    return tx.codes().next_check(verifier.market, verifier.principal_no);
  };
  for (int turn = 0; turn < kCodesBegunPerRound; ++turn) {
    auto const check = co_await services_.lots.store.transact(next);
    if (!check || !*check || !co_await begin_one(verifier, **check)) co_return;
  }
}

/// @return whether to go on with the next
asio::awaitable<bool> CodeMessages::begin_one(CheckVerifier verifier, CheckId check) {
  app::Actor const actor{verifier.principal_no, verifier.tenant_no};
  auto const claimed = co_await app::claim_check(services_.lots, check, actor);
  if (!claimed) {
    // One whose contact is gone is decided by that; anything else is for the next round.
    co_return claimed.error() == app::LotError{app::LotRefusal::contact_gone};
  }
  if (!claimed->fresh) co_return false;
  LeadId const lead{check.market, claimed->fresh->check.lead_no};
  auto const sealed = co_await services_.lots.store.transact(
      [lead](storage::LotTx& tx) { return tx.lots().sealed_lead(lead); });
  if (!sealed) co_return false;
  intake::StoredPerson person;
  if (*sealed) {
    person = intake::stored_person(ctx_.keys, lead, **sealed, country_of(check.market));
  }
  auto const address = address_of(ctx_.keys, verifier.kind, person);
  app::BeginCode asked{.check = check, .actor = actor};
  asked.wait = std::chrono::hours{verifier.wait_hours};
  if (address) asked.address_digest = address->digest;
  co_return (co_await app::begin_code(services_.lots, std::move(asked))).has_value();
}

asio::awaitable<void> CodeMessages::send(app::DueCode due) {
  auto const& code = due.code;
  bool const wanted = due.verifier && due.verifier->kind != VerifierKind::http && code.active &&
                      code.tries <= app::kCodeTriesMax && due.lead;
  auto const market = code.key.check.market;
  auto const address = wanted ? address_of(ctx_.keys, due.verifier->kind,
                                           intake::stored_person(ctx_.keys, {market, code.lead_no},
                                                                 *due.lead, country_of(market)))
                              : std::nullopt;
  if (!address) {
    (void)co_await app::drop_code(services_.lots, code.key);
    co_return;
  }
  auto const barred = co_await is_barred(due);
  if (!barred) co_return;  // nobody can tell now: the next try asks again
  if (*barred) {
    co_await note({code.key, mail::Sent::refused});
    co_return;
  }
  if (due.verifier->kind == VerifierKind::sms_code) {
    co_await send_text(std::move(due), address->to);
  } else {
    send_mail(due, address->to);
  }
}

/// Whether the exchange's list has the person.
asio::awaitable<Result<bool, storage::StoreError>> CodeMessages::is_barred(
    app::DueCode const& due) {
  auto const market = due.code.key.check.market;
  auto digests = intake::stored_person_digests(ctx_.keys, {market, due.code.lead_no}, *due.lead,
                                               country_of(market));
  auto const barred = co_await services_.persons.barred(std::move(digests));
  if (!barred) co_return refuse(barred.error());
  co_return !barred->empty();
}

asio::awaitable<void> CodeMessages::send_text(app::DueCode due, std::string to) {
  auto const& key = due.code.key;
  auto const id = ctx_.ids.seal(key.check) + '-' + std::to_string(key.attempt);
  json::JsonWriter out;
  {
    auto const scope = out.object();
    out.field("to", to);
    out.field("text", message(due));
    out.field("id", id);
  }
  auto request = verifier_request(ctx_, *due.verifier, id, out.str());
  if (!request) co_return;
  auto const response = co_await services_.client.send(std::move(*request));
  bool const taken = response && response->status / 100 == 2;
  co_await note({key, taken ? mail::Sent::taken : mail::Sent::failed});
}

void CodeMessages::send_mail(app::DueCode const& due, std::string to) {
  auto const key = due.code.key;
  if (services_.mails == nullptr) return;
  {
    std::lock_guard const lock{guard_};
    if (!on_the_way_.insert(key).second) return;
  }
  mail::Message mail;
  mail.to = std::move(to);
  mail.subject = due.verifier->subject.value_or(std::string{kSubject});
  mail.text = message(due) + '\n';
  bool const offered = services_.mails->offer(std::move(mail), [this, key](mail::Sent done) {
    std::lock_guard const lock{guard_};
    told_.push_back({key, done});
  });
  if (offered) return;
  std::lock_guard const lock{guard_};
  on_the_way_.erase(key);
}

std::string CodeMessages::message(app::DueCode const& due) const {
  auto const link =
      services_.public_url + "/c/" + seal_code(ctx_.keys, {due.code.key, due.code.expires_at});
  bool const mails = due.verifier->kind == VerifierKind::email_code;
  return due.verifier->text.value_or(std::string{kText}) + (mails ? "\n\n" : " ") + link;
}

std::string CodeMessages::country_of(MarketNo no) const {
  auto const market = ctx_.markets.find(no);
  auto const settings = market ? market->settings() : nullptr;
  return settings ? settings->country : std::string{};
}

void CodeMessages::fail(MarketNo market) {
  auto& rest = rests_[market];
  rest.length = std::clamp(2 * rest.length, kCodeChannelRest, kCodeChannelRestMax);
  rest.until = std::chrono::steady_clock::now() + rest.length;
  log::warn("check_codes.failed", "a message to a person was not taken")
      .field("market", static_cast<std::int64_t>(market));
}

}  // namespace leadex::api
