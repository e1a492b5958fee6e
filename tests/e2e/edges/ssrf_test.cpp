// Targets of webhooks over the API: none that leads inside is ever taken.

#include <gtest/gtest.h>

#include <fstream>

#include "server/json/writer.hpp"
#include "tests/e2e/edges/rig.hpp"

namespace leadex::e2e {
namespace {

std::string endpoint(std::string const& url) {
  json::JsonWriter out;
  {
    auto const whole = out.object();
    out.field("url", url);
    auto const events = out.array("events");
    out.value("sale.created");
  }
  return out.str();
}

TEST(Ssrf, NoTargetOfTheCorpusBecomesAnEndpoint) {
  auto const path = shared_data("ssrf/urls.jsonl");
  if (!path) GTEST_SKIP();
  Rig rig;
  std::ifstream in(*path);
  int n = 0;
  for (std::string line; std::getline(in, line); ++n) {
    auto const doc = json::parse(line);
    ASSERT_TRUE(doc);
    std::string const url{json::text_of(*json::find_member(*doc, "url"))};
    auto const reply = rig.post("/v1/webhook-endpoints", rig.buyer(), endpoint(url));
    EXPECT_EQ(reply.status, 422) << url << ' ' << reply.body;
    EXPECT_EQ(reply.code(), "validation_failed") << url;
  }
  EXPECT_GT(n, 20);
}

TEST(Ssrf, PrivateAddressesAreRefusedHoweverTheyAreWritten) {
  Rig rig;
  // A development exchange allows loopback itself, for receivers of tests; nothing else inside.
  for (std::string const host : {"10.0.0.1",
                                 "172.16.0.1",
                                 "192.168.1.1",
                                 "169.254.169.254",
                                 "100.64.0.1",
                                 "0.0.0.0",
                                 "224.0.0.1",
                                 "255.255.255.255",
                                 "[fe80::1]",
                                 "[fc00::1]",
                                 "[::ffff:10.0.0.1]",
                                 "[64:ff9b::a00:1]",
                                 "[2002:a00:1::]",
                                 "[::]",
                                 "2852039166",
                                 "0xa9fea9fe",
                                 "0251.0376.0251.0376",
                                 "169.254.43518",
                                 "metadata.google.internal",
                                 "intranet",
                                 "db.local"}) {
    auto const reply =
        rig.post("/v1/webhook-endpoints", rig.buyer(), endpoint("https://" + host + "/x"));
    EXPECT_EQ(reply.status, 422) << host << ' ' << reply.body;
  }
  auto const good =
      rig.post("/v1/webhook-endpoints", rig.buyer(), endpoint("https://hooks.example.com/leadex"));
  EXPECT_EQ(good.status, 201) << good.body;
}

}  // namespace
}  // namespace leadex::e2e
