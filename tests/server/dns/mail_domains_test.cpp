#include "server/dns/mail_domains.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <stdexcept>
#include <thread>

#include "tests/support/name_server.hpp"

namespace leadex::dns {
namespace {

using namespace std::chrono_literals;
using Verdicts = std::vector<MailVerdict>;

Verdicts ask(MailDomains& domains, std::vector<std::string> names,
             std::chrono::milliseconds wait = 10s) {
  boost::asio::io_context loop;
  auto done =
      boost::asio::co_spawn(loop, domains.ask(std::move(names), wait), boost::asio::use_future);
  loop.run();
  return done.get();
}

MailVerdict ask_one(MailDomains& domains, std::string name) {
  return ask(domains, {std::move(name)}).at(0);
}

class MailDomainsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!test::NameServer::there()) GTEST_SKIP();
    server_.emplace();
    domains_ = make_mail_domains({.servers = server_->address()});
  }
  std::optional<test::NameServer> server_;
  std::unique_ptr<MailDomains> domains_;
};

TEST_F(MailDomainsTest, ADomainTakesMailByItsMxOrByItsAddress) {
  EXPECT_EQ(ask_one(*domains_, "mx.zone.test"), MailVerdict::accepts);
  EXPECT_EQ(ask_one(*domains_, "two.zone.test"), MailVerdict::accepts);
  EXPECT_EQ(ask_one(*domains_, "aonly.zone.test"), MailVerdict::accepts);
  EXPECT_EQ(ask_one(*domains_, "sixonly.zone.test"), MailVerdict::accepts);
  EXPECT_EQ(ask_one(*domains_, "alias.zone.test"), MailVerdict::accepts);
  EXPECT_EQ(ask_one(*domains_, "onward.zone.test"), MailVerdict::accepts);
  EXPECT_EQ(ask_one(*domains_, "xn--bcher-kva.zone.test"), MailVerdict::accepts);
}

TEST_F(MailDomainsTest, ANullMxAloneRefuses) {
  EXPECT_EQ(ask_one(*domains_, "null.zone.test"), MailVerdict::refuses);
  EXPECT_EQ(ask_one(*domains_, "nullandmore.zone.test"), MailVerdict::accepts);
}

TEST_F(MailDomainsTest, NeitherMxNorAddressRefuses) {
  EXPECT_EQ(ask_one(*domains_, "nobody.zone.test"), MailVerdict::refuses);
  EXPECT_EQ(ask_one(*domains_, "textonly.zone.test"), MailVerdict::refuses);
  EXPECT_EQ(ask_one(*domains_, "dangling.zone.test"), MailVerdict::refuses);
}

TEST_F(MailDomainsTest, AFailingServerIsNoVerdict) {
  EXPECT_EQ(ask_one(*domains_, "any.broken.test"), MailVerdict::unknown);
  EXPECT_EQ(ask_one(*domains_, "not-ours.example"), MailVerdict::unknown);  // REFUSED
  EXPECT_EQ(domains_->counts().failed, 2U);
}

TEST_F(MailDomainsTest, ALongAnswerComesOverTcp) {
  EXPECT_EQ(ask_one(*domains_, "big.zone.test"), MailVerdict::accepts);
}

TEST_F(MailDomainsTest, AVerdictIsKeptForItsTtlAndNoLonger) {
  EXPECT_EQ(ask_one(*domains_, "short.zone.test"), MailVerdict::accepts);
  EXPECT_EQ(ask_one(*domains_, "short.zone.test"), MailVerdict::accepts);
  EXPECT_EQ(domains_->counts().questions, 1U);
  EXPECT_EQ(domains_->counts().from_cache, 1U);
  std::this_thread::sleep_for(1100ms);
  EXPECT_EQ(ask_one(*domains_, "short.zone.test"), MailVerdict::accepts);
  EXPECT_EQ(domains_->counts().questions, 2U);
}

TEST_F(MailDomainsTest, ThatThereIsNoneIsKeptForTheTimeOfTheZone) {
  EXPECT_EQ(ask_one(*domains_, "nobody.zone.test"), MailVerdict::refuses);
  EXPECT_EQ(ask_one(*domains_, "nobody.zone.test"), MailVerdict::refuses);
  EXPECT_EQ(domains_->counts().questions, 1U);
  std::this_thread::sleep_for(2100ms);
  EXPECT_EQ(ask_one(*domains_, "nobody.zone.test"), MailVerdict::refuses);
  EXPECT_EQ(domains_->counts().questions, 2U);
}

