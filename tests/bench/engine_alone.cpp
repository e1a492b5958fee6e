// leadex-bench-engine_alone: the matching engine without books, batches and database: leads
// auctioned per second, and its targeting index against evaluating every campaign.
//   --leads=N  to auction with a thousand campaigns (20000); a quarter of that with ten thousand

#include "billing/values/check.hpp"
#include "matching/targeting/expression.hpp"
#include "matching/targeting/index.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/trade_world.hpp"

namespace leadex::bench {

namespace {

namespace tg = targeting;

constexpr std::int64_t kNowUs = 1'800'000'000 * kUnit;
constexpr std::int64_t kBuyersPerCampaign = 5;  // campaigns that a buyer has
constexpr std::size_t kLinearLeads = 50;        // evaluated against every campaign

/// What a book of campaigns does to leads.
class Book {
 public:
  explicit Book(std::int64_t campaigns) : name_(std::to_string(campaigns / 1000) + "k campaigns") {
    begin(engine_, TradeWorld::rules(4), kNowUs);
    for (std::int64_t no = 1; no <= campaigns; ++no) {
      auto campaign = world_.picky(no, 1 + no / kBuyersPerCampaign);
      apply(campaign);
      apply(TradeWorld::fund(campaign, no));
      targeting_.push_back(std::move(campaign.terms.targeting));
    }
  }

  void time_offers(std::size_t count) {
    std::vector<market::Command> offers;
    for (std::size_t i = 0; i < count; ++i) offers.emplace_back(world_.offer(++leads_, 7, kNowUs));
    std::size_t auctions = 0;
    std::size_t sold = 0;
    auto const began = thread_cpu_seconds();
    for (auto const& offer : offers) {
      auto const outcome = apply(offer);
      auctions += outcome.number != 0 ? 1 : 0;
      sold += outcome.sold.size();
    }
    auto const spent = (thread_cpu_seconds() - began);
    auto const leads = static_cast<double>(count);
    print_figure("leads met by " + name_, "leads/s", leads / spent);
    print_figure("lead met by " + name_ + ": match, auction, award", "ns", spent * 1e9 / leads);
    print_figure("shares sold per lead, " + name_, "shares", static_cast<double>(sold) / leads);
    print_figure("auctions per lead, " + name_, "auctions", static_cast<double>(auctions) / leads);
  }

  void time_admissions(std::size_t count) {
    auto const began = thread_cpu_seconds();
    for (std::size_t i = 0; i < count; ++i) apply(market::AdmitRows{1, 64, 0});
    print_figure("64 rows of an upload admitted, " + name_, "ns",
                 (thread_cpu_seconds() - began) * 1e9 / static_cast<double>(count));
  }

  /// The same leads by the index and by the plain evaluation of every tree.
  void time_targeting(std::size_t count) {
    auto const schema = tg::Schema::make(TradeWorld::rules(4).attributes);
    tg::TextInterner texts;
    tg::TargetingIndex index{*schema};
    std::vector<tg::Expression> trees;
    for (auto const& bytes : targeting_) {
      auto tree = tg::decode(std::as_bytes(std::span{bytes}), *schema, texts);
      LEADEX_CHECK(tree.has_value());
      auto const slot = static_cast<tg::CampaignSlot>(trees.size());
      LEADEX_CHECK(index.insert(slot, *tree).has_value());
      trees.push_back(std::move(*tree));
    }
    std::vector<tg::AttributeValues> leads;
    for (std::size_t i = 0; i < count; ++i) leads.push_back(values(*schema));
    tg::MatchBuffer buffer;
    std::size_t hits = 0;
    auto began = thread_cpu_seconds();
    for (auto const& lead : leads) {
      index.match(lead, buffer);
      hits += buffer.slots.size();
    }
    auto const by_index = (thread_cpu_seconds() - began) * 1e9 / static_cast<double>(count);
    auto const few = std::min(count, kLinearLeads);
    began = thread_cpu_seconds();
    for (std::size_t i = 0; i < few; ++i) {
      std::size_t found = 0;
      for (auto const& tree : trees) found += tg::evaluate(tree, leads[i]) ? 1 : 0;
      index.match(leads[i], buffer);
      LEADEX_CHECK(found == buffer.slots.size());
    }
    auto const linear = (thread_cpu_seconds() - began) * 1e9 / static_cast<double>(few) - by_index;
    print_figure("targeting index, " + name_, "ns", by_index);
    print_figure("every campaign evaluated, " + name_, "ns", linear);
    print_figure("every campaign evaluated ÷ targeting index, " + name_, "×", linear / by_index);
    print_figure("campaigns that want a lead, " + name_, "campaigns",
                 static_cast<double>(hits) / static_cast<double>(count));
  }

 private:
  market::Outcome apply(market::Command const& command) {
    auto applied = engine_.apply(from_unix_micros(kNowUs), command);
    LEADEX_CHECK(applied.outcome.refusal == market::Refusal::none);
    return std::move(applied.outcome);
  }

  tg::AttributeValues values(tg::Schema const& schema) {
    auto filled = schema.blank();
    auto const offer = world_.offer(1, 7, kNowUs);
    for (std::size_t i = 0; i < offer.attributes.size(); ++i) {
      auto const& given = offer.attributes[i];
      auto const at = static_cast<tg::AttributeIndex>(i);
      filled[i] = given.kind == market::AttributeText::Kind::text ? *schema.choice(at, given.text)
                                                                  : given.number;
    }
    return filled;
  }

  std::string name_;
  TradeWorld world_{7};
  market::Engine engine_;
  std::vector<std::string> targeting_;
  std::int64_t leads_{};
};

}  // namespace

}  // namespace leadex::bench

int main(int argc, char** argv) {
  std::span<char* const> const arguments{argv, static_cast<std::size_t>(argc)};
  auto const leads =
      static_cast<std::size_t>(leadex::bench::count_option(arguments, "leads", 20'000));
  for (auto const& [campaigns, part] : {std::pair{1'000, 1U}, {10'000, 4U}}) {
    leadex::bench::Book book{campaigns};
    book.time_offers(leads / part + 1);
    book.time_admissions(leads);
    book.time_targeting(leads / part + 1);
  }
  return 0;
}
