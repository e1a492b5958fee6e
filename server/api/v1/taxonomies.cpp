// Taxonomies of sources: staff reads them by version and puts the next one.

#include <algorithm>

#include "server/api/v1/source_services.hpp"
#include "server/api/v1/trade_support.hpp"
#include "server/app/action.hpp"
#include "server/render/words.hpp"

namespace leadex::api {

namespace {

using quality::SourceRule;
using quality::SourceTest;

template <class Enum, std::size_t N>
Enum word_in(json::ObjectReader& reader, std::string_view name,
             std::array<std::string_view, N> const& words) {
  auto const word = reader.require_string(name);
  auto const found = std::ranges::find(words, word);
  if (found != words.end()) return static_cast<Enum>(found - words.begin());
  reader.fail(name, "word_unknown", "This is none of the known words.");
  return Enum{};
}

std::int32_t vehicle_no(std::string_view word) {
  auto const* const found = std::ranges::find(targeting::kVehicles, word);
  return static_cast<std::int32_t>(found - std::begin(targeting::kVehicles));
}

/// Of each object in the array `name`, which the contract has checked to be one.
template <class Read>
void each(json::ObjectReader& reader, std::string_view name, Read read) {
  auto const* const array = reader.require_array(name);
  if (array == nullptr) return;
  for (rapidjson::SizeType i = 0; i < array->Size(); ++i) {
    json::ObjectReader one((*array)[i], reader.errors(),
                           reader.pointer_to(name) + '/' + std::to_string(i));
    read(one);
  }
}

SourceRule read_rule(json::ObjectReader& reader) {
  SourceRule rule;
  each(reader, "when", [&](json::ObjectReader& one) {
    SourceTest test;
    test.field = word_in<quality::SourceField>(one, "field", quality::kSourceFields);
    test.match = word_in<quality::SourceMatch>(one, "match", quality::kSourceMatches);
    test.value = one.optional_string("value").value_or("");
    rule.tests.push_back(std::move(test));
  });
  if (auto const word = reader.optional_string("vehicle")) rule.vehicle = vehicle_no(*word);
  rule.reason = reader.optional_string("reason").value_or("");
  return rule;
}

quality::Taxonomy read_taxonomy(json::Value const& body, json::FieldErrors& errors) {
  json::ObjectReader reader(body, errors);
  quality::Taxonomy taxonomy;
  each(reader, "vehicles", [&](json::ObjectReader& one) {
    taxonomy.vehicles.push_back(
        {vehicle_no(one.require_string("vehicle")), one.require_string("title")});
  });
  each(reader, "reasons", [&](json::ObjectReader& one) {
    taxonomy.reasons.push_back({one.require_string("reason"), one.require_string("title")});
  });
  each(reader, "rules", [&](json::ObjectReader& one) { taxonomy.rules.push_back(read_rule(one)); });
  if (!errors.empty()) return taxonomy;
  for (auto const& fault : quality::faults_of(taxonomy)) {
    if (errors.size() == json::kFieldErrorsMax) break;
    errors.push_back({fault.pointer, std::string{fault.code}, std::string{fault.detail}});
  }
  return taxonomy;
}

void write_rule(json::JsonWriter& out, SourceRule const& rule) {
  auto const one = out.object();
  {
    auto const when = out.array("when");
    for (auto const& test : rule.tests) {
      auto const part = out.object();
      out.field("field", quality::kSourceFields.at(static_cast<std::size_t>(test.field)));
      out.field("match", quality::kSourceMatches.at(static_cast<std::size_t>(test.match)));
      out.field("value", test.value);
    }
  }
  std::optional<std::string_view> vehicle;
  if (rule.vehicle != quality::kNoVehicle) vehicle = render::vehicle_word(rule.vehicle);
  out.field("vehicle", vehicle);
  out.field("reason", rule.reason.empty() ? std::nullopt : std::optional{rule.reason});
}

std::string etag_of(std::int32_t version) { return "\"taxonomy-" + std::to_string(version) + '"'; }

http::Response render_taxonomy(std::optional<std::string_view> market,
                               storage::TaxonomyVersion const& taxonomy) {
  json::JsonWriter out;
  {
    auto const whole = out.object();
    out.field("market", market);
    out.field("version", taxonomy.version);
    out.field("created_at", taxonomy.created_at);
    {
      auto const list = out.array("vehicles");
      for (auto const& word : taxonomy.terms.vehicles) {
        auto const one = out.object();
        out.field("vehicle", render::vehicle_word(word.vehicle));
        out.field("title", word.title);
      }
    }
    {
      auto const list = out.array("reasons");
      for (auto const& word : taxonomy.terms.reasons) {
        auto const one = out.object();
        out.field("reason", word.reason);
        out.field("title", word.title);
      }
    }
    auto const list = out.array("rules");
    for (auto const& rule : taxonomy.terms.rules) write_rule(out, rule);
  }
  auto response = answer(200, out);
  response.headers.add("ETag", etag_of(taxonomy.version));
  return response;
}

}  // namespace

asio::awaitable<ApiResult> get_taxonomy(ApiCall& call, SourceServices& services) {
  auto const market = query_market(call);
  if (!market) co_return refuse(market.error());
  std::optional<std::int32_t> version;
  if (auto const asked = call.query_int("version")) version = static_cast<std::int32_t>(*asked);
  auto const found = co_await services.sources.taxonomy(market->value_or(0), version);
  if (!found) co_return refuse(problem_of(found.error()));
  if (!*found) co_return problem(Code::not_found);
  co_return render_taxonomy(call.query("market"), **found);
}

/// Two who put at once see the same newest version; the later of them finds it taken.
asio::awaitable<ApiResult> put_taxonomy(ApiCall& call, SourceServices& services) {
  auto const based_on = call.request.headers.find("if-match");
  if (!based_on) co_return problem(Code::precondition_required);
  auto const market = query_market(call);
  if (!market) co_return refuse(market.error());
  json::FieldErrors errors;
  storage::TaxonomyVersion next;
  next.market = market->value_or(0);
  next.terms = read_taxonomy(call.body, errors);
  if (!errors.empty()) co_return invalid(std::move(errors));
  auto const newest = co_await services.sources.taxonomy(next.market, std::nullopt);
  if (!newest) co_return refuse(problem_of(newest.error()));
  auto const before = *newest ? (*newest)->version : 0;
  if (*based_on != etag_of(before)) co_return problem(Code::precondition_failed);
  next.version = before + 1;
  storage::AuditEntry entry;
  entry.principal_no = call.principal.principal_no;
  entry.tenant_no = call.account_no();
  entry.action = "taxonomy.changed";
  entry.object_kind = "taxonomy";
  entry.object_no = next.version;
  app::AuditPayload payload;
  payload.add("market", std::int64_t{next.market}).add("version", std::int64_t{next.version});
  entry.payload = std::move(payload).text();
  auto const added = co_await services.sources.add_taxonomy(next, std::move(entry));
  services.taxonomies.forget();
  if (!added) co_return refuse(problem_of(added.error()));
  if (!*added) co_return problem(Code::precondition_failed);
  auto const stored = co_await services.sources.taxonomy(next.market, next.version);
  if (!stored) co_return refuse(problem_of(stored.error()));
  co_return render_taxonomy(call.query("market"), stored->value_or(next));
}

}  // namespace leadex::api
