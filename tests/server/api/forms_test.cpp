// Hosted forms through the API and through their own pages: what is shown, what becomes a lead,
// what is kept as proof, and what is refused.

#include <regex>

#include "server/api/v1/form_services.hpp"
#include "server/api/v1/form_token.hpp"
#include "server/storage/postgres/do_not_call.hpp"
#include "tests/server/api/trade_harness.hpp"

namespace leadex::api {
namespace {

constexpr std::string_view kForm = "application/x-www-form-urlencoded";

class Forms : public TradeHarness {
 protected:
  Forms() { register_form_pages(pages_, context_, forms_); }
  void SetUp() override {
    TradeHarness::SetUp();
    deposit(buyer_, "100.00");
    campaign(buyer_, "5.00", "50.00");
  }

  static std::string definition(std::string const& more = {},
                                std::string const& consent = "I agree to be called.") {
    return R"({"title":"Quote","consent":")" + consent + R"(","reason":"quote","fields":[)" +
           R"({"name":"contact.first_name","label":"First name","required":true},)" +
           R"({"name":"contact.last_name","label":"Last name","required":true},)" +
           R"({"name":"contact.email","label":"E-mail","required":true},)" +
           R"({"name":"contact.phone","label":"Phone"},{"name":"attributes.age","label":"Age"},)" +
           R"({"name":"attributes.state","label":"State","required":true,"choices":[)" +
           R"({"value":"CA","label":"California"},{"value":"TX","label":"Texas"}]}])" + more + '}';
  }
  static std::string body_of(std::string const& definition) {
    return R"({"market":")" + std::string{kMarket} + R"(","definition":)" + definition + '}';
  }
  std::string form(std::string const& more = {}) {
    auto const made = post("/v1/forms", generator_.key, body_of(definition(more)));
    EXPECT_EQ(made.status, 201) << made.body;
    return made.text("id");
  }

  /// What the host of the pages answers.
  http::Response page(std::string const& method, std::string const& target,
                      std::string const& body = {}, std::string_view type = kForm) {
    auto const split = http::split_target(target);
    http::MemoryBody bytes(body);
    http::Request request;
    request.method = method;
    request.target = target;
    request.path = split->path;
    request.segments = split->segments;
    request.query = split->query;
    request.headers.add("user-agent", "Browser 1");
    if (method == "POST") request.headers.add("content-type", std::string{type});
    request.peer_address = "192.0.2.7";
    request.request_id = "req_test";
    request.received_at = std::chrono::steady_clock::now();
    request.body = &bytes;
    return await(pages_.answer(request));
  }
  http::Response shown(std::string const& id, std::string const& query = {}) {
    auto got = page("GET", "/f/" + id + query);
    EXPECT_EQ(got.status, 200) << got.body;
    return got;
  }
  static std::string token_in(std::string const& html) {
    std::smatch found;
    std::regex const token(R"re(name="token" value="([A-Za-z0-9_-]+)")re");
    return std::regex_search(html, found, token) ? found[1].str() : "";
  }
  static std::string typed(std::string const& token, std::string const& person,
                           std::string const& more = "&attributes.state=CA&consent=yes") {
    return "token=" + token +
           "&contact.first_name=Ann&contact.last_name=Lee&contact.email=" + person +
           "%40example.org" + more;
  }
  http::Response sent(std::string const& id, std::string const& person) {
    return page("POST", "/f/" + id, typed(token_in(shown(id).body), person));
  }
  Reply funnel(std::string const& id, std::string const& query = {}) {
    auto got = get("/v1/forms/" + id + "/funnel" + query, generator_.key);
    EXPECT_EQ(got.status, query.empty() ? 200 : got.status) << got.body;
    return got;
  }
  std::string leads() { return sql("select count(*)::text from leadex.lead"); }
  std::string sales() { return sql("select count(*)::text from leadex.sale"); }
  storage::FormId raw(std::string const& id) {
    auto const open = ids_.open(id, crypto::IdKind::form);
    return {open->market, open->no};
  }
  /// The consent of the newest sale as its buyer gets it.
  std::string consent(std::string_view name) {
    auto const got = get("/v1/sales/" + newest_sale(buyer_) + "/contact?reason=test", buyer_.key);
    EXPECT_EQ(got.status, 200) << got.body;
    auto const* const whole = got.find("consent");
    if (whole == nullptr) return "no consent";
    auto const* const form = json::find_member(*whole, "form");
    auto const* const value =
        json::find_member(form != nullptr && name != "text" ? *form : *whole, name);
    return value == nullptr ? "" : json::to_text(*value);
  }
  std::string confirmation(std::string const& id, std::string const& page_token) {
    auto const open = open_page(ring_, raw(id), page_token);
    return seal_confirm(ring_, {raw(id).market, raw(id).no, open->nonce,
                                to_unix_micros(context_.now()) + 60'000'000});
  }

