// Postbacks: what generators are told of their clicks' conversions, through the fan-out and the
// sender, at a real receiver.

#include <gtest/gtest.h>

#include <set>

#include "server/delivery/happenings.hpp"
#include "server/delivery/postback_sender.hpp"
#include "server/http/link_template.hpp"
#include "server/storage/postgres/clicks.hpp"
#include "server/storage/postgres/postback_store.hpp"
#include "tests/server/delivery/visit_fixture.hpp"

namespace leadex::delivery::test {
namespace {

using std::chrono::seconds;

storage::PostbackValues some_values() {
  storage::PostbackValues values;
  values.click = {7, 3};
  values.placement = {7, 1};
  values.outcome = market::ConversionState::approved;
  values.event = "policy & more";
  values.transaction_id = "t/1?x=ü";
  values.at = from_unix_micros(1'791'158'400'000'000);
  values.payout = Money{17'000'000};
  values.currency = "USD";
  values.subs = {"one", "..", "a b"};
  values.attributes = R"({"state":"CA","age":30,"own_home":true,"event":"mine"})";
  return values;
}

TEST(Postback, FillsItsMacrosPercentEncodedAndKeepsItsHost) {
  privacy::KeyRing const ring{crypto::Secret(std::string(32, 'k'))};
  crypto::PublicIdCodec const ids{ring.id_key()};
  auto const values = some_values();
  auto const filled = [&](std::string const& rest) {
    return postback_target(ids, "https://track.example.com/" + rest, values);
  };
  EXPECT_EQ(filled("p?e={event}&t={transaction_id}"),
            "https://track.example.com/p?e=policy%20%26%20more&t=t%2F1%3Fx%3D%C3%BC");
  EXPECT_EQ(filled("{status}/{payout}/{currency}"), "https://track.example.com/approved/17.00/USD");
  EXPECT_EQ(filled("?c={click_id}&p={placement_id}"),
            "https://track.example.com/?c=" + ids.seal(values.click) +
                "&p=" + ids.seal(values.placement));
  EXPECT_EQ(filled("{sub1}/{sub2}/{sub3}/{sub4}"), "https://track.example.com/one//a%20b/");
  EXPECT_EQ(filled("{state}/{age}/{own_home}/{other}"), "https://track.example.com/CA/30/true/");
  EXPECT_EQ(filled("?at={timestamp}").find("2026-10-0"), 30U);
  EXPECT_EQ(filled("p?x=1#part={event}"), "https://track.example.com/p?x=1");
}

TEST(Postback, TheLongestValuesOfALinkFitIntoWhatItsClientSends) {
  privacy::KeyRing const ring{crypto::Secret(std::string(32, 'k'))};
  crypto::PublicIdCodec const ids{ring.id_key()};
  auto values = some_values();
  values.event = std::string(market::kEventBytesMax, '&');
  values.transaction_id = std::string(market::kTransactionBytesMax, '&');
  values.subs = std::vector<std::string>(5, std::string(128, '&'));
  // As many macros as a link may have, each the longest there is.
  std::string link = "https://track.example.com/?";
  for (std::size_t i = 0; i < http::kLinkMacrosMax; ++i) {
    link += i % 2 == 0 ? "{transaction_id}" : "{sub1}";
  }
  link += std::string(http::kLinkBytesMax - link.size(), 'a');
  auto const target = postback_target(ids, link, values);
  EXPECT_GT(target.size(), 9000U);
  auto const options = postback_client({});
  EXPECT_TRUE(http::check_webhook_url(target, options).has_value());
  EXPECT_FALSE(http::check_webhook_url(target, {}).has_value()) << "other clients are stricter";
}

TEST(Postback, OnlyConversionsThatAreDecidedAreTold) {
  using market::ConversionMoved;
  using market::ConversionState;
  market::CommitBody body;
  std::vector<market::Effect> effects;
  for (auto const state :
       {ConversionState::pending, ConversionState::approved, ConversionState::rejected,
        ConversionState::uncovered, ConversionState::noted}) {
    ConversionMoved moved;
    moved.conversion_no = static_cast<std::int64_t>(effects.size());
    moved.lead_no = 9;
    moved.state = state;
    effects.emplace_back(moved);
  }
  body.items.push_back({.at_us = 5, .command = {}, .outcome = {}, .effects = std::move(effects)});
  std::vector<std::int64_t> told;
  for (auto const& one : told_conversions(body)) told.push_back(one.conversion_no);
  EXPECT_EQ(told, (std::vector<std::int64_t>{1, 2, 4}));
}

class PostbackTest : public VisitFixture {
 protected:
  void SetUp() override {
    DeliveryFixture::SetUp();
    exec("insert into leadex.tenant (tenant_no, role, name) values (102, 'generator', 'H')");
  }
  void TearDown() override {
    stop_postbacks();
    DeliveryFixture::TearDown();
  }
  void placement(std::int64_t no, std::int64_t generator_no, std::optional<std::string> url) {
    storage::postgres::PostgresClickStore clicks{database_pool_};
    storage::Placement row;
    row.id = {kMarket, no};
    row.generator_no = generator_no;
    row.name = "Front page";
    row.version = 1;
    row.definition = R"({"state":"CA"})";
    row.fallback_url = "https://news.example.com/";
    row.postback_url = std::move(url);
    row.created_at = now();
    ASSERT_TRUE(later(clicks.insert(row)));
  }
  std::int64_t convert(std::int64_t click_no, bool confirmed = true,
                       std::int64_t value_micros = market::kNone) {
    auto const done = run(*host_, market::ReportConversion{.lead_no = click_no,
                                                           .buyer_no = kBuyer,
                                                           .event = "policy",
                                                           .transaction_id = transaction(),
                                                           .at_us = to_unix_micros(now()),
                                                           .value_micros = value_micros,
                                                           .confirmed = confirmed});
    EXPECT_TRUE(done && done->outcome.refusal == market::Refusal::none);
    return done ? done->outcome.number : 0;
  }
  void note(std::int64_t click_no) {
    auto const at = to_unix_micros(now());
    auto const done = run(*host_, market::NoteConversion{.click_no = click_no,
                                                         .budget = {kBuyer, 1},
                                                         .clicked_us = at,
                                                         .event = "signup",
                                                         .transaction_id = transaction(),
                                                         .at_us = at});
    EXPECT_TRUE(done && done->outcome.refusal == market::Refusal::none);
  }
  std::string transaction() {
    auto name = "secret-deal-" + std::to_string(++transactions_);
    return long_ ? name + std::string(market::kTransactionBytesMax - name.size(), '&') : name;
  }

  static PostbackSenderOptions soon() {
    PostbackSenderOptions options;
    options.poll = milliseconds(20);
    options.attempt.timeout = milliseconds(2000);
    options.attempt.waits = {milliseconds(100), milliseconds(200), milliseconds(400)};
    return options;
  }
  void start_postbacks(http::Client const& client, PostbackSenderOptions options) {
    sender_ = std::make_unique<PostbackSender>(
        sending_.get_executor(), PostbackSenderParts{postback_rows_, {client, ids_}, nullptr},
        std::move(options));
    done_ = boost::asio::co_spawn(sending_, sender_->run(), boost::asio::use_future);
  }
  void start_postbacks(PostbackSenderOptions options = soon()) {
    start_postbacks(postback_client_, std::move(options));
  }
  void stop_postbacks() {
    if (!sender_) return;
    sender_->stop();
    done_.get();
    sender_.reset();
  }
  [[nodiscard]] std::string status_of(std::int64_t conversion_no) {
    return word("select status from leadex.postback where conversion_no = " +
                std::to_string(conversion_no));
  }
  [[nodiscard]] bool ends_as(std::string const& status, std::int64_t conversion_no = 1) {
    return within(seconds(10), [&] { return status_of(conversion_no) == status; });
  }

  http::Client postback_client_{
      postback_client({.allow_loopback = true, .ca_file = receiver_.ca_file()})};
  storage::postgres::PostgresPostbackStore postback_rows_{database_pool_};
  boost::asio::thread_pool sending_{1};
  std::unique_ptr<PostbackSender> sender_;
  std::future<void> done_;
  int transactions_{};
  bool long_{};  // whatever may be long is as long as it may be
};

TEST_F(PostbackTest, APaidConversionIsToldWithTheGeneratorsPart) {
  placement(1, kGenerator,
            receiver_.url("/ok/1") +
                "?c={click_id}&s={status}&v={payout}{currency}&e={event}&a={sub1}&w={state}&"
                "t={transaction_id}&p={placement_id}");
  visitors(1, PricingModel::cpa, 20);
  auto const one = click(1, kGenerator);
  convert(one);
  fan_out_all();
  EXPECT_EQ(status_of(1), "waiting");
  start_postbacks();
  ASSERT_TRUE(ends_as("delivered"));
  auto const calls = receiver_.received("/ok/1");
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls[0].method, "GET");
  EXPECT_EQ(calls[0].target,
            "/ok/1?c=" + ids_.seal(ClickId{kMarket, one}) +
                "&s=approved&v=17.00USD&e=policy&a=my%20sub&w=CA&t=secret-deal-1&p=" +
                ids_.seal(PlacementId{kMarket, 1}));
  EXPECT_EQ(calls[0].body, "");
  fan_out_all();
  EXPECT_EQ(number("select count(*) from leadex.postback"), 1);
  EXPECT_EQ(number("select attempts from leadex.postback"), 1);
  // Neither the address nor what was told stands in a row of it.
  EXPECT_EQ(number("select count(*) from leadex.postback p where p::text like '%deal%' or p::text "
                   "like '%http%'"),
            0);
}

TEST_F(PostbackTest, RejectedAndNotedOnesAreToldAndPendingOnesAreNot) {
  placement(1, kGenerator, receiver_.url("/ok/1") + "?s={status}&v={payout}&e={event}");
  visitors(1, PricingModel::cpa, 20);
  auto const waiting = convert(click(1, kGenerator), false);
  auto const refused = convert(click(1, kGenerator), false);
  fan_out_all();
  EXPECT_EQ(number("select count(*) from leadex.postback"), 0);
  ASSERT_TRUE(run(*host_, market::DecideConversion{refused, kBuyer, false}).has_value());
  ASSERT_TRUE(run(*host_, market::PauseCampaign{1, kBuyer, true}).has_value());
  visitors(2, PricingModel::cpc, 1);
  note(click(1, kGenerator));
  fan_out_all();
  start_postbacks();
  ASSERT_TRUE(within(seconds(10), [&] { return receiver_.count("/ok/1") == 2; }));
  std::set<std::string> told;
  for (auto const& call : receiver_.received("/ok/1")) told.insert(call.target);
  EXPECT_EQ(told, (std::set<std::string>{"/ok/1?s=rejected&v=0.00&e=policy",
                                         "/ok/1?s=noted&v=0.00&e=signup"}));
  ASSERT_TRUE(run(*host_, market::DecideConversion{waiting, kBuyer, true}).has_value());
  fan_out_all();
  EXPECT_TRUE(within(seconds(10), [&] { return receiver_.count("/ok/1") == 3; }));
}

TEST_F(PostbackTest, APartOfThePriceIsToldAsThePartOfIt) {
  placement(1, kGenerator, receiver_.url("/ok/1") + "?v={payout}");
  visitors(1, PricingModel::cpa, 20, 1000);
  convert(click(1, kGenerator), true, 50 * kUnit);
  fan_out_all();
  start_postbacks();
  ASSERT_TRUE(ends_as("delivered"));
  EXPECT_EQ(receiver_.received("/ok/1")[0].target, "/ok/1?v=4.25");
}

TEST_F(PostbackTest, AFailedOneIsTriedAgainUntilItWorks) {
  placement(1, kGenerator, receiver_.url("/flaky/1"));
  visitors(1, PricingModel::cpa, 20);
  convert(click(1, kGenerator));
  fan_out_all();
  start_postbacks();
  ASSERT_TRUE(ends_as("delivered"));
  EXPECT_EQ(receiver_.count("/flaky/1"), 3U);
  EXPECT_EQ(number("select attempts from leadex.postback"), 3);
}

TEST_F(PostbackTest, OneThatNeverWorksIsGivenUpAndOneThatIsGoneAtOnce) {
  placement(1, kGenerator, receiver_.url("/error/1"));
  placement(2, kGenerator, receiver_.url("/gone/1"));
  visitors(1, PricingModel::cpa, 20);
  convert(click(1, kGenerator));
  convert(click(2, kGenerator));
  fan_out_all();
  start_postbacks();
  EXPECT_TRUE(ends_as("failed", 1));
  EXPECT_TRUE(ends_as("failed", 2));
  EXPECT_EQ(receiver_.count("/error/1"), 4U);
  EXPECT_EQ(receiver_.count("/gone/1"), 1U);
  EXPECT_EQ(number("select last_status from leadex.postback where conversion_no = 1"), 500);
}

TEST_F(PostbackTest, TheScheduleEndsWithinADay) {
  PostbackOptions const options;
  milliseconds longest{};
  for (std::size_t i = 1; i <= options.waits.size(); ++i) {
    longest += *wait_after({.waits = options.waits}, static_cast<int>(i), 9999);
  }
  EXPECT_LE(longest, options.give_up_after);
  EXPECT_GT(longest, std::chrono::hours(20));
  // And whoever asks for more patience than that gets none.
  placement(1, kGenerator, receiver_.url("/throttle/1"));
  visitors(1, PricingModel::cpa, 20);
  convert(click(1, kGenerator));
  fan_out_all();
  auto impatient = soon();
  impatient.attempt.give_up_after = milliseconds(1500);  // it asks for two seconds
  start_postbacks(impatient);
  EXPECT_TRUE(ends_as("failed"));
  EXPECT_EQ(receiver_.count("/throttle/1"), 1U);
}

TEST_F(PostbackTest, ThePatienceThatAPeerAsksForHasALimit) {
  placement(1, kGenerator, receiver_.url("/throttle/1"));
  visitors(1, PricingModel::cpa, 20);
  convert(click(1, kGenerator));
  fan_out_all();
  auto options = soon();
  options.attempt.retry_after_max = milliseconds(300);  // it asks for two seconds
  start_postbacks(options);
  ASSERT_TRUE(ends_as("delivered"));
  auto const calls = receiver_.received("/throttle/1");
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_GE(calls[1].at - calls[0].at, milliseconds(300));
  EXPECT_LT(calls[1].at - calls[0].at, milliseconds(1900));
}

TEST_F(PostbackTest, ALongAddressIsCalledAsItIs) {
  long_ = true;
  subs_.assign(5, std::string(128, '/'));
  std::string link = receiver_.url("/ok/1") + "?t={transaction_id}&c={click_id}";
  for (int i = 1; i <= 5; ++i) {
    for (int times = 0; times < 4; ++times) link += "&s={sub" + std::to_string(i) + "}";
  }
  placement(1, kGenerator, link);
  visitors(1, PricingModel::cpa, 20);
  convert(click(1, kGenerator));
  fan_out_all();
  start_postbacks();
  ASSERT_TRUE(ends_as("delivered")) << word(
      "select coalesce(last_error, last_status::text) from "
      "leadex.postback");
  auto const calls = receiver_.received("/ok/1");
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_GT(calls[0].target.size(), 20U * 3 * 128);
  EXPECT_TRUE(calls[0].target.ends_with("%2F%2F"));
}

TEST_F(PostbackTest, NothingIsToldALongTimeAfterItHappened) {
  placement(1, kGenerator, receiver_.url("/ok/1"));
  placement(2, 102, receiver_.url("/ok/2"));
  visitors(1, PricingModel::cpa, 20);
  auto const old = convert(click(1, kGenerator));
  auto const fresh = convert(click(1, kGenerator));
  auto const leased = convert(click(1, kGenerator));
  auto const suspended = convert(click(2, 102));
  fan_out_all();
  exec("update leadex.tenant set status = 'suspended' where tenant_no = 102");
  exec(
      "update leadex.postback set created_at = now() - interval '25 hours' where conversion_no "
      "<> " +
      std::to_string(fresh));
  exec(
      "update leadex.postback set next_at = now() + interval '1 hour', attempts = 1 where "
      "conversion_no = " +
      std::to_string(leased));
  start_postbacks();
  EXPECT_TRUE(ends_as("delivered", fresh));
  EXPECT_TRUE(ends_as("failed", old));
  EXPECT_TRUE(ends_as("failed", suspended)) << "nor does it wait for ever";
  EXPECT_EQ(status_of(leased), "waiting") << "whoever has it may have told it";
  EXPECT_EQ(receiver_.count("/ok/1"), 1U);
  EXPECT_EQ(receiver_.count("/ok/2"), 0U);
  EXPECT_EQ(
      number("select attempts from leadex.postback where conversion_no = " + std::to_string(old)),
      0);
}

TEST_F(PostbackTest, AGeneratorWhoseServerFailsIsCalledOnceAtATime) {
  placement(1, kGenerator, receiver_.url("/hang/1"));
  placement(2, 102, receiver_.url("/flaky/2"));
  visitors(1, PricingModel::cpa, 20);
  for (int i = 0; i < 7; ++i) convert(click(1, kGenerator));
  for (int i = 0; i < 6; ++i) convert(click(2, 102));
  fan_out_all();
  auto options = soon();
  options.attempt.timeout = milliseconds(400);
  options.attempt.waits = {std::chrono::hours(1)};
  start_postbacks(options);
  ASSERT_TRUE(within(seconds(10), [&] { return receiver_.count("/hang/1") == 7; }));
  auto const calls = receiver_.received("/hang/1");
  EXPECT_LT(calls[3].at - calls[0].at, milliseconds(350)) << "nobody knew of its failing";
  for (std::size_t i = 4; i < calls.size(); ++i) {
    EXPECT_GE(calls[i].at - calls[i - 1].at, milliseconds(300)) << i;
  }
  // Two of the other's failed at first; then it answered.
  EXPECT_TRUE(within(seconds(10), [&] { return receiver_.count("/flaky/2") == 6; }));
  EXPECT_TRUE(within(seconds(10), [&] {
    return number("select count(*) from leadex.postback where status = 'delivered'") == 4;
  }));
}

TEST_F(PostbackTest, FailingGeneratorsShareAPartOfTheRoom) {
  for (std::int64_t no = 1; no <= 6; ++no) {
    auto const generator_no = 200 + no;
    exec("insert into leadex.tenant (tenant_no, role, name) values (" +
         std::to_string(generator_no) + ", 'generator', 'H')");
    placement(no, generator_no, receiver_.url("/ok/" + std::to_string(no)));
  }
  visitors(1, PricingModel::cpa, 20);
  for (std::int64_t no = 1; no <= 6; ++no) {
    for (int i = 0; i < 3; ++i) convert(click(no, 200 + no));
  }
  fan_out_all();
  storage::PostbackClaim request;
  request.now = now();
  request.limit = 10;
  request.failing_limit = 2;
  request.per_tenant = 4;
  request.per_failing_tenant = 1;
  request.failing = {201, 202, 203, 204};
  request.busy = {{205, 2}, {201, 1}};
  request.lease = seconds(30);
  request.give_up_after = std::chrono::hours(24);
  std::map<std::int64_t, int> claimed;
  for (auto const& one : later(postback_rows_.claim(request))) ++claimed[one.tenant_no];
  EXPECT_EQ(claimed[205], 2) << "two of its four are under way";
  EXPECT_EQ(claimed[206], 3);
  EXPECT_EQ(claimed[201], 0) << "its one is under way";
  EXPECT_EQ(claimed[202] + claimed[203] + claimed[204], 2);
  EXPECT_LE(std::max({claimed[202], claimed[203], claimed[204]}), 1);
}

TEST_F(PostbackTest, AConversionThatIsToldTwiceHasOneRow) {
  placement(1, kGenerator, receiver_.url("/ok/1"));
  visitors(1, PricingModel::cpa, 20);
  convert(click(1, kGenerator));
  fan_out_all();
  // A follower that lost its place follows the same batches again.
  exec("delete from leadex.event_pending");
  exec("delete from leadex.event");
  exec("update leadex.fanout_cursor set seq = 0");
  fan_out_all();
  EXPECT_EQ(number("select count(*) from leadex.postback"), 1);
}

TEST_F(PostbackTest, OneGeneratorsServerThatHangsDelaysNoOther) {
  placement(1, kGenerator, receiver_.url("/hang/1"));
  placement(2, 102, receiver_.url("/ok/2"));
  visitors(1, PricingModel::cpa, 20);
  for (int i = 0; i < 8; ++i) convert(click(1, kGenerator));
  auto const last = convert(click(2, 102));
  fan_out_all();
  auto options = soon();
  options.in_flight_max = 6;
  start_postbacks(options);
  auto const began = std::chrono::steady_clock::now();
  ASSERT_TRUE(ends_as("delivered", last));
  EXPECT_LT(std::chrono::steady_clock::now() - began, milliseconds(1500));
  EXPECT_LE(receiver_.count("/hang/1"), 4U) << "so many of one generator at once";
}

TEST_F(PostbackTest, AddressesThatAreNotPublicAreNotCalled) {
  placement(1, kGenerator, receiver_.url("/ok/1"));
  visitors(1, PricingModel::cpa, 20);
  convert(click(1, kGenerator));
  fan_out_all();
  http::Client const guarded{{.ca_file = receiver_.ca_file()}};
  start_postbacks(guarded, soon());
  EXPECT_TRUE(ends_as("failed"));
  EXPECT_EQ(receiver_.count("/ok/1"), 0U);
  auto const why = word("select last_error from leadex.postback");
  EXPECT_TRUE(why == "address_refused" || why == "port_refused") << why;
}

TEST_F(PostbackTest, NobodyIsToldWhoAskedForNothingOrIsSuspended) {
  placement(1, kGenerator, std::nullopt);
  placement(2, 102, receiver_.url("/ok/2"));
  visitors(1, PricingModel::cpa, 20);
  convert(click(1, kGenerator));
  auto const other = convert(click(2, 102));
  campaign(5, kOtherBuyer, 5, 0);
  ASSERT_EQ(offer(900).size(), 1U);
  fan_out_all();
  EXPECT_EQ(number("select count(*) from leadex.postback"), 1);
  exec("update leadex.tenant set status = 'suspended' where tenant_no = 102");
  start_postbacks();
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_EQ(status_of(other), "waiting");
  EXPECT_EQ(receiver_.count("/ok/2"), 0U);
  exec("update leadex.tenant set status = 'active' where tenant_no = 102");
  EXPECT_TRUE(ends_as("delivered", other));
}

TEST_F(PostbackTest, TwoSendersTellEachOnce) {
  placement(1, kGenerator, receiver_.url("/ok/1"));
  visitors(1, PricingModel::cpa, 20);
  for (int i = 0; i < 20; ++i) convert(click(1, kGenerator));
  fan_out_all();
  storage::postgres::PostgresPostbackStore rows{database_pool_};
  PostbackSender other{sending_.get_executor(), {rows, {postback_client_, ids_}, nullptr}, soon()};
  auto done = boost::asio::co_spawn(sending_, other.run(), boost::asio::use_future);
  start_postbacks();
  EXPECT_TRUE(within(seconds(10), [&] {
    return number("select count(*) from leadex.postback where status = 'delivered'") == 20;
  }));
  other.stop();
  done.get();
  EXPECT_EQ(receiver_.count("/ok/1"), 20U);
}

}  // namespace
}  // namespace leadex::delivery::test
