#include "tests/e2e/tenants/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "server/cli/client/credentials.hpp"
#include "server/crypto/bytes.hpp"
#include "server/crypto/random.hpp"
#include "server/privacy/key_ring.hpp"
#include "server/privacy/root_key.hpp"
#include "tests/e2e/lib/now_text.hpp"

namespace leadex::e2e {

namespace {

using crypto::IdKind;

constexpr std::int64_t kNeverGiven = 9'876'543'210;
constexpr MarketNo kNoMarket = 77'777;

IdKind kind_of(std::string_view kind) {
  static std::map<std::string_view, IdKind> const kKinds{{"account", IdKind::account},
                                                         {"api_key", IdKind::api_key},
                                                         {"approval", IdKind::approval},
                                                         {"auction", IdKind::auction},
                                                         {"batch", IdKind::batch},
                                                         {"bid", IdKind::bid},
                                                         {"campaign", IdKind::campaign},
                                                         {"check", IdKind::check},
                                                         {"delivery", IdKind::delivery},
                                                         {"dispute", IdKind::dispute},
                                                         {"endpoint", IdKind::webhook_endpoint},
                                                         {"event", IdKind::event},
                                                         {"lead", IdKind::lead},
                                                         {"listing", IdKind::listing},
                                                         {"order", IdKind::order},
                                                         {"payout", IdKind::payout},
                                                         {"payout_run", IdKind::payout_run},
                                                         {"return", IdKind::ret},
                                                         {"sale", IdKind::sale},
                                                         {"deal", IdKind::deal},
                                                         {"conversion", IdKind::conversion},
                                                         {"postback_token", IdKind::postback_token},
                                                         {"finding", IdKind::finding},
                                                         {"fraud_case", IdKind::fraud_case},
                                                         {"planted", IdKind::planted_contact},
                                                         {"ping", IdKind::ping},
                                                         {"placement", IdKind::placement},
                                                         {"form", IdKind::form},
                                                         {"books", IdKind::account},
                                                         {"transfer", IdKind::transfer},
                                                         {"upload", IdKind::batch},
                                                         {"deposit", IdKind::deposit},
                                                         {"principal", IdKind::principal}};
  return kKinds.at(kind);
}

}  // namespace

World& World::get() {
  static bool begun = false;
  static std::unique_ptr<World> world;
  if (!world && begun) throw std::runtime_error("the world could not be made; see the first test");
  begun = true;
  if (!world) world.reset(new World);
  return *world;
}

World::World() {
  meet();
  open_markets();
  open_endpoints_and_keys();
  place_campaigns();
  propose_deal();
  ask_prices();
  place_links();
  bring_leads();
  convert();
  bring_lots();
  buy();
  register_sales();
  give_back();
  pay_out();
  ask_for_approvals();
  register_auctions();
  register_leads();
  register_books();
}

void World::meet() {
  char const* const var = std::getenv("LEADEX_VAR");  // NOLINT(concurrency-mt-unsafe)
  if (var == nullptr) throw std::runtime_error("LEADEX_VAR is not set: run with_exchange.sh");
  std::string const folder{var};
  auto const known = cli::read_credentials(folder + "/dev/credentials.json");
  if (!known) throw std::runtime_error("no credentials.json");
  base_url_ = known->base_url;
  ca_file_ = folder + '/' + known->ca_file;
  wire_ = std::make_unique<Wire>(base_url_, ca_file_, std::string{kContactMark});
  auto root = privacy::load_root_key_file(folder + "/keys/root.key");
  if (!root) throw std::runtime_error(privacy::describe(root.error()));
  privacy::KeyRing const ring(std::move(*root));
  ids_ = std::make_unique<crypto::PublicIdCodec>(ring.id_key());

  join("admin", 'A', {}, known->admin_key);
  join("admin2", 'A', {}, known->admin2_key);
  join("auditor", 'U', {}, known->auditor_key);
  join("verifier", 'V', {}, known->verifier_key);
  join("g1", 'G', known->generators.at(0).account_id, known->generators.at(0).key);
  join("g2", 'G', known->generators.at(1).account_id, known->generators.at(1).key);
  for (std::size_t i = 0; i < 3; ++i) {
    auto const& buyer = known->buyers.at(i);
    join("b" + std::to_string(i + 1), 'B', buyer.account_id, buyer.key);
  }
  operations_ = listed_operations(
      wire_->send({"openapi", "nobody", {}, "GET", "/openapi.json", {}, {}}).body);
  for (auto const* role : {"admin", "auditor", "verifier"}) {
    for (auto const& page :
         api("admin").pages("/v1/admin/accounts?role=" + std::string{role}, 100)) {
      for (auto const& row : page.json()["data"].items()) add("account", row["id"].text(), {});
    }
  }
  for (auto const* label : {"g1", "g2", "b1", "b2", "b3"}) {
    add("account", person(label).account, own(label));
  }
}

std::uint16_t World::port() const {
  return static_cast<std::uint16_t>(std::stoi(base_url_.substr(base_url_.rfind(':') + 1)));
}

Person& World::join(std::string label, char role, std::string account, std::string key, Key can) {
  if (can == Key::works) apis_.emplace(label, cli::Api({base_url_, ca_file_, key}));
  people_.push_back({std::move(label), role, std::move(account), std::move(key), can});
  return people_.back();
}

Person const& World::person(std::string_view label) const {
  auto const found = std::ranges::find(people_, label, &Person::label);
  if (found == people_.end()) throw std::runtime_error("nobody is called " + std::string{label});
  return *found;
}

cli::Api& World::api(std::string_view label) { return apis_.find(label)->second; }

std::set<std::string> World::own(std::string_view label) const { return {person(label).account}; }

void World::add(std::string kind, std::string id, std::set<std::string> owners,
                std::string parent) {
  objects_.push_back({std::move(kind), std::move(id), std::move(owners), std::move(parent)});
}

std::vector<Object const*> World::of_kind(std::string_view kind) const {
  std::vector<Object const*> found;
  for (auto const& object : objects_) {
    if (object.kind == kind) found.push_back(&object);
  }
  return found;
}

Listed const& World::operation(std::string_view id) const {
  auto const found = std::ranges::find(operations_, id, &Listed::operation);
  if (found == operations_.end()) throw std::runtime_error("no operation " + std::string{id});
  return *found;
}

std::string World::prefix(std::string_view kind) {
  return std::string{crypto::id_prefix(kind_of(kind))};
}

std::vector<std::string> World::unknown(std::string_view kind) const {
  auto const number = kind_of(kind);
  // The market of a thing of this kind that exists: the answer must not tell it from another one.
  MarketNo market = 0;
  auto const known = of_kind(kind);
  if (!known.empty()) {
    if (auto const raw = ids_->open_any(known.front()->id)) market = raw->market;
  }
  auto const sealed = ids_->seal(number, market, kNeverGiven);
  auto forged = sealed;
  forged.back() = forged.back() == 'A' ? 'B' : 'A';
  auto const other = ids_->seal(number == IdKind::lead ? IdKind::batch : IdKind::lead, market, 1);
  return {sealed, forged, ids_->seal(number, kNoMarket, 1),
          prefix(kind) + other.substr(other.find('_') + 1)};
}

bool World::may(Person const& person, Rule const& rule, Object const& object) {
  if (rule.roles == "*") return true;
  if (!rule.allows(person.role)) return false;
  bool const read = rule.operation.starts_with("get_") || rule.operation.starts_with("list_") ||
                    rule.operation.starts_with("stream_") || rule.operation == "explain_campaign";
  if (person.can == Key::suspended || person.can == Key::none) return false;
  if (person.can == Key::test && !(rule.test_keys && read)) return false;
  // Keys for markets:read alone; the check of a lot needs no more.
  if (person.can == Key::narrow && rule.operation != "get_spot_check") return false;
  return person.staff() || object.owners.contains(person.account);
}

std::string World::post_as(std::string_view label, std::string const& operation,
                           std::string const& target, std::string const& body,
                           std::string const& content_type) {
  auto const& by = person(label);
  auto const key = crypto::hex_encode(crypto::random_bytes(16));
  http::Headers headers{{"Idempotency-Key", key}, {"Content-Type", content_type}};
  auto const reveals = operation == "claim_spot_check";
  auto reply = wire_->send({operation, by.label, by.key, "POST", target, body, headers, reveals});
  if (!reply.ok()) {
    throw std::runtime_error(
        fmt::format("{} {}: {} {}", by.label, target, reply.status, reply.body));
  }
  posted_.push_back({&by, operation, target, body, content_type, key, reply.body});
  return std::move(reply.body);
}

std::string World::lead(std::string_view label, std::string_view market, std::string_view state) {
  auto const n = ++leads_;
  auto const now = now_text();
  auto const body = fmt::format(
      R"({{"market":"{}","external_id":"{}","contact":{{"first_name":"Kim","last_name":"Roe",)"
      R"("email":"{}{}@example.com","phone":"+1212{:07}"}},"attributes":{{"state":"{}","age":40}},)"
      R"("consent":{{"at":"{}","text":"Call me."}},"source":{{"vehicle":"web_form","reason":"quote"}},)"
      R"("captured_at":"{}"}})",
      market, n, kContactMark, n, 2'500'000 + n, state, now, now);
  auto const answer = json::parse(post_as(label, "post_lead", "/v1/leads", body));
  auto const id = cli::JsonView{*answer}["lead_id"].text();
  generator_of_[id] = person(label).account;
  return id;
}

}  // namespace leadex::e2e
