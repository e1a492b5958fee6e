#include "billing/settlement/promise.hpp"

#include <gtest/gtest.h>

#include "billing/ledger/ledger.hpp"

namespace leadex {
namespace {

constexpr std::int64_t kPromise = 1;
constexpr std::int64_t kEarned = 2;
constexpr std::int64_t kLead = 9;

std::optional<Transfer> keep(std::int64_t promised, std::int64_t brought) {
  return keep_promise({kPromise, kEarned}, Money{promised}, Money{brought}, kLead);
}

TEST(Promise, TheExchangeAddsExactlyWhatIsMissing) {
  auto const added = keep(100, 70);
  ASSERT_TRUE(added.has_value());
  EXPECT_EQ(added->amount, Money{30});
  EXPECT_EQ(text(added->code), "promise");
  EXPECT_EQ(added->lead_no, kLead);
  EXPECT_EQ(keep(100, 0)->amount, Money{100});
}

TEST(Promise, NothingIsAddedWhenTheLeadBroughtAsMuch) {
  EXPECT_FALSE(keep(100, 100).has_value());
  EXPECT_FALSE(keep(100, 101).has_value());
  EXPECT_FALSE(keep(0, 0).has_value());
}

TEST(Promise, TheMoneyComesFromTheExchangeWhichMayOweIt) {
  Ledger ledger;
  for (auto const& [no, code] : {std::pair{kPromise, AccountCode::promise},
                                 std::pair{kEarned, AccountCode::generator_earned}}) {
    Account account;
    account.account_no = no;
    account.code = code;
    account.floor_micros = default_floor_micros(code);
    ASSERT_TRUE(ledger.open_account(account).has_value());
  }
  ASSERT_TRUE(ledger.apply({1, 0}, *keep(100, 70)).has_value());
  EXPECT_EQ(ledger.find(kPromise)->available(), -30);
  EXPECT_EQ(ledger.find(kEarned)->available(), 30);
}

}  // namespace
}  // namespace leadex
