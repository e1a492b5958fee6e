#include "tests/server/delivery/delivery_fixture.hpp"

#include "server/privacy/lead_envelope.hpp"
#include "server/privacy/sealed_value.hpp"

namespace leadex::delivery::test {

namespace asio = boost::asio;

namespace {

std::string everything() {
  auto const made = targeting::Schema::make(market::MarketRun::rules().attributes);
  targeting::TextInterner texts;
  auto const bytes = targeting::encode(targeting::all_of({}), *made, texts);
  return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

}  // namespace

void DeliveryFixture::SetUp() {
  MarketFixture::SetUp();
  exec(
      "insert into leadex.tenant (tenant_no, role, name) values (11, 'buyer', 'B'), (12, "
      "'buyer', 'C'), (101, 'generator', 'G')");
  client_ = std::make_unique<http::Client>(
      http::ClientOptions{.allow_loopback = true, .ca_file = receiver_.ca_file()});
  host_ = host();
  context_ = std::make_unique<asio::io_context>();
}

void DeliveryFixture::TearDown() {
  stop_workers();
  // Whatever a test did: nothing of a contact is in a row of events or deliveries.
  EXPECT_EQ(number("select count(*) from leadex.webhook_delivery d where d::text like '%Zyxwvut%'"),
            0);
  EXPECT_EQ(number("select count(*) from leadex.event e where e::text like '%Zyxwvut%'"), 0);
  if (host_) host_->stop();
}

std::int64_t DeliveryFixture::endpoint(std::int64_t tenant_no, std::string const& url,
                                       std::vector<std::string> events, bool deliver_contact) {
  auto const secret = crypto::WebhookSecret::generate().text();
  storage::WebhookEndpoint row;
  row.endpoint_no = *numbers_.next(0, storage::NumberKind::webhook_endpoint);
  row.tenant_no = tenant_no;
  row.url = url;
  row.events = std::move(events);
  auto const key = privacy::row_key(row.endpoint_no);
  row.secret_sealed =
      privacy::SecretBox(ring_).seal({"webhook_endpoint", 0, key, "secret_sealed"}, secret.view());
  row.deliver_contact = deliver_contact;
  row.created_at = now();
  secrets_[row.endpoint_no] = secret.view();
  auto const done = platform_.transact_now([row](storage::PlatformTx& tx) {
    tx.webhooks().insert(row);
    return true;
  });
  EXPECT_TRUE(done.has_value());
  return row.endpoint_no;
}

void DeliveryFixture::campaign(std::int64_t campaign_no, std::int64_t buyer_no,
                               std::int64_t bid_units, std::int64_t endpoint_no) {
  market::UpsertCampaign upsert;
  upsert.campaign_no = campaign_no;
  upsert.buyer_no = buyer_no;
  upsert.version = 1;
  upsert.terms.bid_micros = bid_units * kUnit;
  upsert.terms.exclusivity = auction::Exclusivity::exclusive;
  upsert.terms.targeting = everything();
  market::Submission submission;
  submission.definition = "{}";
  if (endpoint_no != 0) {
    upsert.terms.delivery = market::Delivery::webhook;
    submission.definition = R"({"webhook_endpoint_id":")" +
                            ids_.seal(crypto::IdKind::webhook_endpoint, 0, endpoint_no) + R"("})";
  }
  submission.command = upsert;
  auto const made = run(*host_, std::move(submission));
  ASSERT_TRUE(made.has_value());
  ASSERT_EQ(made->outcome.refusal, market::Refusal::none);
  ASSERT_TRUE(run(*host_, market::FundBudget{{buyer_no, campaign_no}, campaign_no, 10'000 * kUnit})
                  .has_value());
}

std::vector<market::SoldShare> DeliveryFixture::offer(std::int64_t lead_no) {
  market::OfferLead lead;
  lead.lead_no = lead_no;
  lead.generator_no = kGenerator;
  lead.version = 1;
  lead.reason = "quote";
  lead.captured_us = to_unix_micros(now()) - kUnit;
  lead.attributes = {{market::AttributeText::Kind::text, 0, "CA"},
                     {market::AttributeText::Kind::number, 30, {}},
                     {}};
  auto const contact = R"({"first_name":"Ann","last_name":")" + std::string(kMarker) +
                       R"(","email":"a)" + std::to_string(lead_no) + R"(@example.com"})";
  auto sealed = privacy::seal_contact(ring_, LeadId{kMarket, lead_no},
                                      from_unix_micros(lead.captured_us), contact);
  market::Submission submission;
  submission.lead = rows_of(lead);
  submission.lead->contact_sealed = sealed.sealed;
  submission.lead->kek_id = sealed.key_row.kek_id;
  submission.lead->key_wrapped = sealed.key_row.wrapped;
  submission.command = lead;
  auto const answer = run(*host_, std::move(submission));
  EXPECT_TRUE(answer.has_value());
  return answer ? answer->outcome.sold : std::vector<market::SoldShare>{};
}

SenderOptions DeliveryFixture::quick() {
  SenderOptions options;
  options.poll = milliseconds(20);
  options.attempt.timeout = milliseconds(3000);
  options.attempt.retry.waits = {milliseconds(100), milliseconds(200), milliseconds(400)};
  options.attempt.retry.sale_first = milliseconds(100);
  return options;
}

void DeliveryFixture::start(asio::awaitable<void> work) {
  asio::co_spawn(*context_, std::move(work), [](std::exception_ptr const& thrown) {
    EXPECT_FALSE(thrown) << "a worker ended in an exception";
  });
  if (!thread_.joinable()) {
    thread_ = std::thread([this] { context_->run(); });
  }
}

void DeliveryFixture::start_fan_out() {
  FanOutOptions options;
  options.poll = milliseconds(20);
  options.made_deliveries = [this] {
    if (sender_) sender_->nudge();
  };
  fan_out_ = std::make_unique<FanOut>(context_->get_executor(), store_, ids_, options);
  start(fan_out_->run());
}

void DeliveryFixture::start_sender(SenderOptions options) {
  SenderParts const parts{store_, {*client_, ring_, ids_, *host_}, nullptr};
  sender_ = std::make_unique<Sender>(context_->get_executor(), parts, std::move(options));
  start(sender_->run());
}

void DeliveryFixture::stop_workers() {
  if (fan_out_) fan_out_->stop();
  if (sender_) sender_->stop();
  if (thread_.joinable()) thread_.join();
  fan_out_.reset();
  sender_.reset();
  context_->restart();
}

void DeliveryFixture::fan_out_all() {
  while (later(store_.fan_out(kMarket, 3, fan_out_job(ids_, kMarket, now()))).batches > 0) {
  }
}

std::string DeliveryFixture::word(std::string const& query) {
  pqxx::connection connection{database_.owner()};
  pqxx::read_transaction work{connection};
  auto const rows = work.exec(query);
  return rows.empty() ? std::string{} : rows[0][0].as<std::string>("");
}

bool DeliveryFixture::verifies(Received const& webhook, std::int64_t endpoint_no) const {
  auto const secret = crypto::WebhookSecret::parse(secrets_.at(endpoint_no));
  auto const stamp = std::stoll(std::string(webhook.headers.find("webhook-timestamp").value()));
  auto const wall = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  return secret && std::abs(wall - stamp) < 60 &&
         secret->matches(webhook.headers.find("webhook-id").value(), stamp, webhook.body,
                         webhook.headers.find("webhook-signature").value());
}

}  // namespace leadex::delivery::test
