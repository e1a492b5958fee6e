#include "tests/e2e/marker/persons.hpp"

#include <fmt/format.h>

#include "tests/e2e/lib/now_text.hpp"
#include "tests/e2e/marker/marks.hpp"
#include "tests/e2e/marker/stage.hpp"

namespace leadex::e2e {

namespace {

constexpr std::string_view kHeader =
    "external_id,first_name,last_name,email,phone,address,city,region,postal_code,contact_country,"
    "date_of_birth,captured_at,ip_address,user_agent,landing_page_url,consent_at,consent_text,"
    "trustedform_cert_url,jornaya_leadid,vehicle,source_reason,utm_source,utm_medium,utm_campaign,"
    "sub1,sub2,sub3,sub4,sub5,state,age\n";

/// What can be wrong with a person, each field once; empty: as it should be.
struct Faults {
  std::string email;
  std::string phone;
  std::string postal_code;
  std::string date_of_birth;
  std::string ip_address;
  std::string landing_page_url;
  std::string state;
  std::string consent_at;
  std::string extra;  ///< further members of the contact, with their comma
};

std::string or_else(std::string const& wrong, std::string right) {
  return wrong.empty() ? std::move(right) : wrong;
}

std::string email(int n) { return fmt::format("{}.{}@example.com", kCore, n); }
std::string page() { return fmt::format("https://example.com/quote?name={}", kCore); }

/// The document without its market. Tags of a source are told in the open, so nobody stands there.
std::string document(int n, std::string_view state, Faults const& faults) {
  auto const now = now_text();
  return fmt::format(
      R"("external_id":"ext-{0}","contact":{{"first_name":"{1} Ann","last_name":"Mac{1}","email":"{2}",)"
      R"("phone":"{3}","address":"12 {1} Street","city":"{1}ville","region":"NY","postal_code":"{4}",)"
      R"("country":"US","date_of_birth":"{5}"{6}}},"attributes":{{"state":"{7}","age":40}},)"
      R"("consent":{{"at":"{8}","text":"I, {1}, agree to be called.","trustedform_cert_url":)"
      R"("https://cert.trustedform.com/{1}","jornaya_leadid":"{1}-0001"}},"source":{{"vehicle":"web_form",)"
      R"("reason":"quote","utm_source":"news","utm_medium":"mail","utm_campaign":"spring","sub1":"one","sub2":"two",)"
      R"("sub3":"three","sub4":"four","sub5":"five"}},"captured_at":"{9}","ip_address":"{10}",)"
      R"("user_agent":"{1}/5.0 X11","landing_page_url":"{11}")",
      n, kCore, or_else(faults.email, email(n)), or_else(faults.phone, phone(n)),
      or_else(faults.postal_code, std::string{kPostalCode}),
      or_else(faults.date_of_birth, std::string{kDateOfBirth}), faults.extra,
      or_else(faults.state, std::string{state}), or_else(faults.consent_at, now), now,
      or_else(faults.ip_address, std::string{kAddressOfHost}),
      or_else(faults.landing_page_url, page()));
}

/// One of each fault that names a value, or could.
std::vector<Faults> all_faults() {
  std::string const core{kCore};
  std::vector<Faults> all(10);
  all[0].email = core + " at example";
  all[1].phone = "+1" + std::string{kPhoneDigits} + "0000" + core;
  all[2].postal_code = std::string{kPostalCode} + core;
  all[3].date_of_birth = std::string{kDateOfBirth} + 'x';
  all[4].ip_address = std::string{kAddressOfHost} + ".1";
  all[5].landing_page_url = core + " page";
  all[6].state = core;
  all[7].consent_at = core;
  all[8].extra = fmt::format(R"(,"{0}":"{0}")", core);
  all[9].email = core + "@mailinator.com";
  return all;
}

std::string row(int n, std::string_view state, Faults const& faults) {
  auto const now = now_text();
  return fmt::format(
      "ext-{0},{1} Ann,Mac{1},{2},{3},12 {1} Street,{1}ville,NY,{4},US,{5},{6},{7},{1}/5.0 "
      "(X11),{8},"
      "{9},\"I, {1}, "
      "agree\",https://cert.trustedform.com/{1},{1}-0001,web_form,quote,news,mail,spring,"
      "one,two,three,four,five,{10},40\n",
      n, kCore, or_else(faults.email, email(n)), or_else(faults.phone, phone(n)),
      or_else(faults.postal_code, std::string{kPostalCode}),
      or_else(faults.date_of_birth, std::string{kDateOfBirth}), now,
      or_else(faults.ip_address, std::string{kAddressOfHost}),
      or_else(faults.landing_page_url, page()), or_else(faults.consent_at, now),
      or_else(faults.state, std::string{state}));
}

}  // namespace

std::string marked_market(std::string_view id, int return_window_s) {
  return fmt::format(
      R"({{"id":"{}","name":"Marked","currency":"USD","country":"US","attributes":{{"type":"object",)"
      R"("properties":{{"state":{{"type":"string","enum":["CA","NY","WA"]}},"age":{{"type":"integer",)"
      R"("minimum":16,"maximum":110}}}},"required":["state","age"]}},"auction":{{"max_shares":4,)"
      R"("reserve":{{"amount":"1.00","currency":"USD"}}}},"listing":{{"ask":{{"amount":"6.00","currency":"USD"}}}},)"
      R"("commission":{{"rate_bp":1500}},"spot_check":{{"method":"fixed","acceptable_rate_bp":100,)"
      R"("rejectable_rate_bp":5000,"seller_risk_bp":500,"buyer_risk_bp":1000,"unreachable_max_bp":7000}},)"
      R"("return_ceiling_bp":10000,"return_window_s":{},"holdback_bp":0}})",
      id, return_window_s);
}

std::string marked_lead(int n, std::string_view state, std::string_view market) {
  return fmt::format(R"({{"market":"{}",{}}})", market, document(n, state, {}));
}

std::vector<std::string> wrong_leads(int n) {
  std::vector<std::string> wrong;
  for (auto const& faults : all_faults()) {
    wrong.push_back(
        fmt::format(R"({{"market":"{}",{}}})", kMarkedMarket, document(n, "WA", faults)));
  }
  auto const good = marked_lead(n, "WA", kMarkedMarket);
  wrong.push_back(good.substr(0, good.size() / 2));
  wrong.push_back(good + std::string{kCore});
  wrong.push_back(fmt::format(R"(["{}"])", kCore));
  wrong.push_back(
      fmt::format(R"({{"market":"{0}","{1}":1,"contact":"{1}"}})", kMarkedMarket, kCore));
  wrong.push_back(fmt::format(
      R"({{"market":"{0}","contact":{{"email":["{1}"]}},"attributes":{{"{1}":"{1}"}}}})",
      kMarkedMarket, kCore));
  wrong.push_back(fmt::format(R"({{"market":"{}","contact":{{}}}})", kCore));
  wrong.push_back(
      fmt::format(R"({{"market":"{0}","contact":{{"first_name":"{1}","first_name":"{1}"}}}})",
                  kMarkedMarket, kCore));
  return wrong;
}

std::string marked_csv(int first, int count) {
  std::string csv{kHeader};
  for (int i = 0; i < count; ++i) csv += row(first + i, "WA", {});
  csv += row(first, "WA", {});  // a duplicate
  for (auto const& faults : all_faults()) csv += row(first, "WA", faults);
  csv += fmt::format("{0},{0},{0}\n", kCore);       // too few fields
  csv += fmt::format("\"{0}\"{0},\"{0}\n", kCore);  // quotes in the wrong places, to the end
  return csv;
}

std::string marked_ndjson(int first, int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += '{' + document(first + i, "WA", {}) + "}\n";
  lines += '{' + document(first, "WA", {}) + "}\n";
  for (auto const& faults : all_faults()) lines += '{' + document(first, "WA", faults) + "}\n";
  lines += fmt::format("{{\"{0}\":\"{0}\"}}\n", kCore);
  lines += fmt::format("[\"{0}\"]\n{{\"first_name\":\"{0}\n{0}\n", kCore);
  lines += fmt::format("{{\"contact\":{{\"email\":{{\"{0}\":\"{0}\"}}}}}}\n", kCore);
  return lines;
}

std::vector<File> wrong_files(int n) {
  std::string const csv{kHeader};
  std::string const core{kCore};
  return {{"text/csv", core + ",email\n" + core + ",x\n"},
          {"text/csv", row(n, "WA", {})},  // no header: the first person stands there
          {"text/csv", csv.substr(0, csv.size() - 1) + "," + core + "\n" + row(n, "WA", {})},
          {"text/csv", csv + '"' + core},
          {"application/x-ndjson", core},
          {"application/x-ndjson", row(n, "WA", {})},
          {"application/json", marked_lead(n, "WA", kMarkedMarket)},
          {core, csv + row(n, "WA", {})}};
}

}  // namespace leadex::e2e
