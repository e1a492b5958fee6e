#pragma once
// DeliveryFixture: a market with its host, endpoints on a real receiver, and the two workers on a
// thread of their own.

#include <thread>

#include "server/crypto/public_id.hpp"
#include "server/crypto/webhook_signature.hpp"
#include "server/delivery/fan_out.hpp"
#include "server/delivery/sender.hpp"
#include "server/storage/postgres/delivery_store.hpp"
#include "server/storage/postgres/number_ranges.hpp"
#include "server/storage/postgres/platform_transaction.hpp"
#include "tests/server/delivery/receiver.hpp"
#include "tests/server/market/market_fixture.hpp"

namespace leadex::delivery::test {

inline constexpr std::int64_t kUnit = 1'000'000;
inline constexpr std::int64_t kBuyer = 11;
inline constexpr std::int64_t kOtherBuyer = 12;
inline constexpr std::int64_t kGenerator = 101;
/// Stands in every contact: must be found nowhere but at receivers that may have it.
inline constexpr std::string_view kMarker = "Zyxwvut-Marker";

class DeliveryFixture : public market::MarketFixture {
 protected:
  void SetUp() override;
  void TearDown() override;

  /// Adds an endpoint; its secret is in `secrets_`. @return its number
  std::int64_t endpoint(std::int64_t tenant_no, std::string const& url,
                        std::vector<std::string> events, bool deliver_contact = true);
  /// A funded campaign that buys every lead alone; delivered through `endpoint_no`, by pull when 0.
  void campaign(std::int64_t campaign_no, std::int64_t buyer_no, std::int64_t bid_units,
                std::int64_t endpoint_no);
  /// Offers a lead with a sealed contact. @return what it sold
  std::vector<market::SoldShare> offer(std::int64_t lead_no);

  void start_fan_out();
  void start_sender(SenderOptions options);
  void start_sender() { start_sender(quick()); }
  void stop_workers();
  /// Short waits: 100 ms, 200 ms, 400 ms, then no more.
  static SenderOptions quick();
  /// Follows all there is, here and now.
  void fan_out_all();
  [[nodiscard]] std::string word(std::string const& query);
  /// Unwraps what a call on a store answers.
  template <class T>
  T later(boost::asio::awaitable<Result<T, storage::StoreError>> work) {
    auto result = boost::asio::co_spawn(pool_, std::move(work), boost::asio::use_future).get();
    EXPECT_TRUE(result.has_value());
    return result.value();
  }
  /// The webhook verifies under the endpoint's secret; by our own code.
  [[nodiscard]] bool verifies(Received const& webhook, std::int64_t endpoint_no) const;

  static Timestamp now() {
    return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now());
  }

  Receiver receiver_;
  privacy::KeyRing ring_{crypto::Secret(std::string(32, 'k'))};
  crypto::PublicIdCodec ids_{ring_.id_key()};
  storage::postgres::Pool database_pool_{{.session = {.conninfo = database_.app()}}};
  storage::postgres::PostgresNumberRanges numbers_{{.conninfo = database_.app()}, database_pool_};
  storage::postgres::PostgresDatabase platform_{database_pool_, numbers_, ring_};
  storage::postgres::PostgresDeliveryStore store_{database_pool_, numbers_};
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<market::MarketHost> host_;
  std::map<std::int64_t, std::string> secrets_;

 private:
  void start(boost::asio::awaitable<void> work);

  std::unique_ptr<boost::asio::io_context> context_;
  std::unique_ptr<FanOut> fan_out_;
  std::unique_ptr<Sender> sender_;
  std::thread thread_;
};

}  // namespace leadex::delivery::test
