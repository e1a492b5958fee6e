#include <gtest/gtest.h>

#include <algorithm>

#include "tests/server/intake/upload/lot_rig.hpp"

namespace leadex::test {
namespace {

using Clock = market::RealTimePace::Clock;

/// The market's writer beside real-time work that always waits too long.
class PressedActor final : public market::MarketActor {
 public:
  explicit PressedActor(std::shared_ptr<market::MarketActor> inner) : inner_(std::move(inner)) {}

  boost::asio::awaitable<Result<market::Answer, market::SubmitError>> submit(
      market::Submission submission) override {
    rows_max = std::max(rows_max, submission.admissions.size());
    return inner_->submit(std::move(submission));
  }
  boost::asio::awaitable<Result<market::PingAnswer, market::SubmitError>> ping(
      market::OfferPing ping, Clock::time_point deadline, std::size_t ask_max) override {
    return inner_->ping(std::move(ping), deadline, ask_max);
  }
  boost::asio::awaitable<Result<void, market::ViewError>> view(Look look) override {
    return inner_->view(std::move(look));
  }
  std::shared_ptr<market::MarketSettings const> settings() const override {
    return inner_->settings();
  }
  std::shared_ptr<market::MarketSettings const> settings(std::int32_t version) const override {
    return inner_->settings(version);
  }
  MarketNo market_no() const override { return inner_->market_no(); }
  std::string const& name() const override { return inner_->name(); }
  bool ready() const override { return inner_->ready(); }
  market::RealTimePace const& pace() const override {
    pace_.note(Clock::now(), std::chrono::seconds{1});
    return pace_;
  }

  std::size_t rows_max{};

 private:
  std::shared_ptr<market::MarketActor> inner_;
  mutable market::RealTimePace pace_{std::chrono::milliseconds{20}};
};

TEST(UploadGivingWay, GoesOnInSmallPiecesWithPausesAndLosesNothing) {
  constexpr std::uint64_t kRows = 2300;
  LotRig rig;
  auto request = rig.request(storage::BatchFormat::csv);
  auto const pressed = std::make_shared<PressedActor>(request.market);
  request.market = pressed;
  auto const text = LotRig::text_of(rig.file(kRows, 5, 500), kRows);
  TextSource source{text, 3};
  auto const begun = Clock::now();
  auto const result = rig.run(intake::upload_batch(*rig.uploads, std::move(request), source));
  auto const took = Clock::now() - begun;
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->counts.read, static_cast<std::int64_t>(kRows));
  EXPECT_GT(result->counts.accepted, static_cast<std::int64_t>(kRows) * 9 / 10);
  EXPECT_GT(pressed->rows_max, 0U);
  EXPECT_LE(pressed->rows_max, intake::kAdmitRowsPressed);
  // One wait for each 64 KiB, and from the sixth on it is 64 ms.
  auto const waits = text.size() / (64U * 1024U);
  ASSERT_GT(waits, 10U);
  EXPECT_GT(took, std::chrono::milliseconds{64} * (waits - 6));
  EXPECT_EQ(rig.number("select count(*) from leadex.lead where market_id = 7"),
            result->counts.accepted);
}

}  // namespace
}  // namespace leadex::test
