// leadex-bench-targeting: the targeting index alone: all hits of a lead and the best ten, memory,
// changes, and leads met while campaigns change; against evaluating every campaign.
//   --campaigns=N      of the one book to measure; without it 1k, 10k, 100k and 1M
//   --attributes= --predicates= --values= --ranges=% --bounds= --texts=% --negations=% --eligible=%
//   --hits= --by_place=0|1 --seed=    see TargetingKnobs
//   --growing=1        hits are of a book of 10,000 and grow with the book; else the same in all
//   --updates=PERCENT  of the campaigns that change per second (1)
//   --leads=N          different leads (4096)   --milliseconds=N  of each measurement (1000)

#include <memory>
#include <optional>

#include "billing/values/check.hpp"
#include "matching/targeting/index.hpp"
#include "tests/bench/counted_memory.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/targeting_workload.hpp"

namespace leadex::bench {
namespace {

namespace tg = targeting;

constexpr std::size_t kBest = 10;
constexpr std::size_t kLinearLeads = 5;
constexpr std::int64_t kLinearCampaignsMax = 100'000;  // trees of more do not fit

struct Plan {
  TargetingKnobs knobs;
  std::size_t leads{};
  double seconds{};
  std::int64_t updates_percent{};
};

std::string short_count(std::int64_t count) {
  if (count >= 1'000'000) return std::to_string(count / 1'000'000) + "M";
  return count >= 1'000 ? std::to_string(count / 1'000) + "k" : std::to_string(count);
}

class Book {
 public:
  explicit Book(Plan const& plan)
      : plan_(plan),
        workload_(plan.knobs),
        name_(", " + short_count(plan.knobs.campaigns) + " campaigns"),
        edits_(static_cast<std::size_t>(plan.knobs.campaigns)) {
    for (std::size_t i = 0; i < plan.leads; ++i) leads_.push_back(workload_.lead(i));
    auto const before = heap_bytes();
    index_ = std::make_unique<tg::TargetingIndex>(workload_.schema());
    auto const began = thread_cpu_seconds();
    for (tg::CampaignSlot slot = 0; slot < edits_.size(); ++slot) {
      put(slot);
      if (!workload_.eligible(slot)) index_->set_eligible(slot, false);
    }
    auto const campaigns = static_cast<double>(edits_.size());
    print_figure("campaign made and inserted" + name_, "ns",
                 (thread_cpu_seconds() - began) * 1e9 / campaigns);
    print_figure("index memory" + name_, "bytes/campaign",
                 static_cast<double>(heap_bytes() - before) / campaigns);
  }

  /// Returns ns per lead for all hits and for the best ten.
  std::pair<double, double> time_matches() {
    std::size_t hits = 0;
    auto const all = time_leads([&](auto const& lead) {
      index_->match(lead, buffer_);
      hits += buffer_.slots.size();
    });
    print_figure("all hits" + name_, "ns", all);
    print_figure("hits per lead" + name_, "campaigns",
                 static_cast<double>(hits) / static_cast<double>(met_));
    auto const best =
        time_leads([&](auto const& lead) { index_->match_best(lead, kBest, buffer_); });
    print_figure("best ten" + name_, "ns", best);
    return {all, best};
  }

  /// Against the plain evaluation of every tree; also checks that both find the same.
  void compare_with_linear(double all_ns) {
    bool const kept = plan_.knobs.campaigns <= kLinearCampaignsMax;
    std::vector<tg::Expression> trees;
    for (tg::CampaignSlot slot = 0; kept && slot < edits_.size(); ++slot) {
      trees.push_back(workload_.tree(slot, edits_[slot]));
    }
    double spent = 0;
    auto const count = std::min(kLinearLeads, leads_.size());
    for (std::size_t i = 0; i < count; ++i) {
      std::vector<tg::CampaignSlot> found;
      auto const began = thread_cpu_seconds();
      for (tg::CampaignSlot slot = 0; slot < edits_.size(); ++slot) {
        if (!index_->eligible(slot)) continue;
        bool const wants = kept ? tg::evaluate(trees[slot], leads_[i])
                                : tg::evaluate(workload_.tree(slot, edits_[slot]), leads_[i]);
        if (wants) found.push_back(slot);
      }
      spent += thread_cpu_seconds() - began;
      index_->match(leads_[i], buffer_);
      LEADEX_CHECK(buffer_.slots == found);
    }
    if (!kept) return;
    auto const linear = spent * 1e9 / static_cast<double>(count);
    print_figure("every campaign evaluated" + name_, "ns", linear);
    print_figure("every campaign evaluated ÷ all hits" + name_, "×", linear / all_ns);
  }

