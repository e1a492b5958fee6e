// The pages and bodies of hosted forms: whatever a definition or a visitor says stays text.

#include <gtest/gtest.h>

#include <algorithm>

#include "server/forms/form_body.hpp"
#include "server/forms/page.hpp"

namespace leadex::forms {
namespace {

constexpr std::string_view kHostile = R"("><script>alert('1')</script>&amp;<img src=x onerror=y>)";

std::size_t count_of(std::string_view text, std::string_view piece) {
  std::size_t n = 0;
  for (auto at = text.find(piece); at != std::string_view::npos; at = text.find(piece, at + 1)) ++n;
  return n;
}

std::string header(std::vector<std::pair<std::string, std::string>> const& headers,
                   std::string_view name) {
  auto const found = std::ranges::find(headers, name, &std::pair<std::string, std::string>::first);
  return found == headers.end() ? "" : found->second;
}

/// A definition in which every text is hostile.
Definition hostile() {
  std::string const bad{kHostile};
  Definition definition;
  definition.title = definition.intro = definition.language = definition.consent = bad;
  definition.fields = {{bad, bad, true, {}}, {"attributes.state", bad, true, {{bad, bad}}}};
  definition.texts.submit = definition.texts.confirm = definition.texts.confirm_button = bad;
  return definition;
}

TEST(FormPage, KeepsEveryTextFromBecomingMarkup) {
  std::string const bad{kHostile};
  Shown shown;
  shown.action = shown.token = shown.notice = bad;
  shown.values = {{bad, bad}, {"attributes.state", bad}};
  shown.faults = {{bad, bad}, {"attributes.state", bad}, {std::string{kConsentInput}, bad}};
  auto const plain = form_page({}, {});
  for (auto const& page : {form_page(hostile(), shown), confirm_page(hostile(), bad, bad),
                           message_page(bad, bad, bad)}) {
    EXPECT_EQ(page.find("<script"), std::string::npos);
    EXPECT_EQ(page.find("<img"), std::string::npos);
    EXPECT_EQ(page.find("alert('1')"), std::string::npos);
    EXPECT_NE(page.find("&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)"), std::string::npos);
    EXPECT_EQ(count_of(page, "<html"), 1U);
    EXPECT_EQ(count_of(page, "<form"), page.find("<button") == std::string::npos ? 0U : 1U);
  }
  EXPECT_EQ(count_of(plain, "<script"), 0U);
}

TEST(FormPage, ShowsWhatWasTypedWithItsFault) {
  Definition definition;
  definition.title = "Quote";
  definition.consent = "I agree to be called.";
  definition.fields = {
      {"contact.email", "E-mail", true, {}},
      {"attributes.state", "State", true, {{"CA", "California"}, {"TX", "Texas"}}}};
  Shown shown;
  shown.values = {{"contact.email", "ann@"}, {"attributes.state", "TX"}};
  shown.faults = {{"contact.email", "No address."}};
  auto const page = form_page(definition, shown);
  EXPECT_NE(
      page.find(R"(<input type="email" id="contact.email" name="contact.email" required )"
                R"(aria-invalid="true" aria-describedby="contact.email-fault" value="ann@">)"),
      std::string::npos)
      << page;
  EXPECT_NE(page.find(R"(id="contact.email-fault">No address.</span>)"), std::string::npos);
  EXPECT_NE(page.find(R"(<option value="TX" selected>Texas</option>)"), std::string::npos);
  EXPECT_NE(page.find(R"(class="consent">I agree to be called.</label>)"), std::string::npos);
  EXPECT_EQ(page.find(" checked"), std::string::npos) << "nobody agrees for somebody else";
}

TEST(FormPage, MayBeFramedByItsSitesAlone) {
  auto const none = header(page_headers({}), "Content-Security-Policy");
  EXPECT_TRUE(none.ends_with("; form-action 'self'; frame-ancestors 'none'")) << none;
  EXPECT_TRUE(none.starts_with("default-src 'none'; base-uri 'none'; style-src 'sha256-")) << none;
  auto const headers = page_headers(
      {"https://a.example.com", "https://b.example.com; script-src *", "https://c.example:8443"},
      "https://a.example.com/thanks?x=1");
  auto const some = header(headers, "Content-Security-Policy");
  EXPECT_TRUE(
      some.ends_with("; form-action 'self' https://a.example.com; frame-ancestors "
                     "https://a.example.com https://c.example:8443"))
      << some;
  EXPECT_EQ(some.find("script-src"), std::string::npos);
  EXPECT_EQ(header(headers, "Cache-Control"), "no-store");
  EXPECT_EQ(header(headers, "Referrer-Policy"), "no-referrer");
  EXPECT_EQ(header(headers, "X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(header(headers, "Set-Cookie"), "");
}

TEST(FormOrigin, IsSchemeHostAndPort) {
  for (auto const* good : {"https://a", "https://a.example.com", "https://a-b.example:8443"}) {
    EXPECT_TRUE(is_origin(good)) << good;
  }
  for (auto const* bad :
       {"", "https://", "http://a.example.com", "https://a.example.com/", "https://A.example.com",
        "https://a.example.com:", "https://a.example.com:123456", "https://u@a.example.com",
        "https://a.example.com *", "https://*.example.com", "https://.a", "https://a;b",
        "https://a\nb"}) {
    EXPECT_FALSE(is_origin(bad)) << bad;
  }
  EXPECT_EQ(origin_of("https://a.example.com?x"), "https://a.example.com");
  EXPECT_EQ(origin_of("https://a.example.com:8443/x"), "https://a.example.com:8443");
  EXPECT_EQ(origin_of("https://a.example.com@evil.example/"), "");
}

TEST(FormBody, IsReadAsABrowserWritesIt) {
  auto const read = read_form_body("a=1&b.c=x+y%26%3D%C3%A4%0D%0A&d=");
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, (Pairs{{"a", "1"}, {"b.c", "x y&=\xC3\xA4\r\n"}, {"d", ""}}));
  EXPECT_TRUE(read_form_body("")->empty());
  EXPECT_EQ(value_of(*read, "a"), "1");
  EXPECT_EQ(value_of(*read, "z"), std::nullopt);
}

TEST(FormBody, RefusesWhatNoBrowserWrites) {
  for (auto const* bad : {"a", "=1", "a=%", "a=%4", "a=%zz", "%00=1", "a=%00", "a=%1B", "a=%FF",
                          "a=%C3", "a=1&&b=2", "a=\x01", "a=1&b"}) {
    EXPECT_EQ(read_form_body(bad).error(), BodyFault::malformed) << bad;
  }
  EXPECT_EQ(read_form_body("a=1&%61=2").error(), BodyFault::repeated_field);
  std::string many;
  for (std::size_t i = 0; i < kPairsMax; ++i) many += "f" + std::to_string(i) + "=&";
  many.pop_back();
  EXPECT_EQ(read_form_body(many)->size(), kPairsMax);
  EXPECT_EQ(read_form_body(many + "&g=").error(), BodyFault::too_many_fields);
  EXPECT_TRUE(read_form_body("a=" + std::string(kBodyBytesMax - 2, 'x')));
  EXPECT_EQ(read_form_body("a=" + std::string(kBodyBytesMax - 1, 'x')).error(),
            BodyFault::too_large);
}

TEST(FormBody, HasOneMediaType) {
  for (auto const* good : {"application/x-www-form-urlencoded", "Application/X-WWW-Form-URLEncoded",
                           "application/x-www-form-urlencoded; charset=UTF-8"}) {
    EXPECT_TRUE(is_form_type(good)) << good;
  }
  for (auto const* bad : {"", "text/plain", "application/json", "multipart/form-data; boundary=x",
                          "application/x-www-form-urlencodedx",
                          "application/x-www-form-urlencoded; charset=utf-16"}) {
    EXPECT_FALSE(is_form_type(bad)) << bad;
  }
}

}  // namespace
}  // namespace leadex::forms
