#pragma once
// A market with a points table, for tests of scores, stages and estimates.

#include "matching/quality/score_table.hpp"
#include "tests/server/api/trade_harness.hpp"

namespace leadex::api {

inline constexpr char const* kScoring =
    R"("scoring":{"base":5,"qualified_from":50,"profile":[)"
    R"({"attribute":"state","in":["CA"],"points":20,"reason":"home_state"},)"
    R"({"attribute":"age","gte":25,"lte":60,"points":10,"reason":"working_age"},)"
    R"({"attribute":"age","lte":18,"points":-40,"reason":"too_young"}],)"
    R"("document":[{"fact":"email","points":10,"reason":"has_email"},)"
    R"({"fact":"email_and_phone","points":15,"reason":"has_both"},)"
    R"({"fact":"full_name","points":5,"reason":"has_name"},)"
    R"({"fact":"certificate","points":30,"reason":"certified"}],)"
    R"("form":[{"fact":"landing_page","points":7,"reason":"page_known"},)"
    R"({"vehicles":["web_form","ad"],"points":3,"reason":"by_form"}],)"
    R"("behaviour":[{"of":"freshness","half_life_s":7200,"points":20,"reason":"fresh"},)"
    R"({"of":"touchpoints","half_life_s":86400,"count_max":3,"points":4,"reason":"touched"}]})";

class ScoredMarket : public TradeHarness {
 protected:
  [[nodiscard]] std::string market_more() const override { return std::string{","} + kScoring; }

  Reply score_of(std::string const& lead, std::string const& key) {
    return get("/v1/leads/" + lead + "/score", key);
  }
  [[nodiscard]] static std::int64_t sum_of(Reply const& score) {
    std::int64_t sum = 0;
    for (auto const& line : score.find("log")->GetArray()) {
      sum += json::find_member(line, "points")->GetInt64();
    }
    return sum;
  }
  [[nodiscard]] std::int64_t number_of(Account const& account) const {
    return context_.ids.open_as<AccountId>(account.id)->no;
  }
};

}  // namespace leadex::api
