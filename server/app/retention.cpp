#include "server/app/retention.hpp"

#include <optional>
#include <utility>

#include "server/observe/log.hpp"

namespace leadex::app {

namespace asio = boost::asio;
using asio::awaitable;
using storage::PrivacyStore;

namespace {

constexpr int kSlice = 1000;
constexpr int kVisitors = 10'000;
constexpr int kVisitorSlices = 100;

struct Slice {
  std::int64_t forgotten{};
  bool goes_on{};
};

/// The next leads of one market's walk, which is moved on. @return nothing when something failed
awaitable<std::optional<Slice>> do_slice(ForgetServices const& services, PrivacyStore::Walk& walk) {
  auto const aged = co_await services.store.past_retention(walk, kSlice);
  if (!aged) co_return std::nullopt;
  std::vector<PrivacyStore::AgedLead> leads;
  leads.reserve(aged->leads.size());
  for (auto const& lead : aged->leads) {
    LeadId const id{walk.market, lead.lead_no};
    leads.push_back({lead.lead_no, services.persons(id, lead, walk.country)});
  }
  auto const done =
      co_await services.store.forget_aged(walk, std::move(leads), aged->last_no, aged->whole);
  if (!done) co_return std::nullopt;
  walk.after_no = aged->last_no;
  co_return Slice{*done, !aged->whole};
}

/// In slices of a transaction each, so that the writers of clicks never wait long.
awaitable<std::int64_t> forget_visitors(PrivacyStore& store) {
  std::int64_t done = 0;
  for (int slice = 0; slice < kVisitorSlices; ++slice) {
    auto const some = co_await store.forget_visitors(kVisitors);
    if (!some) {
      log::warn("privacy.visitors", "visitors of more than a day ago are not forgotten yet");
      break;
    }
    done += *some;
    if (*some < kVisitors) break;
  }
  co_return done;
}

}  // namespace

awaitable<std::int64_t> run_retention(ForgetServices services, RetentionOptions options) {
  auto const until = std::chrono::steady_clock::now() + options.budget;
  if (options.anew && !co_await services.store.begin_walks()) co_return 0;
  std::int64_t done = 0;
  auto walks = co_await services.store.walks();
  if (!walks) co_return done;
  while (!walks->empty()) {
    std::vector<PrivacyStore::Walk> on;
    for (auto& walk : *walks) {
      auto const slice = co_await do_slice(services, walk);
      if (slice) done += slice->forgotten;
      if (slice && slice->goes_on) on.push_back(std::move(walk));
    }
    *walks = std::move(on);
    if (std::chrono::steady_clock::now() >= until) break;
  }
  co_return done + co_await forget_visitors(services.store);
}

}  // namespace leadex::app
