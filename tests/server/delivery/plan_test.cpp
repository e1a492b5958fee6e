#include <gtest/gtest.h>

#include "server/delivery/attempt.hpp"

namespace leadex::delivery {
namespace {

using market::SaleState;
using std::chrono::seconds;

constexpr Timestamp kSold{seconds(1'000'000)};
constexpr milliseconds kTimeout{10'000};

storage::ClaimedDelivery claim(SaleState state, std::optional<int> last_status = {}) {
  storage::ClaimedDelivery claimed;
  claimed.delivery.confirms = true;
  claimed.delivery.last_status = last_status;
  claimed.endpoint.deliver_contact = true;
  claimed.event.subject_kind = static_cast<std::int16_t>(crypto::IdKind::sale);
  claimed.sale.emplace();
  claimed.sale->state = state;
  claimed.sale->sold_at = kSold;
  claimed.sale->due_us = to_unix_micros(kSold + seconds(300));
  claimed.contact.emplace();
  return claimed;
}

Plan plan(storage::ClaimedDelivery const& claimed, seconds after = seconds(1)) {
  return plan_attempt(claimed, kSold + after, kTimeout);
}

TEST(Plan, ASaleThatWaitsIsSentAndItsAnswerDecides) {
  auto const made = plan(claim(SaleState::pending));
  EXPECT_EQ(made.step, Step::send);
  EXPECT_TRUE(made.decides);
  EXPECT_EQ(made.timeout, kTimeout);
}

TEST(Plan, AnAttemptEndsWithTheSalesDeadlineAndNoneBeginsShortBeforeIt) {
  auto const late = plan(claim(SaleState::pending), seconds(296));
  EXPECT_EQ(late.step, Step::send);
  EXPECT_EQ(late.timeout, seconds(4));
  EXPECT_EQ(plan(claim(SaleState::pending), seconds(298)).step, Step::drop);
  EXPECT_EQ(plan(claim(SaleState::pending), seconds(301)).reason, "deadline_passed");
}

TEST(Plan, AnAnswerTheMarketHasNotHeardIsToldEvenAfterTheDeadline) {
  for (int const status : {200, 204, 422}) {
    EXPECT_EQ(plan(claim(SaleState::pending, status), seconds(301)).step, Step::settle);
    EXPECT_EQ(plan(claim(SaleState::voided, status)).step, Step::done);
    EXPECT_EQ(plan(claim(SaleState::delivered, status)).step, Step::done);
  }
  EXPECT_EQ(plan(claim(SaleState::pending, 500)).step, Step::send);
}

TEST(Plan, ASaleThatIsOverIsNotSent) {
  EXPECT_EQ(plan(claim(SaleState::voided)).step, Step::drop);
  EXPECT_EQ(plan(claim(SaleState::returned)).step, Step::drop);
}

TEST(Plan, ASaleReadByItsBuyerIsSentAndDecidesNothing) {
  auto const made = plan(claim(SaleState::delivered));
  EXPECT_EQ(made.step, Step::send);
  EXPECT_FALSE(made.decides);
}

TEST(Plan, AnErasedContactIsNoDelivery) {
  auto claimed = claim(SaleState::pending);
  claimed.contact.reset();
  EXPECT_EQ(plan(claimed).reason, "contact_gone");
  claimed.endpoint.deliver_contact = false;
  EXPECT_EQ(plan(claimed).step, Step::send);
}

TEST(Plan, ASaleOfSomebodyElseIsNotSent) {
  auto claimed = claim(SaleState::pending);
  claimed.sale.reset();
  EXPECT_EQ(plan(claimed).reason, "sale_gone");
}

}  // namespace
}  // namespace leadex::delivery
