#include "matching/quality/source_taxonomy.hpp"

#include <algorithm>
#include <iterator>
#include <ranges>
#include <set>

#include "matching/targeting/schema.hpp"

namespace leadex::quality {

namespace {

constexpr std::int32_t kVehicles = static_cast<std::int32_t>(std::size(targeting::kVehicles));

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool has_prefix(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && same(text.substr(0, prefix.size()), prefix);
}

bool has_within(std::string_view text, std::string_view part) {
  return !std::ranges::search(text, part, {}, lower, lower).empty() || part.empty();
}

bool is_below(std::string_view host, std::string_view domain) {
  if (host.size() < domain.size() || domain.empty()) return false;
  auto const cut = host.size() - domain.size();
  return same(host.substr(cut), domain) && (cut == 0 || host[cut - 1] == '.');
}

bool holds(SourceTest const& test, std::string_view told) {
  switch (test.match) {
    case SourceMatch::equals:
      return same(told, test.value);
    case SourceMatch::prefix:
      return has_prefix(told, test.value);
    case SourceMatch::contains:
      return has_within(told, test.value);
    case SourceMatch::domain:
      return is_below(told, test.value);
    case SourceMatch::given:
      break;
  }
  return !told.empty();
}

bool is_plain(std::string_view text, std::size_t bytes_max) {
  return !text.empty() && text.size() <= bytes_max &&
         std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

// Goes through the parts in their order; the faults come in it too.
class Check {
 public:
  explicit Check(Taxonomy const& taxonomy) : taxonomy_(taxonomy) {}

  std::vector<TaxonomyFault> run() {
    words();
    if (taxonomy_.reasons.size() > kTaxonomyReasonsMax) {
      fail("/reasons", "too_many", "Too many reasons.");
    }
    if (taxonomy_.rules.size() > kTaxonomyRulesMax) fail("/rules", "too_many", "Too many rules.");
    for (std::size_t i = 0; i < taxonomy_.rules.size(); ++i) {
      rule(taxonomy_.rules[i], "/rules/" + std::to_string(i));
    }
    return std::move(faults_);
  }

 private:
  void fail(std::string pointer, std::string_view code, std::string_view detail) {
    faults_.push_back({std::move(pointer), code, detail});
  }

  void words() {
    for (std::size_t i = 0; i < taxonomy_.vehicles.size(); ++i) {
      auto const& word = taxonomy_.vehicles[i];
      auto const pointer = "/vehicles/" + std::to_string(i);
      if (word.vehicle < 0 || word.vehicle >= kVehicles) {
        fail(pointer + "/vehicle", "vehicle_invalid", "This is none of the known vehicles.");
      } else if (!vehicles_.insert(word.vehicle).second) {
        fail(pointer + "/vehicle", "duplicate", "This vehicle stands twice.");
      }
      title(word.title, pointer);
    }
    for (std::size_t i = 0; i < taxonomy_.reasons.size(); ++i) {
      auto const& word = taxonomy_.reasons[i];
      auto const pointer = "/reasons/" + std::to_string(i);
      if (!is_plain(word.reason, kTaxonomyNameBytesMax)) {
        fail(pointer + "/reason", "text_invalid", "A reason has 1 to 128 plain bytes.");
      } else if (!reasons_.insert(word.reason).second) {
        fail(pointer + "/reason", "duplicate", "This reason stands twice.");
      }
      title(word.title, pointer);
    }
  }

  void title(std::string const& text, std::string const& pointer) {
    if (!is_plain(text, kTaxonomyNameBytesMax)) {
      fail(pointer + "/title", "text_invalid", "A title has 1 to 128 plain bytes.");
    }
  }

  void rule(SourceRule const& rule, std::string const& pointer) {
    if (rule.vehicle == kNoVehicle && rule.reason.empty()) {
      fail(pointer, "rule_empty", "A rule says a vehicle, a reason or both.");
    }
    if (rule.vehicle != kNoVehicle && !vehicles_.contains(rule.vehicle)) {
      fail(pointer + "/vehicle", "vehicle_unknown", "The taxonomy does not list this vehicle.");
    }
    if (!rule.reason.empty() && !reasons_.contains(rule.reason)) {
      fail(pointer + "/reason", "reason_unknown", "The taxonomy does not list this reason.");
    }
    if (rule.tests.empty() || rule.tests.size() > kRuleTestsMax) {
      fail(pointer + "/when", "out_of_range", "A rule has 1 to 8 tests.");
    }
    for (std::size_t i = 0; i < rule.tests.size(); ++i) {
      test(rule.tests[i], pointer + "/when/" + std::to_string(i));
    }
  }

  void test(SourceTest const& test, std::string const& pointer) {
    // With an empty value only "was not told" says something.
    bool const empty_is_good =
        test.match == SourceMatch::given || test.match == SourceMatch::equals;
    bool const good = test.value.empty() ? empty_is_good
                                         : is_plain(test.value, kTaxonomyValueBytesMax) &&
                                               test.match != SourceMatch::given;
    if (!good) fail(pointer + "/value", "text_invalid", "This test cannot use that value.");
  }

  Taxonomy const& taxonomy_;
  std::set<std::int32_t> vehicles_;
  std::set<std::string_view> reasons_;
  std::vector<TaxonomyFault> faults_;
};

}  // namespace

std::vector<TaxonomyFault> faults_of(Taxonomy const& taxonomy) { return Check{taxonomy}.run(); }

SourceClass classify(Taxonomy const& taxonomy, SourceClues const& clues) {
  SourceClass found;
  for (auto const& rule : taxonomy.rules) {
    bool const tells_vehicle = found.vehicle == kNoVehicle && rule.vehicle != kNoVehicle;
    bool const tells_reason = found.reason.empty() && !rule.reason.empty();
    if (!tells_vehicle && !tells_reason) continue;
    auto const good = [&](SourceTest const& test) {
      return holds(test, clues[static_cast<std::size_t>(test.field)]);
    };
    if (!std::ranges::all_of(rule.tests, good)) continue;
    if (tells_vehicle) found.vehicle = rule.vehicle;
    if (tells_reason) found.reason = rule.reason;
  }
  return found;
}

}  // namespace leadex::quality
