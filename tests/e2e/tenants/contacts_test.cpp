// Contacts: opened to the buyer of a sale, to the verifier who claimed the check, and to an admin
// who says why; each time on record. That no other answer holds one is watched by the wire.

#include <gtest/gtest.h>

#include "tests/e2e/tenants/world.hpp"

namespace leadex::e2e {
namespace {

/// What was opened, by the record: sales by contact.read, leads of checks by contact.revealed.
std::multiset<std::string> revealed(World& world) {
  auto const& auditor = world.person("auditor");
  std::multiset<std::string> objects;
  for (std::string cursor;;) {
    auto target = "/v1/admin/audit-log?limit=500&market=" + std::string{kMarket};
    if (!cursor.empty()) target += "&cursor=" + cursor;
    auto const page =
        world.wire().send({"list_audit_log", "auditor", auditor.key, "GET", target, {}, {}});
    auto const body = json::parse(page.body);
    EXPECT_TRUE(body && page.ok());
    for (auto const& row : cli::JsonView{*body}["data"].items()) {
      auto const action = row["action"].text();
      bool const opened = action == "contact.read" || action == "contact.revealed";
      if (opened) objects.insert(row["object_id"].shown());
    }
    auto const next = cli::JsonView{*body}["next_cursor"];
    if (next.is_null()) return objects;
    cursor = next.text();
  }
}

Reply pull(World& world, std::string const& sale, Person const& person, std::string const& reason) {
  auto const target =
      "/v1/sales/" + sale + "/contact" + (reason.empty() ? "" : "?reason=" + reason);
  Request request{"get_sale_contact", person.label, person.key, "GET", target, {}, {}};
  request.reveals = true;
  return world.wire().send(request);
}

TEST(Contacts, AreOpenedToTheirBuyerAndToAnAdminWithAReasonAndEachTimeOnRecord) {
  auto& world = World::get();
  std::size_t opened = 0;
  for (auto const* sale : world.of_kind("sale")) {
    // The buyer first: until it has looked, a sale by webhook is not delivered and opens to nobody.
    for (auto const* label : {"b1", "b2", "b3", "admin"}) {
      auto const& person = world.person(label);
      bool const buyer = sale->owners.contains(person.account);
      if (!buyer && !person.staff()) continue;
      auto const before = revealed(world).count(sale->id);
      auto const reply = pull(world, sale->id, person, buyer ? "" : "complaint");
      auto const after = revealed(world).count(sale->id);
      if (reply.status == 410) {
        EXPECT_EQ(reply.body.find(kContactMark), std::string::npos);
        continue;
      }
      ASSERT_EQ(reply.status, 200) << reply.body;
      EXPECT_NE(reply.body.find(kContactMark), std::string::npos) << "the mark is in every contact";
      EXPECT_EQ(after, before + 1) << "a contact was opened and nobody wrote it down";
      ++opened;
      if (opened >= 12) return;  // each look at the record takes its time
    }
  }
}

TEST(Contacts, AreNotOpenedWithoutAReasonOrWithoutTheRight) {
  auto& world = World::get();
  auto const& sale = *world.of_kind("sale").front();
  EXPECT_EQ(pull(world, sale.id, world.person("admin"), "").status, 422);
  for (auto const* label : {"g1", "g2", "auditor", "verifier", "b1 narrow", "b1 test"}) {
    auto const reply = pull(world, sale.id, world.person(label), "curious");
    EXPECT_EQ(reply.status, 403) << label;
    EXPECT_EQ(reply.body.find(kContactMark), std::string::npos) << label;
  }
}

TEST(Contacts, OfChecksAreOpenedByTheClaimAloneAndOnRecord) {
  auto& world = World::get();
  auto const records = revealed(world);
  std::size_t claims = 0;
  for (auto const& done : world.posted()) {
    if (done.operation != "claim_spot_check") continue;
    auto const body = json::parse(done.answer);
    ASSERT_TRUE(body);
    EXPECT_NE(done.answer.find(kContactMark), std::string::npos);
    auto const lead = cli::JsonView{*body}["lead_id"].text();
    EXPECT_TRUE(records.contains(lead))
        << "the claim of a check of " << lead << " is not on record";
    ++claims;
  }
  EXPECT_GT(claims, 4U);
}

}  // namespace
}  // namespace leadex::e2e
