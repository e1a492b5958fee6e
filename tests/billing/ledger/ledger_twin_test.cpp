// Random books against a slow, plain twin that recomputes every balance from all transfers ever
// accepted, in exact wide arithmetic.

#include <gtest/gtest.h>

#include <iostream>
#include <limits>
#include <map>
#include <random>
#include <vector>

#include "billing/ledger/ledger.hpp"

namespace leadex {
namespace {

using Wide = __int128;
constexpr Wide kMax = std::numeric_limits<std::int64_t>::max();

struct Booked {
  TransferRef ref;
  Transfer transfer;
};

struct Sides {
  Wide debits_pending{}, debits_posted{}, credits_pending{}, credits_posted{};
};

class SlowTwin {
 public:
  std::map<std::int64_t, std::optional<std::int64_t>> floors;
  std::vector<Booked> history;

  /// The pending transfers nothing in the history has resolved.
  [[nodiscard]] std::map<TransferRef, Transfer> open() const {
    std::map<TransferRef, Transfer> found;
    for (auto const& [ref, transfer] : history) {
      if (transfer.phase == Phase::pending) found[ref] = transfer;
      if (transfer.pending) found.erase(*transfer.pending);
    }
    return found;
  }

  [[nodiscard]] std::map<std::int64_t, Sides> balances() const {
    std::map<std::int64_t, Sides> sides;
    for (auto const& [number, floor] : floors) sides[number] = {};
    for (auto const& [ref, transfer] : history) {
      if (transfer.phase != Phase::posted && transfer.phase != Phase::post_pending) continue;
      sides[transfer.debit].debits_posted += transfer.amount.micros;
      sides[transfer.credit].credits_posted += transfer.amount.micros;
    }
    for (auto const& [ref, transfer] : open()) {
      sides[transfer.debit].debits_pending += transfer.amount.micros;
      sides[transfer.credit].credits_pending += transfer.amount.micros;
    }
    return sides;
  }

  /// Takes the transfer when the books it would leave are sound, and judges only by them.
  bool apply(TransferRef ref, Transfer const& transfer) {
    if (!well_formed(ref, transfer)) return false;
    history.push_back({ref, transfer});
    auto const after = balances();
    auto const& debit = after.at(transfer.debit);
    auto const& credit = after.at(transfer.credit);
    auto const floor = floors.at(transfer.debit);
    Wide const left = debit.credits_posted - debit.debits_posted - debit.debits_pending;
    bool const sound = debit.debits_posted + debit.debits_pending <= kMax &&
                       credit.credits_posted + credit.credits_pending <= kMax &&
                       (!floor || left >= *floor);
    if (!sound) history.pop_back();
    return sound;
  }

 private:
  [[nodiscard]] bool well_formed(TransferRef ref, Transfer const& transfer) const {
    if (transfer.amount.micros <= 0 || transfer.debit == transfer.credit) return false;
    if (!floors.contains(transfer.debit) || !floors.contains(transfer.credit)) return false;
    bool const resolving = transfer.phase != Phase::posted && transfer.phase != Phase::pending;
    if (resolving != transfer.pending.has_value()) return false;
    auto const waiting = open();
    if (transfer.phase == Phase::pending && waiting.contains(ref)) return false;
    if (!resolving) return true;
    auto const at = waiting.find(*transfer.pending);
    if (at == waiting.end()) return false;
    if (at->second.debit != transfer.debit || at->second.credit != transfer.credit) return false;
    return transfer.phase == Phase::post_pending ? transfer.amount <= at->second.amount
                                                 : transfer.amount == at->second.amount;
  }
};

class RandomTransfers {
 public:
  explicit RandomTransfers(std::uint64_t seed) : random_{seed} {}

  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n));
  }

  /// Mostly plausible transfers; a few wrong in each way.
  Transfer next(SlowTwin const& twin, std::int64_t accounts) {
    auto const open = twin.open();
    Transfer transfer{below(accounts + 1),
                      below(accounts + 1),
                      amount(),
                      TransferCode::fund,
                      below(2) == 0 ? Phase::posted : Phase::pending,
                      1,
                      0,
                      {}};
    if (below(2) == 0 && !open.empty()) {
      auto at = open.begin();
      std::advance(at, below(static_cast<std::int64_t>(open.size())));
      transfer = at->second;
      transfer.phase = static_cast<Phase>(2 + below(3));
      transfer.pending = at->first;
      if (transfer.phase == Phase::post_pending) {
        transfer.amount.micros = 1 + below(transfer.amount.micros);
      }
      if (below(20) == 0 && transfer.amount.micros < kMax) transfer.amount.micros += 1;
      if (below(30) == 0) std::swap(transfer.debit, transfer.credit);
      if (below(30) == 0) transfer.pending->n += 1;
    }
    if (below(60) == 0) transfer.phase = static_cast<Phase>(below(5));
    return transfer;
  }

 private:
  Money amount() {
    if (below(40) == 0) return Money{below(3) - 1};
    if (below(25) == 0) return Money{std::numeric_limits<std::int64_t>::max() / (1 + below(4))};
    return Money{1 + below(1000)};
  }

  std::mt19937_64 random_;
};

