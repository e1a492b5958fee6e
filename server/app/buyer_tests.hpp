#pragma once
// From counts of the store to findings: each test of matching/quality for all buyers of a market,
// from the day on which it begins for each of them. For find_untruths; no I/O, one thread. See
// docs/decisions/0013-buyer-truth.md.

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
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

  /// The buyer's test for sales of that day, which count from now on; none when they do not.
  [[nodiscard]] Test* of(std::int64_t buyer_no, std::int32_t day) {
    auto& one = one_of(buyer_no);
    if (one.waits || !one.from || day < *one.from) return nullptr;
    one.until = std::max(one.until, day + 1);
    return &one.test;
  }
  /// What comes next in the buyer's order is not known yet, if that day counts at all.
  void wait(std::int64_t buyer_no, std::int32_t day) {
    auto& one = one_of(buyer_no);
    one.waits = one.waits || (one.from && day >= *one.from);
  }
  [[nodiscard]] std::vector<storage::NewFinding> findings() const {
    std::vector<storage::NewFinding> found;
    for (auto const& [buyer_no, one] : tests_) {
      auto finding = one.test.finding(buyer_no);
      if (finding)
        found.push_back({.finding = *finding, .from_day = *one.from, .until_day = one.until});
    }
    return found;
  }

 private:
  struct One {
    explicit One(std::optional<std::int32_t> first_day) : from(first_day) {}
    std::optional<std::int32_t> from;
    std::int32_t until{};
    bool waits{};
    Test test{{}};
  };
  One& one_of(std::int64_t buyer_no) {
    auto const found = tests_.find(buyer_no);
    if (found != tests_.end()) return found->second;
    return tests_.try_emplace(buyer_no, past_.first_day(buyer_no, kind_, first_)).first->second;
  }

  quality::FindingKind kind_;
  std::int32_t first_;
  PastFindings const& past_;
  std::map<std::int64_t, One> tests_;
};

/// Reported conversions against the others' of the same segment and day, as far as they are final.
class Comparisons {
 public:
  /// @param past  outlives this; so below
  Comparisons(std::int32_t first, PastFindings const& past)
      : tests_(quality::FindingKind::conversions_below_others, first, past) {}
  /// Whole days, in the order of TruthReads. @return false from the first day on that holds a sale
  /// whose outcome is not final: it and what comes after wait
  bool add(std::span<storage::EventCounts const> counts);
  [[nodiscard]] std::vector<storage::NewFinding> findings() const { return tests_.findings(); }

 private:
  BuyerTests<quality::ComparisonTest> tests_;
  bool waits_{};
};

/// Verified conversions that were reported or not. A buyer's test waits for a sale whose outcome is
/// not final: the order of what it counts never changes.
class Holdouts {
 public:
  Holdouts(std::int32_t first, PastFindings const& past)
      : tests_(quality::FindingKind::conversions_hidden, first, past) {}
  /// In the order of TruthReads.
  void add(std::span<storage::VerifiedSale const> sales);
  [[nodiscard]] std::vector<storage::NewFinding> findings() const { return tests_.findings(); }

 private:
  BuyerTests<quality::HoldoutTest> tests_;
};

/// Returns of one period against the others' of the same segments, once nothing of it is open.
class ReturnShares {
 public:
  ReturnShares(std::int32_t first, PastFindings const& past) : first_(first), past_(past) {}
  /// @return false once something is open: the period cannot be judged
  bool add(std::span<storage::EventCounts const> counts);
  [[nodiscard]] bool closed() const { return closed_; }
  /// Nothing unless closed(). @param until  the first day that was not counted
  [[nodiscard]] std::vector<storage::NewFinding> findings(std::int32_t until) const;

 private:
  struct Sum {
    std::int64_t leads{};
    std::int64_t events{};
    void add(Sum const& more) {
      leads += more.leads;
      events += more.events;
    }
  };
  using BySegment = std::map<storage::SaleSegment, Sum>;
  struct Own {
    std::optional<std::int32_t> from;  // its first day that counts
    BySegment sums;
  };
  [[nodiscard]] BySegment sum_from(std::int32_t day) const;

  std::int32_t first_;
  PastFindings const& past_;
  std::map<std::int64_t, Own> own_;
  std::map<std::int32_t, BySegment> all_;  // by day: buyers do not all begin on the same one
  bool closed_{true};
};

}  // namespace leadex::app
