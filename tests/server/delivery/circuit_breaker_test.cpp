#include "server/delivery/circuit_breaker.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <vector>

namespace leadex::delivery {
namespace {

using namespace std::chrono_literals;
using Instant = CircuitBreaker::Instant;

constexpr BreakerOptions kOptions{.failures_max = 3, .rest_first = 1s, .rest_last = 5s};
constexpr Instant kStart{};

void fail(CircuitBreaker& breaker, Instant now, int times = 1) {
  for (int i = 0; i < times; ++i) {
    auto const ticket = breaker.admit(now);
    ASSERT_TRUE(ticket);
    breaker.failed(*ticket, now);
  }
}

TEST(CircuitBreaker, RestsAfterSoManyFailuresInARow) {
  CircuitBreaker breaker{kOptions};
  fail(breaker, kStart, 2);
  breaker.succeeded(*breaker.admit(kStart));
  fail(breaker, kStart, 2);
  EXPECT_EQ(breaker.state(), BreakerState::closed) << "not in a row";
  fail(breaker, kStart);
  EXPECT_EQ(breaker.state(), BreakerState::resting);
  EXPECT_FALSE(breaker.admit(kStart + 999ms));
}

TEST(CircuitBreaker, OneProbeDecides) {
  CircuitBreaker breaker{kOptions};
  fail(breaker, kStart, 3);
  auto const probe = breaker.admit(kStart + 1s);
  ASSERT_TRUE(probe);
  EXPECT_EQ(breaker.state(), BreakerState::probing);
  EXPECT_FALSE(breaker.admit(kStart + 1s)) << "only one";
  breaker.succeeded(*probe);
  EXPECT_EQ(breaker.state(), BreakerState::closed);
  fail(breaker, kStart + 2s, 2);
  EXPECT_TRUE(breaker.admit(kStart + 2s)) << "it starts anew";
}

TEST(CircuitBreaker, EachRestIsTwiceAsLongUpToTheLongest) {
  CircuitBreaker breaker{kOptions};
  auto now = kStart;
  fail(breaker, now, 3);
  for (auto const rest : {1s, 2s, 4s, 5s, 5s}) {
    EXPECT_FALSE(breaker.admit(now + rest - 1ms));
    now += rest;
    fail(breaker, now);
  }
  breaker.succeeded(*breaker.admit(now + 5s));
  fail(breaker, now, 3);
  EXPECT_TRUE(breaker.admit(now + 1s)) << "what was is forgotten";
}

TEST(CircuitBreaker, WhatComesBackTooLateChangesNothing) {
  CircuitBreaker breaker{kOptions};
  auto const early = breaker.admit(kStart);
  fail(breaker, kStart, 3);
  breaker.succeeded(*early);
  EXPECT_EQ(breaker.state(), BreakerState::resting);
  auto const probe = breaker.admit(kStart + 1s);
  breaker.failed(*early, kStart + 1s);
  breaker.succeeded(*early);
  EXPECT_EQ(breaker.state(), BreakerState::probing);
  breaker.succeeded(*probe);
  breaker.failed(*probe, kStart + 1s);
  fail(breaker, kStart + 1s, 2);
  EXPECT_EQ(breaker.state(), BreakerState::closed);
}

TEST(CircuitBreaker, ALostProbeMakesRoomForAnother) {
  CircuitBreaker breaker{kOptions};
  fail(breaker, kStart, 3);
  ASSERT_TRUE(breaker.admit(kStart + 1s));
  EXPECT_FALSE(breaker.admit(kStart + 5s));
  auto const probe = breaker.admit(kStart + 6s);
  ASSERT_TRUE(probe);
  breaker.succeeded(*probe);
  EXPECT_EQ(breaker.state(), BreakerState::closed);
}

/// The same said plainly: the whole history is looked through for each request.
struct PlainBreaker {
  enum class What { failure, success };
  std::vector<What> since_closed;
  bool open = false;
  bool probing = false;
  std::chrono::milliseconds rest{1000};
  Instant until{};

  [[nodiscard]] bool lets(Instant now) const { return !open || now >= until; }
  void ask(Instant now, What what) {
    if (open) {
      open = what == What::failure;
      if (!open) {
        since_closed.clear();
        return;
      }
      rest = std::min<std::chrono::milliseconds>(rest * 2, 5000ms);
      until = now + rest;
      return;
    }
    since_closed.push_back(what);
    auto const n = since_closed.size();
    open = n >= 3 && since_closed[n - 1] == What::failure && since_closed[n - 2] == What::failure &&
           since_closed[n - 3] == What::failure;
    rest = 1000ms;
    until = now + rest;
  }
};

TEST(CircuitBreaker, DoesAsItsPlainTwinOnRandomRuns) {
  auto const* const given = std::getenv("LEADEX_TEST_SEED");  // NOLINT(concurrency-mt-unsafe)
  auto const seed =
      given != nullptr ? static_cast<unsigned>(std::stoul(given)) : std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 draw{seed};
  CircuitBreaker breaker{kOptions};
  PlainBreaker plain;
  auto now = kStart;
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    now += std::chrono::milliseconds(draw() % 700);
    auto const ticket = breaker.admit(now);
    ASSERT_EQ(ticket.has_value(), plain.lets(now)) << "request " << i;
    refused += ticket ? 0 : 1;
    if (!ticket) continue;
    bool const fails = draw() % 3 != 0;
    if (fails) {
      breaker.failed(*ticket, now);
    } else {
      breaker.succeeded(*ticket);
    }
    plain.ask(now, fails ? PlainBreaker::What::failure : PlainBreaker::What::success);
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace leadex::delivery