  std::string const nobody = "form_0123456789ABCDEFGHJKMNPQRS";
  http::Router pages_;
};

TEST_F(Forms, WhatIsSentInBecomesALeadThatIsSold) {
  auto const id = form(R"(,"sites":["https://shop.example.com"])");
  auto const got = shown(id, "?utm_source=news&sub1=x&junk=1");
  EXPECT_EQ(got.headers.find("Content-Type"), "text/html; charset=utf-8");
  auto const policy = std::string{got.headers.find("Content-Security-Policy").value_or("")};
  EXPECT_TRUE(policy.starts_with("default-src 'none'")) << policy;
  EXPECT_TRUE(policy.ends_with("frame-ancestors https://shop.example.com")) << policy;
  EXPECT_FALSE(got.headers.contains("Set-Cookie"));
  EXPECT_EQ(got.headers.find("Cache-Control"), "no-store");
  EXPECT_EQ(got.headers.find("Referrer-Policy"), "no-referrer");
  EXPECT_EQ(got.body.find("<script"), std::string::npos);

  auto const done =
      page("POST", "/f/" + id,
           typed(token_in(got.body), "ann",
                 "&contact.phone=&attributes.age=30&attributes.state=CA&consent=yes"));
  EXPECT_EQ(done.status, 200) << done.body;
  EXPECT_NE(done.body.find("Thank you."), std::string::npos);
  auto const sale = get("/v1/sales", generator_.key);
  ASSERT_EQ(sale.data().Size(), 1U) << sale.body;
  EXPECT_EQ(amount(sale.data()[0], "gross"), "5.00");
  EXPECT_EQ(consent("text"), R"("I agree to be called.")");
  EXPECT_EQ(consent("version"), "1");
  EXPECT_GE(std::stoll(consent("form_ms")), 0);
  EXPECT_EQ(consent("definition_sha256").size(), 66U);
  EXPECT_EQ(consent("confirmed_at"), "") << "nobody was asked to";
  EXPECT_EQ(sql("select vehicle || reason from leadex.lead"), "0quote");

  auto const counted = funnel(id);
  for (auto const* step : {"visits", "submits", "leads", "sold"}) {
    EXPECT_EQ(counted.number(step), 1) << step;
  }
  EXPECT_EQ(counted.number("faults"), 0);
  EXPECT_EQ(counted.find("days")->Size(), 1U);
  EXPECT_EQ(funnel(id, "?from=2020-01-01&to=2020-02-01").number("visits"), 0);
  EXPECT_EQ(funnel(id, "?from=2020-02-01&to=2020-01-01").status, 422);
  EXPECT_EQ(funnel(id, "?from=2020-13-01").status, 422);
  expect_true_books();
}

TEST_F(Forms, AKnownPersonSeesWhatANewOneSees) {
  auto const id = form();
  auto const first = sent(id, "ann");
  auto const second = sent(id, "ann");
  EXPECT_EQ(first.status, second.status);
  EXPECT_EQ(first.body, second.body);
  EXPECT_EQ(leads(), "1");
  EXPECT_EQ(funnel(id).number("refused"), 1);
  EXPECT_EQ(funnel(id).number("leads"), 1);
}

class FormsAndLists : public Forms {
 protected:
  FormsAndLists() { services_.do_not_call = &lists_; }
  [[nodiscard]] std::string market_more() const override { return R"(,"do_not_call":"country")"; }

 private:
  storage::postgres::PostgresDoNotCall list_rows_{sql_};
  intake::DoNotCall lists_{list_rows_, ring_};
};

TEST_F(FormsAndLists, APhoneThatMayNotBeCalledIsNoLeadAndSeesWhatOthersSee) {
  auto const id = form();
  auto const free = sent(id, "ann");
  auto const phone = "&attributes.state=CA&consent=yes&contact.phone=%2B12125550142";
  auto const held = page("POST", "/f/" + id, typed(token_in(shown(id).body), "bob", phone));
  EXPECT_EQ(free.status, held.status);
  EXPECT_EQ(free.body, held.body);
  EXPECT_EQ(leads(), "1");
  EXPECT_EQ(funnel(id).number("refused"), 1) << "no list was ever brought";
}

TEST_F(Forms, APageIsSentOnce) {
  auto const id = form();
  auto const token = token_in(shown(id).body);
  auto const body = typed(token, "ann");
  auto const first = page("POST", "/f/" + id, body);
  EXPECT_EQ(first.status, 200) << first.body;
  auto const again = page("POST", "/f/" + id, body);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(leads(), "1");
  EXPECT_EQ(funnel(id).number("leads"), 1);
  EXPECT_EQ(funnel(id).number("refused"), 0) << "the same once more is nobody else";
  EXPECT_EQ(page("POST", "/f/" + id, typed(token, "bob")).status, 409);
  EXPECT_EQ(leads(), "1");
}

TEST_F(Forms, FaultsAreShownBesideTheirFieldsWithWhatWasTyped) {
  auto const id = form();
  auto const token = token_in(shown(id).body);
  auto const done = page("POST", "/f/" + id,
                         "token=" + token +
                             "&contact.first_name=Ann&contact.last_name=%3Cb%3E%22x&contact.email="
                             "ann%40&attributes.state=ZZ&contact.phone=12");
  EXPECT_EQ(done.status, 422);
  for (auto const* piece :
       {R"(id="contact.last_name-fault")", R"(id="contact.email-fault")",
        R"(id="contact.phone-fault")", R"(id="attributes.state-fault")", R"(id="consent-fault")",
        R"(value="&lt;b&gt;&quot;x")", R"(value="ann@")"}) {
    EXPECT_NE(done.body.find(piece), std::string::npos) << piece << '\n' << done.body;
  }
  EXPECT_EQ(done.body.find("<b>"), std::string::npos);
  EXPECT_EQ(leads(), "0");
  EXPECT_EQ(token_in(done.body), token) << "the time on the form goes on";
  EXPECT_EQ(page("POST", "/f/" + id, typed(token, "ann")).status, 200);
  EXPECT_EQ(leads(), "1");
  EXPECT_EQ(funnel(id).number("faults"), 1);
  EXPECT_EQ(funnel(id).number("submits"), 2);
}

TEST_F(Forms, WhatOurPageDoesNotSendIsRefused) {
  auto const id = form();
  auto const other = form();
  auto const token = token_in(shown(id).body);
  auto const good = typed(token, "ann");
  EXPECT_EQ(page("POST", "/f/" + id, good, "text/plain").status, 415);
  EXPECT_EQ(page("POST", "/f/" + id, R"({"token":"x"})", "application/json").status, 415);
  std::string many = good;
  for (int i = 0; i < 70; ++i) many += "&f" + std::to_string(i) + "=x";
  EXPECT_EQ(page("POST", "/f/" + id, many).status, 400);
  EXPECT_EQ(page("POST", "/f/" + id, good + "&contact.city=Bonn").status, 400) << "no such field";
  EXPECT_EQ(page("POST", "/f/" + id, good + "&consent=yes").status, 400) << "one twice";
  EXPECT_EQ(page("POST", "/f/" + id, good + "&%").status, 400);
  EXPECT_EQ(page("POST", "/f/" + id, good + std::string(70'000, 'x')).status, 413);
  auto forged = token;
  forged[forged.size() / 2] = forged[forged.size() / 2] == 'A' ? 'B' : 'A';
  EXPECT_EQ(page("POST", "/f/" + id, typed(forged, "ann")).status, 400);
  EXPECT_EQ(page("POST", "/f/" + id, typed("", "ann")).status, 400);
  EXPECT_EQ(page("POST", "/f/" + other, good).status, 400) << "another form's page";
  EXPECT_EQ(page("POST", "/f/" + id, typed(confirmation(id, token), "ann")).status, 400);
  EXPECT_EQ(page("GET", "/f/" + nobody).status, 404);
  EXPECT_EQ(page("POST", "/f/" + nobody, good).status, 404);
  EXPECT_EQ(leads(), "0");
  EXPECT_EQ(funnel(id).number("submits"), 0);
}

TEST_F(Forms, APageThatWasOpenForADayAsksAgain) {
  auto const id = form();
  PageToken old;
  old.market = raw(id).market;
  old.form_no = raw(id).no;
  old.version = 1;
  old.shown_us = to_unix_micros(context_.now() - std::chrono::hours{25});
  old.nonce = std::string(kPageNonceBytes, 'n');
  old.sources.resize(kFormSources);
  auto const done = page("POST", "/f/" + id, typed(seal_page(ring_, old), "ann"));
  EXPECT_EQ(done.status, 422);
  EXPECT_NE(done.body.find("open for too long"), std::string::npos);
  EXPECT_NE(done.body.find(R"(value="ann@example.org")"), std::string::npos);
  EXPECT_EQ(done.body.find(" checked"), std::string::npos);
  EXPECT_EQ(leads(), "0");
  EXPECT_EQ(page("POST", "/f/" + id, typed(token_in(done.body), "ann")).status, 200);
  EXPECT_EQ(leads(), "1");
}

TEST_F(Forms, AConsentIsKeptAsItWasShown) {
  auto const id = form();
  auto const token = token_in(shown(id).body);
  auto const changed = patch("/v1/forms/" + id, generator_.key,
                             R"({"definition":)" + definition({}, "Another text.") + '}');
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(changed.number("version"), 2);
  EXPECT_EQ(patch("/v1/forms/" + id, generator_.key,
                  R"({"definition":)" + definition({}, "Another text.") + '}')
                .number("version"),
            2)
      << "the same is no new version";
  EXPECT_EQ(page("POST", "/f/" + id, typed(token, "ann")).status, 200);
  EXPECT_EQ(consent("text"), R"("I agree to be called.")");
  EXPECT_EQ(consent("version"), "1");
  EXPECT_NE(shown(id).body.find("Another text."), std::string::npos);
  EXPECT_EQ(sent(id, "bob").status, 200);
  EXPECT_EQ(consent("text"), R"("Another text.")");
}

TEST_F(Forms, APausedFormTakesNothing) {
  auto const id = form();
  auto const token = token_in(shown(id).body);
  EXPECT_EQ(patch("/v1/forms/" + id, generator_.key, R"({"status":"paused"})").text("status"),
            "paused");
  EXPECT_EQ(page("GET", "/f/" + id).status, 410);
  EXPECT_EQ(page("POST", "/f/" + id, typed(token, "ann")).status, 410);
  EXPECT_EQ(leads(), "0");
  EXPECT_EQ(patch("/v1/forms/" + id, generator_.key, R"({"status":"active"})").status, 200);
  EXPECT_EQ(page("POST", "/f/" + id, typed(token, "ann")).status, 200);
}

TEST_F(Forms, AVisitorIsSentBackToTheSite) {
  auto const id = form(R"(,"sites":["https://shop.example.com"],)"
                       R"("redirect_url":"https://shop.example.com/thanks")");
  auto const done = sent(id, "ann");
  EXPECT_EQ(done.status, 303);
  EXPECT_EQ(done.headers.find("Location"), "https://shop.example.com/thanks");
}

TEST_F(Forms, OneAddressAsksOnlySoOften) {
  auto const id = form();
  // One minute, whatever the clock says meanwhile.
  context_.now = [at = context_.now()] { return at; };
  for (int i = 0; i < 60; ++i) (void)page("GET", "/f/" + id);
  EXPECT_EQ(page("GET", "/f/" + id).status, 429);
  EXPECT_EQ(funnel(id).number("visits"), 60);
}

TEST_F(Forms, NobodyIsALeadBeforeTheLinkIsConfirmed) {
  auto const id = form(R"(,"double_opt_in":true)");
  auto const token = token_in(shown(id).body);
  auto const first = page("POST", "/f/" + id, typed(token, "ann"));
  EXPECT_EQ(first.status, 200) << first.body;
  auto const second = sent(id, "ann");
  EXPECT_EQ(second.body, first.body) << "whether a mail goes out or not";
  EXPECT_EQ(sql("select count(*)::text from leadex.form_submission where mail = 1"), "1")
      << "one mail to an address a day";
  EXPECT_EQ(leads(), "0");
  EXPECT_EQ(sql("select count(*)::text from leadex.form_submission where position('ann'::bytea in "
                "sealed) > 0"),
            "0");

  auto const link = "/f/" + id + "/confirm?token=" + confirmation(id, token);
  auto const looked = page("GET", link);
  EXPECT_EQ(looked.status, 200);
  EXPECT_NE(looked.body.find("<button"), std::string::npos);
  EXPECT_EQ(leads(), "0") << "who only looks has confirmed nothing";
  auto const body = "token=" + token_in(looked.body);
  auto const done = page("POST", "/f/" + id + "/confirm", body);
  EXPECT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(sales(), "1");
  EXPECT_EQ(consent("confirmed_at").substr(0, 3), "\"20") << consent("confirmed_at");
  EXPECT_EQ(page("POST", "/f/" + id + "/confirm", body).body, done.body);
  EXPECT_EQ(leads(), "1");
  EXPECT_EQ(sql("select count(*)::text from leadex.form_submission where sealed is null"), "1");
  auto const counted = funnel(id);
  EXPECT_EQ(counted.number("waiting"), 2);
  EXPECT_EQ(counted.number("confirmed"), 1);
  EXPECT_EQ(counted.number("leads"), 1);

  EXPECT_EQ(page("GET", "/f/" + id + "/confirm?token=x").status, 410);
  EXPECT_EQ(page("POST", "/f/" + id + "/confirm", "token=" + token).status, 410);
  auto const stale = seal_confirm(ring_, {raw(id).market, raw(id).no, std::string(16, 'n'), 1});
  EXPECT_EQ(page("POST", "/f/" + id + "/confirm", "token=" + stale).status, 410);
  EXPECT_EQ(await(form_rows_.forget_before(context_.now() + std::chrono::hours{1})).value(), 2);
}

TEST_F(Forms, ADefinitionHasToFitItsMarket) {
  auto const refused = [&](std::string const& definition, std::string const& pointer) {
    auto const made = post("/v1/forms", generator_.key, body_of(definition));
    EXPECT_EQ(made.status, 422) << made.body;
    EXPECT_NE(made.body.find('"' + pointer + '"'), std::string::npos) << made.body;
  };
  auto const with = [&](std::string const& from, std::string const& to) {
    auto text = definition();
    return text.replace(text.find(from), from.size(), to);
  };
  refused(with("contact.phone", "contact.shoe_size"), "/definition/fields/3/name");
  refused(with("attributes.age", "attributes.height"), "/definition/fields/4/name");
  refused(with("contact.phone", "contact.email"), "/definition/fields/3/name");
  refused(with("\"value\":\"TX\"", "\"value\":\"ZZ\""), "/definition/fields/5/choices/1/value");
  refused(with("contact.first_name", "contact.city"), "/definition/fields");
  refused(definition(R"(,"sites":["http://shop.example.com"])"), "/definition/sites/0");
  refused(definition(R"(,"redirect_url":"https://shop.example.com/")"), "/definition/redirect_url");
  refused(definition(R"(,"unknown":1)"), "/definition/unknown");
  forms_.options.mails = false;
  refused(definition(R"(,"double_opt_in":true)"), "/definition/double_opt_in");
}

TEST_F(Forms, AreTheirGeneratorsAlone) {
  auto const id = form();
  auto const mine = get("/v1/forms", generator_.key);
  ASSERT_EQ(mine.data().Size(), 1U);
  EXPECT_EQ(field(mine.data()[0], "id"), id);
  EXPECT_EQ(field(mine.data()[0], "url"), "https://forms.example.org/f/" + id);
  EXPECT_EQ(get("/v1/forms/" + id, admin_).text("id"), id);
  auto const stranger = open_account("generator");
  EXPECT_EQ(get("/v1/forms", stranger.key).data().Size(), 0U);
  EXPECT_EQ(get("/v1/forms/" + id, stranger.key).status, 404);
  EXPECT_EQ(get("/v1/forms/" + id + "/funnel", stranger.key).status, 404);
  EXPECT_EQ(patch("/v1/forms/" + id, stranger.key, R"({"status":"paused"})").status, 404);
  EXPECT_EQ(get("/v1/forms", buyer_.key).status, 403);
}

}  // namespace
}  // namespace leadex::api