TEST_F(MailDomainsTest, ManyAreAskedAtOnceAndEachOnce) {
  std::vector<std::string> names;
  for (int i = 0; i < 1000; ++i) names.push_back("n" + std::to_string(i % 500) + ".zone.test");
  names.emplace_back("mx.zone.test");
  auto const verdicts = ask(*domains_, names);
  ASSERT_EQ(verdicts.size(), 1001U);
  for (std::size_t i = 0; i < 1000; ++i) ASSERT_EQ(verdicts[i], MailVerdict::refuses) << i;
  EXPECT_EQ(verdicts.back(), MailVerdict::accepts);
  EXPECT_EQ(domains_->counts().questions, 501U);
  EXPECT_EQ(domains_->counts().failed, 0U);
}

TEST_F(MailDomainsTest, CallersOnManyThreadsShareTheAnswers) {
  boost::asio::thread_pool pool{4};
  std::vector<std::future<Verdicts>> answers;
  for (int i = 0; i < 64; ++i) {
    std::vector<std::string> names{"mx.zone.test", "null.zone.test",
                                   "p" + std::to_string(i % 8) + ".zone.test"};
    answers.push_back(
        boost::asio::co_spawn(pool, domains_->ask(std::move(names), 10s), boost::asio::use_future));
  }
  for (auto& answer : answers) {
    EXPECT_EQ(answer.get(),
              (Verdicts{MailVerdict::accepts, MailVerdict::refuses, MailVerdict::refuses}));
  }
  EXPECT_EQ(domains_->counts().questions, 10U);
}

TEST_F(MailDomainsTest, TheNextServerIsAskedWhenTheFirstIsSilent) {
  test::SilentServer const silent;
  auto const both = make_mail_domains(
      {.servers = silent.address() + "," + server_->address(), .try_timeout = 300ms});
  EXPECT_EQ(ask_one(*both, "mx.zone.test"), MailVerdict::accepts);
  EXPECT_EQ(silent.questions(), 1);
}

TEST(MailDomains, SilenceIsNoVerdictAndTheCallerGoesOnInTime) {
  test::SilentServer const silent;
  auto const domains = make_mail_domains({.servers = silent.address(), .try_timeout = 200ms});
  auto const begun = std::chrono::steady_clock::now();
  EXPECT_EQ(ask(*domains, {"a.test", "b.test"}, 50ms),
            (Verdicts{MailVerdict::unknown, MailVerdict::unknown}));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 1s);
  EXPECT_EQ(ask_one(*domains, "a.test"), MailVerdict::unknown);
  EXPECT_GE(silent.questions(), 2);
}

TEST(MailDomains, AfterManySilencesNothingIsAskedForAWhile) {
  test::SilentServer const silent;
  auto const domains = make_mail_domains({.servers = silent.address(),
                                          .try_timeout = 20ms,
                                          .tries = 1,
                                          .unknown_ttl = 0s,
                                          .silences_max = 3,
                                          .rest = 1s});
  for (auto const* name : {"a.test", "b.test", "c.test"}) {
    EXPECT_EQ(ask_one(*domains, name), MailVerdict::unknown);
  }
  EXPECT_EQ(domains->counts().questions, 3U);
  EXPECT_EQ(ask_one(*domains, "d.test"), MailVerdict::unknown);
  EXPECT_EQ(domains->counts().questions, 3U);
  EXPECT_EQ(domains->counts().turned_away, 1U);
  std::this_thread::sleep_for(1100ms);
  EXPECT_EQ(ask_one(*domains, "d.test"), MailVerdict::unknown);
  EXPECT_EQ(domains->counts().questions, 4U);
}

TEST(MailDomains, TheQueueIsBounded) {
  test::SilentServer const silent;
  auto const domains = make_mail_domains(
      {.servers = silent.address(), .try_timeout = 2s, .asked_max = 1, .waiting_max = 2});
  std::vector<std::string> names;
  for (int i = 0; i < 10; ++i) names.push_back("n" + std::to_string(i) + ".test");
  EXPECT_EQ(ask(*domains, names, 100ms), Verdicts(10, MailVerdict::unknown));
  EXPECT_EQ(domains->counts().turned_away, 8U);
}

TEST(MailDomains, StoppingAnswersWhoeverWaits) {
  test::SilentServer const silent;
  auto const domains = make_mail_domains({.servers = silent.address(), .try_timeout = 30s});
  boost::asio::thread_pool pool{1};
  auto waiting =
      boost::asio::co_spawn(pool, domains->ask({"a.test"}, 60s), boost::asio::use_future);
  while (silent.questions() == 0) std::this_thread::sleep_for(1ms);
  domains->stop();
  EXPECT_EQ(waiting.get(), Verdicts{MailVerdict::unknown});
  EXPECT_EQ(ask_one(*domains, "b.test"), MailVerdict::unknown);
}

TEST(MailDomains, AListOfServersThatCannotBeReadIsSaid) {
  EXPECT_THROW((void)make_mail_domains({.servers = ""}), std::runtime_error);
  EXPECT_THROW((void)make_mail_domains({.servers = "not an address"}), std::runtime_error);
}

}  // namespace
}  // namespace leadex::dns
