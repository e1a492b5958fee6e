// Mails handed to a real mail server on loopback, and to what is none.

#include <gtest/gtest.h>

#include <chrono>
#include <future>

#include "server/crypto/bytes.hpp"
#include "server/mail/sender.hpp"
#include "tests/support/mail_server.hpp"

namespace leadex::mail {
namespace {

using namespace std::chrono_literals;
using test::free_port;
using test::Listener;
using test::MailServer;

SenderOptions options_for(std::string url) {
  SenderOptions options;
  options.url = std::move(url);
  options.from = "leads@forms.example.com";
  options.connect_timeout = 2s;
  options.timeout = 5s;
  return options;
}

std::future<Sent> offered(Sender& sender, Message message) {
  auto promise = std::make_shared<std::promise<Sent>>();
  auto future = promise->get_future();
  EXPECT_TRUE(sender.offer(std::move(message), [promise](Sent sent) { promise->set_value(sent); }));
  return future;
}

TEST(MailSender, HandsAMailToARealServer) {
  MailServer const server;
  Sender sender{options_for(server.url())};
  auto first = offered(sender, {"ann@example.org", "Gr\xC3\xBC\xC3\x9F", "One.\n.\nTwo.\n"});
  auto second = offered(sender, {"bob@example.org", "Again", "Three."});
  ASSERT_EQ(first.get(), Sent::taken);
  ASSERT_EQ(second.get(), Sent::taken);
  auto const mails = server.mails();
  ASSERT_EQ(mails.size(), 2U);
  auto const& mail = mails[mails[0].find("To: <ann@example.org>") != std::string::npos ? 0 : 1];
  EXPECT_NE(mail.find("From: <leads@forms.example.com>"), std::string::npos) << mail;
  EXPECT_NE(mail.find("Subject: =?UTF-8?B?R3LDvMOf?="), std::string::npos) << mail;
  EXPECT_NE(mail.find(crypto::base64_encode("One.\r\n.\r\nTwo.\r\n")), std::string::npos) << mail;
}

TEST(MailSender, TellsAnAddressThatIsRefusedForGood) {
  MailServer const server;
  Sender sender{options_for(server.url())};
  EXPECT_EQ(offered(sender, {"nobody@example.org", "Hi", "Hi"}).get(), Sent::refused);
  EXPECT_TRUE(server.mails().empty());
}

TEST(MailSender, SendsNothingWithoutTlsWhereItIsRequired) {
  MailServer const server;
  auto options = options_for(server.url());
  options.tls_required = true;
  Sender sender{options};
  EXPECT_EQ(offered(sender, {"ann@example.org", "Hi", "Hi"}).get(), Sent::failed);
  EXPECT_TRUE(server.mails().empty());
}

TEST(MailSender, GivesUpOnAServerThatIsSilentOrNotThere) {
  Sender nobody{options_for("smtp://127.0.0.1:" + std::to_string(free_port()))};
  EXPECT_EQ(offered(nobody, {"ann@example.org", "Hi", "Hi"}).get(), Sent::failed);
  Listener const silent;
  auto options = options_for("smtp://127.0.0.1:" + std::to_string(silent.port()));
  options.timeout = 500ms;
  Sender waiting{options};
  auto const before = std::chrono::steady_clock::now();
  EXPECT_EQ(offered(waiting, {"ann@example.org", "Hi", "Hi"}).get(), Sent::failed);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
}

TEST(MailSender, KeepsABoundedQueueAndDropsItWhenItStops) {
  Listener const silent;
  auto options = options_for("smtp://127.0.0.1:" + std::to_string(silent.port()));
  options.timeout = 1s;
  options.queue_max = 3;
  Sender sender{options};
  int taken = 0;
  for (int i = 0; i < 20; ++i) {
    taken += sender.offer({"ann@example.org", "Hi", "Hi"}, [](Sent) {}) ? 1 : 0;
  }
  EXPECT_GE(taken, 3);
  EXPECT_LE(taken, 4) << "three that wait, one on its way";
  sender.stop();
  EXPECT_FALSE(sender.offer({"ann@example.org", "Hi", "Hi"}, [](Sent) {}));
}

}  // namespace
}  // namespace leadex::mail
