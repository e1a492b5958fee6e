// Buyers' own lists: persons whose leads a buyer does not want. They act at match time alone, and
// nobody else hears of them. Digests go no further than the tables.

#include <set>

#include "matching/market/barred.hpp"
#include "server/api/kept_answer.hpp"
#include "server/api/v1/privacy_handlers.hpp"
#include "server/api/v1/trade.hpp"
#include "server/api/v1/trade_support.hpp"
#include "server/app/withhold_leads.hpp"
#include "server/privacy/blind_index.hpp"

namespace leadex::api {

namespace {

using storage::SuppressedField;
using storage::SuppressedPerson;

http::Response render_counts(storage::SuppressionCounts const& counts) {
  json::JsonWriter out;
  {
    auto const whole = out.object();
    out.field("emails", counts.emails);
    out.field("phones", counts.phones);
    out.field("since", counts.since);
  }
  return answer(200, out);
}

/// The persons of one field of the body, each once.
void read_field(ApiCall const& call, json::ObjectReader& reader, SuppressedField field,
                std::vector<SuppressedPerson>& persons) {
  bool const email = field == SuppressedField::email;
  std::string_view const name = email ? "email_sha256" : "phone_sha256";
  auto const* const list = reader.optional_array(name);
  if (list == nullptr) return;
  auto const blind = email ? privacy::BlindField::email : privacy::BlindField::phone;
  std::set<std::string> once;
  for (auto const& text : list->GetArray()) {
    auto const hash = privacy::parse_sha256_hex(json::text_of(text));
    if (!hash) return reader.fail(name, "hash_malformed", "A hash is 64 hexadecimal digits.");
    auto const digest = privacy::blind_index_of_sha256(call.ctx.keys, blind, *hash);
    once.emplace(crypto::view_of(digest));
  }
  for (auto const& digest : once) persons.push_back({digest, field});
}

/// At least one. @errors validation_failed
Result<std::vector<SuppressedPerson>, ApiProblem> persons_of(ApiCall const& call) {
  json::FieldErrors errors;
  json::ObjectReader reader(call.body, errors);
  std::vector<SuppressedPerson> persons;
  read_field(call, reader, SuppressedField::email, persons);
  read_field(call, reader, SuppressedField::phone, persons);
  if (!errors.empty()) return invalid(std::move(errors));
  if (persons.empty()) {
    return invalid("/email_sha256", "missing_field", "At least one hash of either kind.");
  }
  return persons;
}

asio::awaitable<ApiResult> put_on_list(ApiCall& call, std::int64_t owner_no) {
  auto const persons = persons_of(call);
  if (!persons) co_return refuse(persons.error());
  std::optional<std::int64_t> audited;  // what staff does
  if (owner_no == market::kEverybody) audited = call.principal.principal_no;
  auto const counts = co_await trade_of(call).rights.suppress(owner_no, *persons, audited);
  if (!counts) co_return refuse(problem_of(counts.error()));
  if (!*counts) co_return problem(Code::limit_reached);
  std::vector<std::string> digests;
  for (auto const& person : *persons) digests.push_back(person.digest);
  auto const told = co_await app::withhold_leads(call.ctx.markets, owner_no, std::move(digests),
                                                 call.request.deadline);
  // The list holds them; a market that did not hear of it sells what rests there until it does.
  if (!told) co_return refuse(problem_of(told.error()));
  co_return render_counts(**counts);
}

asio::awaitable<ApiResult> put_on(ApiCall& call) { return put_on_list(call, call.account_no()); }

/// The exchange's own list: nobody gets leads of these persons.
asio::awaitable<ApiResult> bar(ApiCall& call) {
  co_return co_await put_on_list(call, market::kEverybody);
}

asio::awaitable<ApiResult> take_off(ApiCall& call) {
  auto const persons = persons_of(call);
  if (!persons) co_return refuse(persons.error());
  auto const counts = co_await trade_of(call).rights.release(call.account_no(), *persons);
  if (!counts) co_return refuse(problem_of(counts.error()));
  co_return render_counts(*counts);
}

asio::awaitable<ApiResult> counts_of(ApiCall& call, std::int64_t owner_no) {
  auto const counts = co_await trade_of(call).rights.counts(owner_no);
  if (!counts) co_return refuse(problem_of(counts.error()));
  co_return render_counts(*counts);
}

}  // namespace

Answered add_suppressions(ApiCall& call) { co_return co_await answer_once(call, put_on); }
Answered release_suppressions(ApiCall& call) { co_return co_await answer_once(call, take_off); }

Answered get_suppressions(ApiCall& call) { return counts_of(call, call.account_no()); }

Answered bar_persons(ApiCall& call) { co_return co_await answer_once(call, bar); }
Answered get_barred_persons(ApiCall& call) { return counts_of(call, market::kEverybody); }

}  // namespace leadex::api