void expect_same(Ledger const& ledger, SlowTwin const& twin) {
  Wide debits = 0;
  Wide credits = 0;
  for (auto const& [number, sides] : twin.balances()) {
    auto const* account = ledger.find(number);
    ASSERT_NE(account, nullptr);
    ASSERT_TRUE(account->debits_pending == sides.debits_pending) << "account " << number;
    ASSERT_TRUE(account->debits_posted == sides.debits_posted) << "account " << number;
    ASSERT_TRUE(account->credits_pending == sides.credits_pending) << "account " << number;
    ASSERT_TRUE(account->credits_posted == sides.credits_posted) << "account " << number;
    ASSERT_GE(account->debits_pending, 0);
    ASSERT_GE(account->debits_posted, 0);
    ASSERT_GE(account->credits_pending, 0);
    ASSERT_GE(account->credits_posted, 0);
    debits += account->debits_posted;
    credits += account->credits_posted;
  }
  ASSERT_TRUE(debits == credits);
  ASSERT_TRUE(ledger.balanced());
  auto const open = twin.open();
  ASSERT_EQ(ledger.open_pending_count(), open.size());
  for (auto const& [ref, transfer] : open) {
    ASSERT_NE(ledger.find_pending(ref), nullptr);
    ASSERT_EQ(*ledger.find_pending(ref), transfer);
  }
}

/// One random life of a book: single transfers and groups of up to four.
void run_life(std::uint64_t seed) {
  RandomTransfers random{seed};
  std::int64_t const accounts = 2 + random.below(5);
  Ledger ledger;
  SlowTwin twin;
  for (std::int64_t number = 0; number < accounts; ++number) {
    std::optional<std::int64_t> floor;
    if (number > 0 && random.below(3) != 0) floor = -random.below(2) * random.below(500);
    twin.floors[number] = floor;
    ASSERT_TRUE(ledger.open_account({number, AccountCode::suspense, 0, 0, floor, 0, 0, 0, 0}));
  }
  for (std::int64_t batch = 1; batch <= 120; ++batch) {
    std::vector<Transfer> group;
    auto const before = twin.history;
    bool all = true;
    std::int64_t const size = random.below(3) == 0 ? 1 + random.below(4) : 1;
    for (std::int32_t n = 0; n < size; ++n) {
      group.push_back(random.next(twin, accounts));
      all = all && twin.apply({batch, n}, group.back());
    }
    if (!all) twin.history = before;
    ASSERT_EQ(ledger.apply_all(batch, 0, group).has_value(), all) << "batch " << batch;
    ASSERT_NO_FATAL_FAILURE(expect_same(ledger, twin)) << "batch " << batch;
  }
  ASSERT_FALSE(twin.history.empty());
}

TEST(LedgerTwin, RandomBooksAgreeWithAReplayFromTheStart) {
  auto const seed = std::random_device{}();
  for (std::uint64_t life = 0; life < 60; ++life) {
    SCOPED_TRACE(testing::Message() << "seed " << seed << " life " << life);
    ASSERT_NO_FATAL_FAILURE(run_life(seed + life));
  }
  RecordProperty("seed", std::to_string(seed));
  std::cout << "seed " << seed << '\n';
}

}  // namespace
}  // namespace leadex
