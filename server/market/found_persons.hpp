#pragma once
// FoundPersons: what a look-up found of persons, by digest, handed to the submissions that asked.
// Of the actor; lives no longer than the look-up.

#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "server/market/submission.hpp"
#include "server/storage/market_store.hpp"

namespace leadex::market {

/// What a look-up found of persons, by digest, handed to the submissions that asked.
class FoundPersons {
 public:
  explicit FoundPersons(storage::LookedUp const& found) {
    for (auto const& person : found.persons) persons_[person.digest] = &person;
    for (auto const& holder : found.holders) holders_[holder.digest].push_back(holder.buyer_no);
    for (auto const& lead : found.leads) leads_[lead.digest].push_back(&lead);
    for (auto const& lead : found.unsold) unsold_[lead.lead_no] = lead.generator_no;
    elsewhere_.insert(found.elsewhere.begin(), found.elsewhere.end());
    for (auto const& click : found.clicks) clicks_[click.visitor].push_back(&click);
  }
  /// Persons of a lead or of an upload's rows that are known in the market.
  [[nodiscard]] std::vector<storage::FoundPerson> claimed(Submission const& s) const {
    std::vector<storage::FoundPerson> claimed;
    auto const note = [&](std::string const& digest) {
      auto const at = persons_.find(digest);
      if (at != persons_.end()) claimed.push_back(*at->second);
    };
    for (auto const& digest : s.persons) note(digest);
    for (auto const& row : s.admissions) {
      for (auto const& digest : row.digests) note(digest);
    }
    return claimed;
  }
  /// Those of them that another market of the group has or holds, ascending.
  [[nodiscard]] std::vector<std::string> elsewhere(Submission const& s) const {
    std::vector<std::string> known;
    if (elsewhere_.empty()) return known;
    auto const note = [&](std::string const& digest) {
      if (elsewhere_.contains(digest)) known.push_back(digest);
    };
    for (auto const& digest : s.persons) note(digest);
    for (auto const& row : s.admissions) {
      for (auto const& digest : row.digests) note(digest);
    }
    std::ranges::sort(known);
    return known;
  }
  /// Of the leads that have these persons those that left the market unsold.
  [[nodiscard]] std::vector<storage::UnsoldLead> unsold(
      std::vector<storage::FoundPerson> const& persons) const {
    std::vector<storage::UnsoldLead> leads;
    for (auto const& person : persons) {
      auto const at = unsold_.find(person.lead_no);
      if (at != unsold_.end()) leads.push_back({person.lead_no, at->second});
    }
    return leads;
  }
  /// Buyers whose own list has a person of that lead.
  [[nodiscard]] std::vector<std::int64_t> holders(Submission const& s) const {
    std::vector<std::int64_t> buyers;
    for (auto const& digest : s.persons) {
      auto const at = holders_.find(digest);
      if (at == holders_.end()) continue;
      buyers.insert(buyers.end(), at->second.begin(), at->second.end());
    }
    return buyers;
  }
  /// Leads of the persons that are to be withheld, earlier ones too.
  [[nodiscard]] std::vector<storage::FoundLead> leads(Submission const& s) const {
    std::vector<storage::FoundLead> leads;
    for (auto const& digest : s.withhold_persons) {
      auto const at = leads_.find(digest);
      if (at == leads_.end()) continue;
      for (auto const* lead : at->second) leads.push_back(*lead);
    }
    return leads;
  }
  /// What was paid for the visitor of that click.
  [[nodiscard]] std::vector<storage::FoundClick> clicks(Submission const& s) const {
    std::vector<storage::FoundClick> clicks;
    if (!s.click) return clicks;
    auto const at = clicks_.find(s.click->visitor);
    if (at == clicks_.end()) return clicks;
    for (auto const* click : at->second) clicks.push_back(*click);
    return clicks;
  }

 private:
  std::unordered_map<std::string, std::vector<storage::FoundClick const*>> clicks_;
  std::unordered_map<std::string, storage::FoundPerson const*> persons_;
  std::unordered_set<std::string> elsewhere_;
  std::unordered_map<std::int64_t, std::int64_t> unsold_;  // generator by lead
  std::unordered_map<std::string, std::vector<std::int64_t>> holders_;
  std::unordered_map<std::string, std::vector<storage::FoundLead const*>> leads_;
};

}  // namespace leadex::market
