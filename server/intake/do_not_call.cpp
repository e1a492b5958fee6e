#include "server/intake/do_not_call.hpp"

#include <algorithm>
#include <set>

#include "server/privacy/blind_index.hpp"

namespace leadex::intake {

namespace asio = boost::asio;
using storage::StoreError;

std::chrono::days do_not_call_age(Timestamp version_at, Timestamp now) {
  return std::max(std::chrono::floor<std::chrono::days>(now - version_at), std::chrono::days{0});
}

RowFault do_not_call_fault(RowCode code) {
  return {code, std::string{pointer_of(Column::phone)},
          code == RowCode::do_not_call
              ? "The phone number is on the do-not-call list of its country."
              : "The country's do-not-call list is missing or older than 31 days: staff have to "
                "load a newer one."};
}

std::string do_not_call_digest(privacy::KeyRing const& keys, std::string_view e164) {
  auto const digest = privacy::blind_index(keys, privacy::BlindField::phone, e164);
  return std::string{crypto::view_of(digest)};
}

asio::awaitable<Result<std::optional<std::string>, StoreError>> DoNotCall::rule_of(
    MarketNo market, std::int32_t version) {
  {
    std::lock_guard const lock(guard_);
    auto const known = rules_.find(market);
    if (known != rules_.end() && known->second.first == version) co_return known->second.second;
  }
  auto const rule = co_await lists_.rule_of(market, version);
  if (!rule) co_return refuse(rule.error());
  std::lock_guard const lock(guard_);
  rules_.insert_or_assign(market, std::pair{version, *rule});
  co_return *rule;
}

asio::awaitable<Result<std::vector<DoNotCall::Hit>, StoreError>> DoNotCall::find(
    MarketNo market, std::int32_t version, std::vector<CheckedLead const*> leads, Timestamp now) {
  std::vector<Hit> hits;
  auto const country = co_await rule_of(market, version);
  if (!country) co_return refuse(country.error());
  if (!*country) co_return hits;
  // Numbers of other countries are on no list that this market looks at.
  std::vector<std::pair<std::size_t, std::string>> asked;
  for (std::size_t place = 0; place < leads.size(); ++place) {
    auto const& phone = leads[place]->phone;
    if (phone && is_at_home(*phone, **country)) {
      asked.emplace_back(place, do_not_call_digest(keys_, phone->e164));
    }
  }
  if (asked.empty()) co_return hits;
  std::vector<std::string> digests;
  for (auto const& [place, digest] : asked) digests.push_back(digest);
  auto const look = co_await lists_.look(**country, std::move(digests));
  if (!look) co_return refuse(look.error());
  bool const stale =
      !look->version_at || do_not_call_age(*look->version_at, now) > kDoNotCallAgeMax;
  std::set<std::string> const listed(look->listed.begin(), look->listed.end());
  for (auto const& [place, digest] : asked) {
    // A number that an old list has is on the new one too, most likely: told as what it is.
    if (listed.contains(digest)) {
      hits.push_back({place, RowCode::do_not_call});
    } else if (stale) {
      hits.push_back({place, RowCode::do_not_call_stale});
    }
  }
  co_return hits;
}

}  // namespace leadex::intake
