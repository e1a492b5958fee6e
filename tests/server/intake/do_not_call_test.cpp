// Do-not-call lists: files that bring them, lists that take each other's place, leads held against
// them.

#include "server/intake/do_not_call.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <pqxx/pqxx>
#include <set>

#include "server/intake/do_not_call_file.hpp"
#include "server/storage/postgres/do_not_call.hpp"
#include "tests/support/test_database.hpp"

namespace leadex::intake {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kPhone = "+12125550142";
// SHA-256 of the line above, made with sha256sum.
constexpr std::string_view kHash =
    "7bca2e64beddd833b6248d26a4ad681b884cd8c106d47159ffb2d76681025dbf";

Timestamp midnight(Timestamp at) { return std::chrono::floor<std::chrono::days>(at); }
Timestamp system_now() {
  return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now());
}

TEST(DoNotCallFile, TakesPhonesAndHashesOfThemHoweverTheBytesAreCut) {
  privacy::KeyRing const ring{crypto::Secret(std::string(32, 'k'))};
  std::string const text = std::string{kPhone} + "\r\n\n " + std::string{kHash} + "\n+4930123456";
  std::vector<std::string> const expected{do_not_call_digest(ring, kPhone),
                                          do_not_call_digest(ring, kPhone),
                                          do_not_call_digest(ring, "+4930123456")};
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    DoNotCallFile file{ring};
    for (std::size_t at = 0; at < text.size(); at += piece) {
      ASSERT_TRUE(file.feed(std::string_view{text}.substr(at, piece)));
    }
    ASSERT_TRUE(file.finish());
    EXPECT_EQ(file.digests(), expected) << piece;
    EXPECT_EQ(file.line(), 4);
  }
}

TEST(DoNotCallFile, ALineThatIsNeitherIsNamed) {
  privacy::KeyRing const ring{crypto::Secret(std::string(32, 'k'))};
  for (std::string const line : {"2125550142", "+0125550142", "+123456", "+1234567890123456",
                                 "+1212555014x", "hello", "+1 212 555 0142", "abcdef"}) {
    DoNotCallFile file{ring};
    EXPECT_FALSE(file.feed(std::string{kPhone} + '\n' + line + '\n')) << line;
    EXPECT_EQ(file.line(), 2) << line;
    EXPECT_EQ(file.digests().size(), 1U);
    DoNotCallFile last{ring};
    EXPECT_TRUE(last.feed(line));
    EXPECT_FALSE(last.finish()) << line;
  }
  DoNotCallFile endless{ring};
  EXPECT_TRUE(endless.feed(std::string(128, '1')));
  EXPECT_FALSE(endless.feed("1")) << "memory is bounded";
}

TEST(DoNotCallAge, IsWholeDaysOfTheListsDay) {
  Timestamp const day = std::chrono::sys_days{2026y / std::chrono::October / 1};
  EXPECT_EQ(do_not_call_age(day, day - 5h), std::chrono::days{0});
  EXPECT_EQ(do_not_call_age(day, day + 31 * 24h + 23h + 59min), std::chrono::days{31});
  EXPECT_EQ(do_not_call_age(day, day + 32 * 24h), std::chrono::days{32});
}

class DoNotCallLists : public testing::Test {
 protected:
  DoNotCallLists() {
    owner(
        "insert into leadex.market (market_id, name, title, currency, country) values (7, "
        "'m.us.usd', 'T', 'USD', 'US')");
    owner(
        "insert into leadex.market_version values (7, 1, '{\"do_not_call\":\"country\"}', '', 0), "
        "(7, 2, '{\"do_not_call\":\"none\"}', '', 0), (7, 3, '{}', '', 0)");
  }
  pqxx::result owner(std::string const& statement) {
    pqxx::connection connection(files_.owner());
    pqxx::work work(connection);
    auto result = work.exec(statement);
    work.commit();
    return result;
  }
  std::int64_t number(std::string const& query) {
    return owner(query).at(0).at(0).as<std::int64_t>();
  }
  template <class T>
  T run(boost::asio::awaitable<T> work) {
    boost::asio::io_context loop;
    auto done = boost::asio::co_spawn(loop, std::move(work), boost::asio::use_future);
    loop.run();
    return done.get();
  }
  /// Brings a list of that age and puts it in force.
  storage::DoNotCallSwitch bring(std::vector<std::string> const& phones,
                                 std::chrono::days age = {}) {
    auto const load = run(lists_.begin("US", midnight(system_now()) - age)).value();
    std::vector<std::string> digests;
    for (auto const& phone : phones) {
      digests.push_back(do_not_call_digest(ring_, phone));
    }
    auto const added = run(lists_.add(load, digests)).value();
    return run(lists_.put_in_force(load, added, 31)).value();
  }
  std::set<std::string> listed(std::vector<std::string> const& phones) {
    std::vector<std::string> digests;
    for (auto const& phone : phones) {
      digests.push_back(do_not_call_digest(ring_, phone));
    }
    auto const look = run(lists_.look("US", digests)).value();
    std::set<std::string> found;
    for (std::size_t i = 0; i < phones.size(); ++i) {
      if (std::ranges::find(look.listed, digests[i]) != look.listed.end()) found.insert(phones[i]);
    }
    return found;
  }

