#include "tests/e2e/marker/stage.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "server/crypto/bytes.hpp"
#include "server/crypto/random.hpp"
#include "tests/e2e/marker/marks.hpp"
#include "tests/e2e/marker/persons.hpp"

namespace leadex::e2e {

namespace {

constexpr int kPatienceS = 60;

std::string var_folder() {
  char const* const var = std::getenv("LEADEX_VAR");  // NOLINT(concurrency-mt-unsafe)
  if (var == nullptr) throw std::runtime_error("LEADEX_VAR is not set: run with_exchange.sh");
  return var;
}

cli::Credentials credentials() {
  auto known = cli::read_credentials(var_folder() + "/dev/credentials.json");
  if (!known) throw std::runtime_error("no credentials.json");
  return std::move(*known);
}

std::string key_of(cli::Credentials const& keys, std::string_view who) {
  if (who == "admin") return keys.admin_key;
  if (who == "admin2") return keys.admin2_key;
  if (who == "auditor") return keys.auditor_key;
  if (who == "verifier") return keys.verifier_key;
  if (who == "generator") return keys.generators.at(0).key;
  if (who == "buyer") return keys.buyers.at(0).key;
  if (who == "hooked") return keys.buyers.at(1).key;  // the buyer with the endpoint
  throw std::runtime_error("nobody is called " + std::string{who});
}

std::string campaign(std::string_view state, std::string const& endpoint,
                     std::string_view market = kMarkedMarket) {
  return fmt::format(
      R"({{"name":"Marked","market":"{}","pricing":{{"model":"cpl","bid":{{"amount":"8.00","currency":"USD"}}}},)"
      R"("targeting":{{"attribute":"state","in":["{}"]}},"exclusivity":"shared"{}}})",
      market, state,
      endpoint.empty() ? "" : fmt::format(R"(,"webhook_endpoint_id":"{}")", endpoint));
}

}  // namespace

Receiver::Receiver(http::TlsFiles tls) {
  router_.add("POST", "/hook", "hook", [this](http::Request& request) { return take(request); });
  http::ServerOptions options;
  options.tls = std::move(tls);
  options.drain_timeout = std::chrono::milliseconds(300);
  server_ = std::make_unique<http::Server>(options, router_, nullptr);
  server_->start();
}

Receiver::~Receiver() { server_->stop(); }

std::string Receiver::url() const {
  return fmt::format("https://127.0.0.1:{}/hook", server_->port());
}

std::vector<std::string> Receiver::bodies() const {
  std::lock_guard const lock(guard_);
  return bodies_;
}

http::asio::awaitable<http::Response> Receiver::take(http::Request& request) {
  auto const body = co_await http::read_whole(*request.body, 64 * 1024);
  if (!body) co_return http::make_response(400, "text/plain", "");
  std::lock_guard const lock(guard_);
  bodies_.push_back(*body);
  co_return http::make_response(200, "text/plain", "");
}

Stage::Stage()
    : keys_(credentials()),
      ca_file_(var_folder() + '/' + keys_.ca_file),
      receiver_(std::make_unique<Receiver>(
          http::TlsFiles{var_folder() + "/tls/server.crt", var_folder() + "/tls/server.key"})),
      client_({.base_url = keys_.base_url, .ca_file = ca_file_}) {}

Stage::Sent Stage::send(std::string_view who, std::string_view method, std::string const& target,
                        std::string const& body, std::string const& type) {
  auto const key = who == "banked" ? banked_key_ : key_of(keys_, who);
  http::Headers headers{{"Authorization", "Bearer " + key},
                        {"User-Agent", fmt::format("{} browser", kCore)}};
  if (!body.empty()) headers.add("Content-Type", type);
  if (target.ends_with("/rejects")) headers.add("Accept", "text/csv");
  if (method == "POST") {
    headers.add("Idempotency-Key", crypto::hex_encode(crypto::random_bytes(16)));
  }
  auto answer = client_.call(method, target, headers, body, http::OnClosed::resend);
  if (!answer) {
    throw std::runtime_error(fmt::format("{} {}: {}", method, target.substr(0, target.find('?')),
                                         http::to_string(answer.error())));
  }
  ++sent_;
  static auto const kForms = all_forms();
  auto whole = answer->body;
  for (auto const& [name, value] : answer->headers) whole += '\n' + value;
  // Who sends a field that there is not is told its name, as a pointer; nothing keeps it.
  bool const own_name = answer->status == 422 && whole.find("\"unknown_") != std::string::npos;
  for (auto const& what : own_name ? std::vector<std::string>{} : found_in(whole, kForms)) {
    slips_.push_back(fmt::format("{} {} by {}: {}: {} in {}", method, target, who, answer->status,
                                 what, answer->body));
  }
  return {answer->status, std::move(answer->body)};
}

std::string Stage::told(std::string_view who, std::string_view method, std::string const& target,
                        std::string const& body) {
  auto const before = slips_.size();
  auto sent = send(who, method, target, body);
  if (slips_.size() > before) ++revealed_;
  slips_.resize(before);
  if (sent.status >= 300) {
    throw std::runtime_error(fmt::format("{} {}: {} {}", method, target, sent.status, sent.body));
  }
  return std::move(sent.body);
}

std::string Stage::id_of(std::string const& body, std::string_view name) const {
  auto const document = json::parse(body, {.bytes = body.size()});
  if (!document) throw std::runtime_error("an answer is no JSON");
  return cli::JsonView{*document}[name].text();
}

void Stage::open_market_and_endpoint() {
  told("admin", "POST", "/v1/admin/markets", marked_market(kMarkedMarket, 604'800));
  told("admin", "POST", "/v1/admin/markets", marked_market(kMarkedFastMarket, 0));
  // Bank details are sealed too, so their owner's name is marked.
  auto const banked =
      id_of(told("admin", "POST", "/v1/admin/accounts",
                 fmt::format(R"({{"role":"generator","name":"With a bank","country":"US","bank":)"
                             R"({{"iban":"{1}","bic":"COBADEFFXXX","name":"{0} Bank",)"
                             R"("town":"{0} Town"}}}})",
                             kCore, kIban)));
  banked_key_ = id_of(told("admin", "POST", "/v1/admin/accounts/" + banked + "/api-keys"), "key");
  auto const endpoint = id_of(told(
      "hooked", "POST", "/v1/webhook-endpoints",
      fmt::format(
          R"({{"url":"{}","events":["sale.created","sale.delivered"],"deliver_contact":true}})",
          receiver_->url())));
  auto const fund = R"({"amount":{"amount":"400.00","currency":"USD"}})";
  auto const own = id_of(told("buyer", "POST", "/v1/campaigns", campaign("CA", {})));
  told("buyer", "POST", "/v1/campaigns/" + own + "/fund", fund);
  auto const hooked = id_of(told("hooked", "POST", "/v1/campaigns", campaign("NY", endpoint)));
  told("hooked", "POST", "/v1/campaigns/" + hooked + "/fund", fund);
}

/// The bank's file holds the details; nothing else does.
void Stage::pay_out() {
  auto const own =
      id_of(told("buyer", "POST", "/v1/campaigns", campaign("CA", {}, kMarkedFastMarket)));
  told("buyer", "POST", "/v1/campaigns/" + own + "/fund",
       R"({"amount":{"amount":"40.00","currency":"USD"}})");
  auto const lead =
      send("banked", "POST", "/v1/leads", marked_lead(++persons_, "CA", kMarkedFastMarket));
  if (id_of(lead.body, "outcome") != "sold") throw std::runtime_error("not sold: " + lead.body);
  Sent run;
  for (int waited = 0; run.status != 201; ++waited) {
    if (waited > kPatienceS * 5) throw std::runtime_error("nothing to pay out in time");
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
    send("admin", "POST", "/v1/admin/jobs/settlement/run");
    run = send("admin", "POST", "/v1/admin/payout-runs", R"({"currency":"USD"})");
  }
  auto const place = "/v1/admin/payout-runs/" + id_of(run.body);
  told("admin2", "POST", place + "/approve");
  auto const before = revealed_;
  told("admin2", "POST", place + "/export?format=csv");
  if (revealed_ == before) throw std::runtime_error("the bank's file does not name the owner");
  told("admin2", "POST", place + "/paid");
  send("banked", "GET", "/v1/payouts");
}

void Stage::post_leads() {
  for (auto const* state : {"CA", "CA", "CA", "NY", "NY", "WA", "WA"}) {
    auto const sent =
        send("generator", "POST", "/v1/leads", marked_lead(++persons_, state, kMarkedMarket));
    if (sent.status != 201) throw std::runtime_error("a lead was refused: " + sent.body);
  }
  // The same person again, and persons whose every field is wrong.
  send("generator", "POST", "/v1/leads", marked_lead(persons_, "WA", kMarkedMarket));
  for (auto const& wrong : wrong_leads(++persons_)) send("generator", "POST", "/v1/leads", wrong);
}

void Stage::upload_good_and_bad() {
  auto const market = "market=" + std::string{kMarkedMarket};
  auto const csv = marked_csv(persons_ + 1, 8);
  persons_ += 8;
  batch_ = id_of(send("generator", "POST", "/v1/batches?" + market, csv, "text/csv").body);
  auto const lines = marked_ndjson(persons_ + 1, 8);
  persons_ += 8;
  auto const second =
      id_of(send("generator", "POST", "/v1/batches?" + market, lines, "application/x-ndjson").body);
  send("generator", "POST", "/v1/batches?dry_run=true&" + market, csv, "text/csv");
  send("generator", "POST", "/v1/batches?dry_run=true&" + market, lines, "application/x-ndjson");
  for (auto const& wrong : wrong_files(++persons_)) {
    send("generator", "POST", "/v1/batches?" + market, wrong.bytes, wrong.type);
    send("generator", "POST", "/v1/batches?dry_run=true&" + market, wrong.bytes, wrong.type);
  }
  for (auto const& batch : {batch_, second}) {
    for (auto const* who : {"generator", "admin", "auditor"}) {
      for (auto const* what :
           {"", "/rows?limit=500", "/rejects?limit=500", "/rejects", "/spot-check"}) {
        send(who, "GET", "/v1/batches/" + batch + what);
      }
    }
  }
}

/// Persons where none belong: in paths, queries, headers' places, names of fields.
void Stage::send_nonsense() {
  auto const text = fmt::format("{}%40example.com", kCore);
  for (auto const* who : {"generator", "buyer", "admin"}) {
    for (auto const* path :
         {"/v1/leads/", "/v1/sales/", "/v1/nothing/", "/v1/markets/", "/v1/batches/"}) {
      send(who, "GET", path + text);
    }
    for (auto const* list : {"/v1/sales?lead_id=", "/v1/listings?market=marked.us.usd&email=",
                             "/v1/batches?created_at[gte]=", "/v1/ledger/transfers?account=",
                             "/v1/sales?market=", "/v1/sales?cursor="}) {
      send(who, "GET", list + text);
    }
  }
  send("buyer", "POST", "/v1/campaigns", fmt::format(R"({{"{0}":"{0}"}})", kCore));
  send("buyer", "POST", "/v1/purchases", fmt::format(R"({{"market":"{0}" {0})", kCore));
  send("generator", "PUT", "/v1/leads", marked_lead(persons_, "CA", kMarkedMarket));
  send("generator", "POST", "/v1/leads", marked_lead(persons_, "CA", kMarkedMarket),
       std::string{kCore});
}

void Stage::judge(std::string const& batch) {
  auto const open = json::parse(
      send("verifier", "GET", "/v1/admin/spot-checks?status=open&batch_id=" + batch).body);
  for (auto const& check : cli::JsonView{*open}["data"].items()) {
    auto const place = "/v1/admin/spot-checks/" + check["check_id"].text();
    told("verifier", "POST", place + "/claim");
    send("verifier", "POST", place + "/verdict",
         fmt::format(R"({{"verdict":"good","reason":"confirmed","note":"{} answered."}})", kCore));
  }
  for (int waited = 0;
       id_of(send("admin", "GET", "/v1/batches/" + batch).body, "status") != "listed"; ++waited) {
    if (waited > kPatienceS * 5) throw std::runtime_error("the lot was not listed in time");
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
  }
}

void Stage::read_contacts() {
  for (auto const* who : {"buyer", "hooked"}) {
    auto const sales = json::parse(send(who, "GET", "/v1/sales?limit=500").body);
    for (auto const& sale : cli::JsonView{*sales}["data"].items()) {
      auto const place = "/v1/sales/" + sale["id"].text() + "/contact";
      told(who, "GET", place);
      told("admin", "GET", place + "?reason=" + std::string{kCore} + "%20complained");
    }
  }
}

void Stage::first_act() {
  open_market_and_endpoint();
  post_leads();
  upload_good_and_bad();
  send_nonsense();
  judge(batch_);
  told("buyer", "POST", "/v1/purchases",
       fmt::format(R"({{"market":"{}","filter":{{"attribute":"state","in":["WA"]}},"quantity":3,)"
                   R"("limit_price":{{"amount":"6.00","currency":"USD"}}}})",
                   kMarkedMarket));
  for (int waited = 0; receiver_->bodies().empty(); ++waited) {
    if (waited > kPatienceS * 5) throw std::runtime_error("no webhook arrived in time");
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
  }
  read_contacts();
}

void Stage::second_act() {
  for (auto const* state : {"CA", "NY"}) {
    send("generator", "POST", "/v1/leads", marked_lead(++persons_, state, kMarkedMarket));
  }
  auto const sales = json::parse(send("buyer", "GET", "/v1/sales?limit=500").body);
  auto const rows = cli::JsonView{*sales}["data"].items();
  auto const note =
      fmt::format(R"({{"reason":"wrong_number","note":"{} never asked, {}."}})", kCore, phone(1));
  for (std::size_t i = 0; i < 2; ++i) {
    auto const opened =
        told("buyer", "POST", "/v1/sales/" + rows.at(i)["id"].text() + "/returns", note);
    auto const disputed = told("generator", "POST", "/v1/returns/" + id_of(opened) + "/contest",
                               fmt::format(R"({{"note":"{} did ask."}})", kCore));
    if (i > 0) continue;
    told("admin", "POST", "/v1/admin/disputes/" + id_of(disputed) + "/decide",
         fmt::format(R"({{"decision":"deny","reason":"{} confirmed."}})", kCore));
  }
  read_contacts();
  pay_out();
  for (auto const* target : {"/v1/events", "/v1/ledger/transfers", "/v1/sales", "/v1/earnings"}) {
    for (auto const* who : {"generator", "auditor"}) send(who, "GET", target);
  }
  for (auto const* target :
       {"/v1/admin/audit-log?limit=500", "/v1/admin/accounts", "/v1/admin/approvals",
        "/v1/admin/spot-checks?limit=500", "/v1/admin/audit-log?limit=500&market=marked.us.usd"}) {
    send("auditor", "GET", target);
  }
}

}  // namespace leadex::e2e
