#pragma once
// From counts of the store to findings: each test of matching/quality for all buyers of a market,
// from the day on which it begins for each of them. For find_untruths; no I/O, one thread. See
// docs/decisions/0013-buyer-truth.md.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "matching/quality/return_rate.hpp"
#include "matching/quality/under_reporting.hpp"
#include "server/storage/findings.hpp"
#include "server/storage/truth_reads.hpp"

namespace leadex::app {

/// What buyers were found for before.
class PastFindings {
 public:
  explicit PastFindings(std::vector<storage::PastCases> const& cases);

  /// The first day of sale that a test counts: `first`, or the day after the last decision; nothing
  /// while a case is open.
  [[nodiscard]] std::optional<std::int32_t> first_day(std::int64_t buyer_no,
                                                      quality::FindingKind kind,
                                                      std::int32_t first) const;
  /// Whether that lead was a case of the buyer's, whatever became of it.
  [[nodiscard]] bool had(std::int64_t buyer_no, std::int64_t lead_no) const {
    return leads_.contains({buyer_no, lead_no});
  }

 private:
  struct Last {
    bool open{};
    std::optional<std::int32_t> decided_day;
  };
  std::map<std::pair<std::int64_t, quality::FindingKind>, Last> last_;
  std::set<std::pair<std::int64_t, std::int64_t>> leads_;
};

/// One sequential test for each buyer.
template <class Test>
class BuyerTests {
 public:
  BuyerTests(quality::FindingKind kind, std::int32_t first, PastFindings const& past)
      : kind_(kind), first_(first), past_(past) {}

  /// The buyer's test, when that day counts for it.
  [[nodiscard]] Test* of(std::int64_t buyer_no, std::int32_t day) {
    auto& one =
        tests_.try_emplace(buyer_no, past_.first_day(buyer_no, kind_, first_)).first->second;
    return one.from && day >= *one.from ? &one.test : nullptr;
  }
  /// @param until  the first day that was not counted
  [[nodiscard]] std::vector<storage::NewFinding> findings(std::int32_t until) const {
    std::vector<storage::NewFinding> found;
    for (auto const& [buyer_no, one] : tests_) {
      auto finding = one.test.finding(buyer_no);
      if (finding)
        found.push_back({.finding = *finding, .from_day = *one.from, .until_day = until});
    }
    return found;
  }

 private:
  struct One {
    explicit One(std::optional<std::int32_t> first_day) : from(first_day) {}
    std::optional<std::int32_t> from;
    Test test{{}};
  };
  quality::FindingKind kind_;
  std::int32_t first_;
  PastFindings const& past_;
  std::map<std::int64_t, One> tests_;
};

/// Reported conversions against the others' of the same generator, vehicle and day.
class Comparisons {
 public:
  /// @param past  outlives this; so below
  Comparisons(std::int32_t first, PastFindings const& past)
      : tests_(quality::FindingKind::conversions_below_others, first, past) {}
  /// Whole days, in the order of TruthReads.
  void add(std::span<storage::EventCounts const> counts);
  [[nodiscard]] std::vector<storage::NewFinding> findings(std::int32_t until) const {
    return tests_.findings(until);
  }

 private:
  BuyerTests<quality::ComparisonTest> tests_;
};

/// Verified conversions that were reported or not.
class Holdouts {
 public:
  Holdouts(std::int32_t first, PastFindings const& past)
      : tests_(quality::FindingKind::conversions_hidden, first, past) {}
  /// In the order of TruthReads.
  void add(std::span<storage::VerifiedSale const> sales);
  [[nodiscard]] std::vector<storage::NewFinding> findings(std::int32_t until) const {
    return tests_.findings(until);
  }

 private:
  BuyerTests<quality::HoldoutTest> tests_;
};

/// Returns of one closed period against the others' by generator.
class ReturnShares {
 public:
  ReturnShares(std::int32_t first, PastFindings const& past) : first_(first), past_(past) {}
  void add(std::span<storage::EventCounts const> counts);
  [[nodiscard]] std::vector<storage::NewFinding> findings(std::int32_t until) const;

 private:
  struct Sum {
    std::int64_t leads{};
    std::int64_t events{};
  };
  using ByGenerator = std::map<std::int64_t, Sum>;
  /// Counts of days from that one on.
  [[nodiscard]] ByGenerator sum(std::optional<std::int64_t> buyer_no, std::int32_t from) const;

  std::int32_t first_;
  PastFindings const& past_;
  std::map<std::tuple<std::int64_t, std::int64_t, std::int32_t>, Sum> days_;  // buyer, generator
  std::map<std::pair<std::int64_t, std::int32_t>, Sum> all_;                  // generator, day
};

}  // namespace leadex::app