  void time_changes() {
    auto const count = std::min<std::size_t>(edits_.size(), 20'000);
    time_change("targeting replaced", count, [&](tg::CampaignSlot slot) {
      ++edits_[slot];
      auto const tree = workload_.tree(slot, edits_[slot]);
      auto const rank = workload_.rank(slot, edits_[slot]);
      auto const began = Clock::now();
      LEADEX_CHECK(index_->insert(slot, tree, rank).has_value());
      return Clock::now() - began;
    });
    time_change("rank changed", count, [&](tg::CampaignSlot slot) {
      auto const rank = workload_.rank(slot, edits_[slot] + 1000);
      auto const began = Clock::now();
      index_->set_rank(slot, rank);
      return Clock::now() - began;
    });
    time_change("masked and unmasked", count, [&](tg::CampaignSlot slot) {
      bool const eligible = index_->eligible(slot);
      auto const began = Clock::now();
      index_->set_eligible(slot, !eligible);
      index_->set_eligible(slot, eligible);
      return Clock::now() - began;
    });
  }

  /// One lead after the other, idle and then with changes in between at a steady rate.
  void time_under_updates() {
    for (bool const best : {false, true}) {
      std::string const what = best ? "best ten" : "all hits";
      auto idle = latencies(best, 0);
      auto busy = latencies(
          best,
          static_cast<double>(edits_.size() * static_cast<std::size_t>(plan_.updates_percent)) /
              100);
      print_figure(what + " p50, idle" + name_, "ns", percentile(idle, 0.5));
      print_figure(what + " p99, idle" + name_, "ns", percentile(idle, 0.99));
      print_figure(what + " p50, with updates" + name_, "ns", percentile(busy, 0.5));
      print_figure(what + " p99, with updates" + name_, "ns", percentile(busy, 0.99));
      print_figure(what + " p99 with updates ÷ idle" + name_, "×",
                   percentile(busy, 0.99) / percentile(idle, 0.99));
    }
  }

 private:
  void put(tg::CampaignSlot slot) {
    LEADEX_CHECK(
        index_->insert(slot, workload_.tree(slot, edits_[slot]), workload_.rank(slot, edits_[slot]))
            .has_value());
  }

  template <class Meet>
  double time_leads(Meet meet) {
    met_ = 0;
    auto const began = thread_cpu_seconds();
    double spent = 0;
    do {
      for (auto const& lead : leads_) meet(lead);
      met_ += leads_.size();
      spent = thread_cpu_seconds() - began;
    } while (spent < plan_.seconds);
    return spent * 1e9 / static_cast<double>(met_);
  }

  template <class Change>
  void time_change(std::string const& what, std::size_t count, Change change) {
    std::vector<double> took;
    for (std::size_t i = 0; i < count; ++i) {
      auto const slot = static_cast<tg::CampaignSlot>(i * 7919 % edits_.size());
      took.push_back(std::chrono::duration<double, std::nano>(change(slot)).count());
    }
    double total = 0;
    for (auto const one : took) total += one;
    print_figure(what + name_, "ns", total / static_cast<double>(count));
    print_figure(what + ", p99" + name_, "ns", percentile(took, 0.99));
    print_figure(what + ", slowest of " + short_count(static_cast<std::int64_t>(count)) + name_,
                 "ns", percentile(took, 1.0));
  }

  // A third of the changes each: new targeting, new bid, masked or not.
  void change_one(std::uint64_t no) {
    auto const slot = static_cast<tg::CampaignSlot>(no * 7919 % edits_.size());
    if (no % 3 == 2) return index_->set_eligible(slot, !index_->eligible(slot));
    if (no % 3 == 1) return index_->set_rank(slot, workload_.rank(slot, no));
    ++edits_[slot];
    put(slot);
  }

  std::vector<double> latencies(bool best, double changes_per_second) {
    std::vector<double> took;
    auto const began = Clock::now();
    std::uint64_t changes = 0;
    for (std::size_t i = 0;; ++i) {
      auto const start = Clock::now();
      auto const elapsed = std::chrono::duration<double>(start - began).count();
      if (elapsed > plan_.seconds) return took;
      if (static_cast<double>(changes) < elapsed * changes_per_second) {
        change_one(changes++);
        continue;
      }
      auto const& lead = leads_[i % leads_.size()];
      best ? index_->match_best(lead, kBest, buffer_) : index_->match(lead, buffer_);
      took.push_back(std::chrono::duration<double, std::nano>(Clock::now() - start).count());
    }
  }

  Plan plan_;
  TargetingWorkload workload_;
  std::string name_;
  std::vector<std::uint32_t> edits_;  // by slot
  std::vector<tg::AttributeValues> leads_;
  std::unique_ptr<tg::TargetingIndex> index_;
  tg::MatchBuffer buffer_;
  std::size_t met_{};
};

// Like count_option, but 0 is a number too.
std::optional<std::int64_t> knob(std::span<char* const> arguments, std::string_view name) {
  auto const zero = "--" + std::string{name} + "=0";
  for (std::string_view const argument : arguments) {
    if (argument == zero) return 0;
  }
  auto const given = count_option(arguments, name, std::numeric_limits<std::int64_t>::max());
  if (given == std::numeric_limits<std::int64_t>::max()) return std::nullopt;
  return given;
}

Plan plan_of(std::span<char* const> arguments) {
  Plan plan;
  auto& knobs = plan.knobs;
  auto const set = [&](std::string_view name, std::int64_t& value) {
    value = knob(arguments, name).value_or(value);
  };
  set("attributes", knobs.attributes);
  set("predicates", knobs.predicates);
  set("values", knobs.values);
  set("ranges", knobs.ranges);
  set("bounds", knobs.bounds);
  set("texts", knobs.texts);
  set("negations", knobs.negations);
  set("eligible", knobs.eligible);
  set("hits", knobs.hits);
  set("by_place", knobs.by_place);
  set("seed", knobs.seed);
  plan.leads = static_cast<std::size_t>(count_option(arguments, "leads", 4096));
  plan.seconds = static_cast<double>(count_option(arguments, "milliseconds", 1000)) / 1000;
  plan.updates_percent = knob(arguments, "updates").value_or(1);
  return plan;
}

void measure(Plan const& plan, std::vector<std::pair<double, double>>& times) {
  Book book{plan};
  times.push_back(book.time_matches());
  book.compare_with_linear(times.back().first);
  book.time_under_updates();
  book.time_changes();
  book.compare_with_linear(times.back().first);
}

}  // namespace
}  // namespace leadex::bench

int main(int argc, char** argv) {
  namespace bench = leadex::bench;
  std::span<char* const> const arguments{argv, static_cast<std::size_t>(argc)};
  auto plan = bench::plan_of(arguments);
  auto const hits = plan.knobs.hits;
  bool const growing = bench::knob(arguments, "growing").value_or(0) != 0;
  std::vector<std::int64_t> sizes{1'000, 10'000, 100'000, 1'000'000};
  if (auto const one = bench::knob(arguments, "campaigns")) sizes = {*one};
  std::vector<std::pair<double, double>> times;
  for (auto const size : sizes) {
    plan.knobs.campaigns = size;
    if (growing) plan.knobs.hits = std::max<std::int64_t>(hits * size / 10'000, 1);
    bench::measure(plan, times);
  }
  if (times.size() == 4) {
    bench::print_figure("all hits, 1M ÷ 10k campaigns", "×", times[3].first / times[1].first);
    bench::print_figure("best ten, 1M ÷ 10k campaigns", "×", times[3].second / times[1].second);
  }
  return 0;
}
