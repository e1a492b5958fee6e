// How well the estimate of conversion foretells leads it has not seen: the bank-marketing corpus in
// the order of its file, which is that of time, while the share of the won rises. Static: one fit
// on the first part. Progressive: each block by a fit on what was known before it, as the server's
// versions are made.

#include <cstdio>
#include <string>

#include "matching/quality/conversion_model.hpp"
#include "tests/bench/figures.hpp"
#include "tests/matching/quality/bank_marketing.hpp"

namespace leadex::bench {
namespace {

namespace q = quality;
using Estimates = std::vector<std::optional<std::int64_t>>;

void print_judged(std::string const& name, Estimates const& estimates,
                  std::span<q::KnownLead const> leads) {
  auto const judged = q::judge_estimates(estimates, leads);
  if (judged.won == 0) return;
  print_figure(name + ": AUC", "", static_cast<double>(judged.auc_ppm) / 1e6);
  print_figure(name + ": predicted ÷ observed", "×",
               static_cast<double>(judged.foretold_milli) / 1e3 / static_cast<double>(judged.won));
}

Estimates foretell(q::ConversionModel const& model, std::span<q::KnownLead const> leads) {
  Estimates estimates;
  for (auto const& one : leads) estimates.emplace_back(model.foretell_ppm(one.lead));
  return estimates;
}

void print_tenths(Estimates const& estimates, std::span<q::KnownLead const> leads) {
  auto const tenth = leads.size() / 10;
  for (std::size_t k = 0; tenth > 0 && k < 10; ++k) {
    auto const judged = q::judge_estimates(std::span{estimates}.subspan(k * tenth, tenth),
                                           leads.subspan(k * tenth, tenth));
    if (judged.won == 0) continue;
    print_figure(
        "progressive, tenth " + std::to_string(k + 1) + " of the later part: predicted ÷ observed",
        "×", static_cast<double>(judged.foretold_milli) / 1e3 / static_cast<double>(judged.won));
  }
}

int run(q::BankMarketing data, std::size_t block) {
  auto const refused = q::fit_conversions(data.attributes, data.leads, {});
  bool const by_name = !refused && refused.error() == q::ModelError::known_after_sale;
  print_figure("duration refused by name", "1 = yes", by_name ? 1 : 0);
  if (!by_name) return 1;
  data.drop("duration");

  std::span<q::KnownLead const> const leads = data.leads;
  auto const half = leads.size() / 2;
  auto const later = leads.subspan(half);
  auto const share = [](std::span<q::KnownLead const> part) {
    return 100 * static_cast<double>(std::ranges::count_if(part, &q::KnownLead::won)) /
           static_cast<double>(part.size());
  };
  print_figure("won among the first tenth", "%", share(leads.first(leads.size() / 10)));
  print_figure("won among the last tenth", "%", share(leads.last(leads.size() / 10)));

  for (auto const tenths : {5U, 7U}) {
    auto const first = leads.size() * tenths / 10;
    auto const began = thread_cpu_seconds();
    auto const fitted = q::fit_conversions(data.attributes, leads.first(first), {});
    if (!fitted) return 1;
    auto const name = "static, fitted on the first " + std::to_string(tenths * 10) + " %";
    print_figure(name + ": the fit", "ms", (thread_cpu_seconds() - began) * 1e3);
    auto const rest = leads.subspan(first);
    auto const told = thread_cpu_seconds();
    auto const once = foretell(*fitted, rest);
    print_figure(name + ": an estimate", "ns",
                 (thread_cpu_seconds() - told) * 1e9 / static_cast<double>(rest.size()));
    print_judged(name + ", the rest foretold", once, rest);
  }

  auto const settings = q::progressive_settings();
  auto const all = q::foretell_progressively(data.attributes, leads, 0, block, settings);
  auto const tail = Estimates(all.begin() + static_cast<std::ptrdiff_t>(half), all.end());
  print_judged("progressive, the second half", tail, later);
  print_judged("progressive, all leads that had a version", all, leads);
  print_tenths(tail, later);
  return 0;
}

}  // namespace
}  // namespace leadex::bench

int main(int argc, char** argv) {
  std::span<char* const> const arguments{argv, static_cast<std::size_t>(argc)};
  auto const block = static_cast<std::size_t>(leadex::bench::count_option(arguments, "block", 100));
  auto const leads = leadex::bench::count_option(arguments, "leads", 1'000'000);
  auto data = leadex::quality::read_bank_marketing();
  if (!data) {
    std::fprintf(stderr, "NOT MEASURED: set LEADEX_SHARED_DATA to the shared corpora\n");
    return 0;
  }
  if (std::ssize(data->leads) > leads) data->leads.resize(static_cast<std::size_t>(leads));
  return leadex::bench::run(std::move(*data), block);
}
