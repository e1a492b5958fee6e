// leadex-bench-posts: posts leads of the bank file over HTTPS at a steady rate and prints how long
// they took, from the instant at which each was due, so that one slow answer does not hide the
// next.
//   leadex-bench-posts --base-url URL --ca-file PEM --key KEY --market ID --in BANK_CSV
//     [--seconds 20] [--rate 50] [--connections 8] [--seed 1] [--what WORDS]
// Prints median and p99 as figures, named "posts WORDS". Fails when a post was refused.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "server/http/api_client.hpp"
#include "tests/bench/figures.hpp"
#include "tests/support/lead_file.hpp"

namespace {

using leadex::bench::Clock;

struct Plan {
  std::map<std::string, std::string> words;
  std::uint64_t seconds = 20;
  std::uint64_t rate = 50;
  std::uint64_t connections = 8;
  std::uint64_t seed = 1;
};

struct Tally {
  std::vector<double> milliseconds;
  std::uint64_t refused = 0;
  std::string first_refusal;
};

bool read_plan(int count, char** words, Plan& plan) {
  for (int i = 1; i + 1 < count; i += 2) plan.words[words[i]] = words[i + 1];
  auto const number = [&](char const* name, std::uint64_t& into) {
    auto const found = plan.words.find(name);
    if (found != plan.words.end()) into = std::stoull(found->second);
  };
  number("--seconds", plan.seconds);
  number("--rate", plan.rate);
  number("--connections", plan.connections);
  number("--seed", plan.seed);
  bool const places = std::ranges::all_of(
      std::to_array<char const*>({"--base-url", "--ca-file", "--key", "--market", "--in"}),
      [&](char const* name) { return plan.words.contains(name); });
  return count % 2 == 1 && places && plan.rate > 0 && plan.connections > 0 && plan.seconds > 0;
}

/// The connection's share of the posts: those whose number is `first` modulo the connections.
void post_leads(Plan const& plan, leadex::test::LeadFile const& file, Clock::time_point begin,
                std::uint64_t first, Tally& tally) {
  leadex::http::ApiClient client{
      {.base_url = plan.words.at("--base-url"), .ca_file = plan.words.at("--ca-file")}};
  auto const posts = plan.seconds * plan.rate;
  for (auto post = first; post < posts; post += plan.connections) {
    auto body = file.row(post + 1).text;
    body.insert(1, "\"market\":\"" + plan.words.at("--market") + "\",");
    leadex::http::Headers const headers{
        {"Authorization", "Bearer " + plan.words.at("--key")},
        {"Content-Type", "application/json"},
        {"Idempotency-Key", std::to_string(plan.seed) + "-" + std::to_string(post)}};
    auto const due = begin + std::chrono::microseconds{post * 1'000'000 / plan.rate};
    std::this_thread::sleep_until(due);
    auto const answer = client.call("POST", "/v1/leads", headers, body);
    tally.milliseconds.push_back(
        std::chrono::duration<double, std::milli>(Clock::now() - due).count());
    if (answer && answer->status == 201) continue;
    if (tally.refused++ == 0) {
      tally.first_refusal = answer ? std::to_string(answer->status) + " " + answer->body
                                   : std::string{leadex::http::to_string(answer.error())};
    }
  }
}

}  // namespace

int main(int count, char** words) {
  Plan plan;
  if (!read_plan(count, words, plan)) {
    std::cerr << "usage: leadex-bench-posts --base-url URL --ca-file PEM --key KEY --market ID "
                 "--in BANK_CSV [--seconds N] [--rate N] [--connections N] [--seed N] [--what W]\n";
    return 2;
  }
  auto contacts = leadex::test::read_bank_contacts(plan.words.at("--in"));
  if (!contacts) {
    std::cerr << "leadex-bench-posts: the bank file cannot be read\n";
    return 1;
  }
  leadex::test::LeadFile const file{
      std::move(*contacts),
      {.rows = plan.seconds * plan.rate,
       .seed = plan.seed,
       .now = std::chrono::time_point_cast<leadex::Micros>(std::chrono::system_clock::now()),
       .fault_bp = 0,
       .format = leadex::test::LeadFormat::ndjson}};
  std::vector<Tally> tallies(plan.connections);
  std::vector<std::thread> threads;
  auto const begin = Clock::now() + std::chrono::milliseconds{200};
  for (std::uint64_t i = 0; i < plan.connections; ++i) {
    threads.emplace_back([&, i] { post_leads(plan, file, begin, i, tallies[i]); });
  }
  for (auto& thread : threads) thread.join();
  Tally all;
  for (auto const& tally : tallies) {
    all.milliseconds.insert(all.milliseconds.end(), tally.milliseconds.begin(),
                            tally.milliseconds.end());
    all.refused += tally.refused;
    if (all.first_refusal.empty()) all.first_refusal = tally.first_refusal;
  }
  if (all.refused > 0) {
    std::cerr << all.refused << " posts were refused: " << all.first_refusal << '\n';
    return 1;
  }
  auto const name = "posts " + plan.words["--what"];
  using leadex::bench::percentile;
  leadex::bench::print_figure(name + ", median", "ms", percentile(all.milliseconds, 0.5));
  leadex::bench::print_figure(name + ", p99", "ms", percentile(all.milliseconds, 0.99));
  return 0;
}