  test::TestDatabase files_;
  privacy::KeyRing ring_{crypto::Secret(std::string(32, 'k'))};
  storage::postgres::Pool pool_{{.session = {.conninfo = files_.app()}, .threads = 2}};
  storage::postgres::PostgresDoNotCall lists_{pool_};
  DoNotCall guard_{lists_, ring_};
};

using Phones = std::set<std::string>;

TEST_F(DoNotCallLists, AListTakesTheOtherOnesPlaceInOneStep) {
  EXPECT_TRUE(run(lists_.lists()).value().empty());
  EXPECT_FALSE(run(lists_.look("US", {})).value().version_at.has_value());
  auto const first = bring({"+12125550101", "+12125550102", "+12125550102"}, std::chrono::days{2});
  EXPECT_TRUE(first.taken);
  EXPECT_EQ(first.list.phones, 2) << "each once";
  EXPECT_EQ(listed({"+12125550101", "+12125550103"}), Phones{"+12125550101"});

  auto const next = run(lists_.begin("US", midnight(system_now()))).value();
  ASSERT_EQ(run(lists_.add(next, {do_not_call_digest(ring_, "+12125550103")})), 1);
  EXPECT_EQ(listed({"+12125550101", "+12125550103"}), Phones{"+12125550101"}) << "not in force yet";
  ASSERT_TRUE(run(lists_.put_in_force(next, 1, 31)).value().taken);
  EXPECT_EQ(listed({"+12125550101", "+12125550103"}), Phones{"+12125550103"});
  EXPECT_EQ(number("select count(*) from leadex.audit where action = 'do_not_call.loaded'"), 2);

  auto const older = bring({"+12125550101"}, std::chrono::days{1});
  EXPECT_FALSE(older.taken);
  EXPECT_EQ(older.list.version_at, midnight(system_now())) << "the one in force";
  EXPECT_EQ(listed({"+12125550101", "+12125550103"}), Phones{"+12125550103"});
  auto const all = run(lists_.lists()).value();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].country, "US");
  EXPECT_EQ(all[0].phones, 1);
}

TEST_F(DoNotCallLists, WhatIsOutOfForceOrGivenUpIsSweptBitByBit) {
  bring({"+12125550101", "+12125550102", "+12125550103"}, std::chrono::days{1});
  bring({"+12125550104"});
  auto const load = run(lists_.begin("US", midnight(system_now()))).value();
  ASSERT_TRUE(run(lists_.add(load, {std::string(16, 'a')})));
  auto const coming = run(lists_.begin("US", midnight(system_now()))).value();
  ASSERT_TRUE(run(lists_.add(coming, {std::string(16, 'b')})));
  EXPECT_TRUE(run(lists_.give_up(load)).value());
  EXPECT_FALSE(run(lists_.give_up(load)).value()) << "again";
  EXPECT_EQ(run(lists_.put_in_force(load, 1, 31)).error(), storage::StoreError::not_found);
  EXPECT_EQ(listed({"+12125550104"}), Phones{"+12125550104"}) << "what is in force stays so";
  EXPECT_EQ(run(lists_.sweep(2)).value(), 2);
  EXPECT_EQ(run(lists_.sweep(100)).value(), 2);
  EXPECT_EQ(run(lists_.sweep(100)).value(), 0);
  EXPECT_EQ(number("select count(*) from leadex.do_not_call_phone"), 2)
      << "in force, and coming in";
}

TEST_F(DoNotCallLists, OnlyPhonesOfTheCountryAreHeldAgainstIt) {
  CheckedLead home;
  home.phone = Phone{"+12125550142", "US", PhoneType::mobile};
  CheckedLead abroad;
  abroad.phone = Phone{"+4930123456", "DE", PhoneType::fixed_line};
  CheckedLead const none;
  auto const find = [&](std::int32_t version) {
    std::vector<CheckedLead const*> leads{&none, &abroad, &home};
    return run(guard_.find(7, version, std::move(leads), system_now())).value();
  };
  auto const stale = find(1);
  ASSERT_EQ(stale.size(), 1U);
  EXPECT_EQ(stale[0].place, 2U);
  EXPECT_EQ(stale[0].code, RowCode::do_not_call_stale) << "no list was ever brought";
  EXPECT_TRUE(find(2).empty()) << "a version that asks for none";
  EXPECT_TRUE(find(3).empty()) << "or of before there were lists";
  EXPECT_TRUE(find(4).empty()) << "or that nobody knows";
  bring({"+12125550142", "+4930123456"});
  auto const found = find(1);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].place, 2U);
  EXPECT_EQ(found[0].code, RowCode::do_not_call);
}

}  // namespace
}  // namespace leadex::intake
