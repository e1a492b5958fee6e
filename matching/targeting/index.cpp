#include "matching/targeting/index.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "billing/values/check.hpp"
#include "matching/targeting/access.hpp"
#include "matching/targeting/cluster.hpp"
#include "matching/targeting/conjunction_table.hpp"
#include "matching/targeting/normal_form.hpp"

namespace leadex::targeting {
namespace {

constexpr std::size_t kWordBits = 64;
constexpr std::size_t kSampleMax = 256;  // conjunctions that a layout is made for
constexpr std::size_t kPlannedGrowth = 4;
constexpr std::size_t kLooksPerChange = 64;  // segments looked at for one that has an old layout

// How far match_best() has come in one cluster.
struct Cursor {
  std::span<Segment const> left;
  AttributeIndex attribute{};
  friend bool operator<(Cursor const& a, Cursor const& b) {
    return a.left.front().front() < b.left.front().front();
  }
};

// Hits come by rank and some twice: a bit per campaign sorts them in one pass. Both vectors are all
// clear before and after.
class SlotMarks {
 public:
  SlotMarks(std::vector<std::uint64_t>& marks, std::vector<std::uint64_t>& touched,
            std::size_t slots)
      : marks_(marks), touched_(touched) {
    auto const words = (slots + kWordBits - 1) / kWordBits;
    if (marks.size() >= words) return;
    marks.resize(words);
    touched.resize((words + kWordBits - 1) / kWordBits);
  }
  void set_if(bool wanted, CampaignSlot slot) {
    auto const word = slot / kWordBits;
    marks_[word] |= std::uint64_t{wanted} << (slot % kWordBits);
    touched_[word / kWordBits] |= std::uint64_t{wanted} << (word % kWordBits);
  }
  void move_to(std::vector<CampaignSlot>& slots) {
    for (std::size_t t = 0; t < touched_.size(); ++t) {
      for (auto some = touched_[t]; some != 0; some &= some - 1) {
        auto const word = t * kWordBits + static_cast<std::size_t>(std::countr_zero(some));
        for (auto bits = marks_[word]; bits != 0; bits &= bits - 1) {
          slots.push_back(static_cast<CampaignSlot>(
              word * kWordBits + static_cast<std::size_t>(std::countr_zero(bits))));
        }
        marks_[word] = 0;
      }
      touched_[t] = 0;
    }
  }

 private:
  std::vector<std::uint64_t>& marks_;
  std::vector<std::uint64_t>& touched_;  // over words of marks_
};

}  // namespace

struct TargetingIndex::Impl {
  explicit Impl(Schema given) : schema(std::move(given)) {}

  [[nodiscard]] Surroundings around(AttributeIndex skipped) { return {table, layouts, skipped}; }

  // visit(attribute, value) for each cluster of values that a conjunction stands in.
  template <class Visit>
  void for_each_copy(ConjunctionNo no, Visit visit) const {
    auto const access = table.at(no).access;
    table.pool().all_terms(table.at(no).terms, [&](TermView const& term) {
      if (term.attribute() != access) return true;
      for_each_value(term, [&](std::int64_t value) { visit(access, value); });
      return false;
    });
  }

  // visit(cluster, attribute) for each one that may hold what a lead is looking for.
  template <class Visit>
  void for_each_cluster(std::span<std::int64_t const> values, Visit visit) const {
    if (!others.empty()) visit(others, kNoAttribute);
    for (auto const attribute : clusters.attributes()) {
      if (auto const* cluster = clusters.find(attribute, values[attribute])) {
        visit(*cluster, attribute);
      }
    }
  }

  void put_in(CampaignSlot slot) {
    table.for_each_of(slot, [&](ConjunctionNo no) {
      if (table.at(no).access == kNoAttribute) return others.insert(no, around(kNoAttribute));
      for_each_copy(no, [&](AttributeIndex attribute, std::int64_t value) {
        clusters.reach(attribute, value).insert(no, around(attribute));
      });
    });
  }

  void take_out(CampaignSlot slot) {
    table.for_each_of(slot, [&](ConjunctionNo no) {
      if (table.at(no).access == kNoAttribute) return others.erase(no, around(kNoAttribute));
      for_each_copy(no, [&](AttributeIndex attribute, std::int64_t value) {
        clusters.find(attribute, value)->erase(no, around(attribute));
        clusters.drop_if_empty(attribute, value);
      });
    });
  }

  void clear(CampaignSlot slot) {
    take_out(slot);
    table.for_each_of(slot, [&](ConjunctionNo) { --live; });
    table.clear(slot);
  }

  void choose(std::span<std::int64_t const> values, std::array<ChosenRows, 2>& chosen) const {
    layouts.current().choose(values, chosen[layouts.current_tag()]);
    if (layouts.moving()) layouts.at(layouts.old_tag()).choose(values, chosen[layouts.old_tag()]);
  }

  // The layout follows the book: a new one when the book has grown much or asks for other things.
  // Segments move to it one per change, so that no change waits for all of them.
  void after_change() {
    if (layouts.moving()) return modernise_one();
    if (live < kPlannedGrowth * planned && !layouts.outdated(live)) return;
    planned = std::max(live, std::size_t{1});
    std::vector<TermRef> sample;
    auto const step = std::max<std::size_t>(table.slots_end() / kSampleMax, 1);
    for (std::size_t slot = 0; slot < table.slots_end(); slot += step) {
      auto const no = static_cast<CampaignSlot>(slot);
      if (table.occupied(no) && table.campaign(no).has_first) sample.push_back(table.at(no).terms);
    }
    layouts.replace({schema, table.pool(), sample});
    texts = {schema, table.pool(), sample};
  }

  void modernise_one() {
    for (auto looks = kLooksPerChange; looks > 0; --looks) {
      auto& cluster = next_cluster == 0 ? others : clusters.at(next_cluster - 1);
      auto const skipped =
          next_cluster == 0 ? kNoAttribute : clusters.attribute_of(next_cluster - 1);
      next_segment = cluster.modernise(next_segment, looks, around(skipped));
      if (looks == 0) return;
      next_segment = 0;
      next_cluster = next_cluster >= clusters.end() ? 0 : next_cluster + 1;
    }
  }

  // visit(no), until it returns false, for those that do want the lead. What the doubted ones ask
  // for is fetched some steps ahead, as each would wait for memory.
  template <class Visit>
  void ask(FoundList const& list, std::span<std::int64_t const> values, Visit visit) const {
    constexpr std::size_t kTermsAhead = 8;
    constexpr std::size_t kAhead = 16;
    auto const found = list.all();
    auto const fetch = [&](std::size_t i) {
      if (i < found.size()) table.prefetch(found[i].no);
    };
    auto const fetch_terms = [&](std::size_t i) {
      if (i < found.size() && found[i].doubted) table.prefetch_terms(found[i].no);
    };
    for (std::size_t i = 0; i < kAhead; ++i) fetch(i);
    for (std::size_t i = 0; i < kTermsAhead; ++i) fetch_terms(i);
    for (std::size_t i = 0; i < found.size(); ++i) {
      fetch(i + kAhead);
      fetch_terms(i + kTermsAhead);
      auto const [no, doubted] = found[i];
      if (doubted && !(table.eligible(no) && table.accepts(no, values))) continue;
      if (!visit(no)) return;
    }
  }

  Schema schema;
  ConjunctionTable table;
  Layouts layouts;
  TextCounts texts;
  Cluster others;         // conjunctions without an access
  ClusterTable clusters;  // the others, a copy for each value of the list
  std::size_t campaign_count{0};
  std::size_t live{0};
  std::size_t planned{8};       // conjunctions when the layout was made
  std::size_t next_cluster{0};  // to look for old layouts in; 0: `others`, then `clusters`
  std::size_t next_segment{0};
};

TargetingIndex::TargetingIndex(Schema schema) : impl_(std::make_unique<Impl>(std::move(schema))) {}
TargetingIndex::~TargetingIndex() = default;
TargetingIndex::TargetingIndex(TargetingIndex&&) noexcept = default;
TargetingIndex& TargetingIndex::operator=(TargetingIndex&&) noexcept = default;

Result<void, ExpressionFault> TargetingIndex::insert(CampaignSlot slot,
                                                     Expression const& expression, Rank rank) {
  LEADEX_CHECK(slot < kCampaignSlotsMax);
  if (auto checked = validate(expression, impl_->schema); !checked) return checked;
  auto const normal = to_normal_form(expression);
  LEADEX_CHECK(normal.has_value());  // validate() has counted

  auto& index = *impl_;
  if (occupied(slot)) {
    index.clear(slot);
  } else {
    index.table.take(slot);
    ++index.campaign_count;
  }
  index.table.campaign(slot).rank = rank;
  for (auto const& terms : *normal) {
    index.table.add(slot, terms, choose_access(terms, index.schema, index.texts));
    ++index.live;
  }
  index.put_in(slot);
  index.after_change();
  return {};
}

void TargetingIndex::remove(CampaignSlot slot) {
  if (!occupied(slot)) return;
  impl_->clear(slot);
  impl_->table.campaign(slot) = {};
  --impl_->campaign_count;
  impl_->after_change();
}

void TargetingIndex::set_rank(CampaignSlot slot, Rank rank) {
  LEADEX_CHECK(occupied(slot));
  auto& campaign = impl_->table.campaign(slot);
  if (campaign.rank == rank) return;
  impl_->take_out(slot);
  campaign.rank = rank;
  impl_->put_in(slot);
  impl_->after_change();
}

void TargetingIndex::set_eligible(CampaignSlot slot, bool eligible) {
  LEADEX_CHECK(occupied(slot));
  auto& index = *impl_;
  auto& campaign = index.table.campaign(slot);
  if (campaign.eligible == eligible) return;
  campaign.eligible = eligible;
  index.table.for_each_of(slot, [&](ConjunctionNo no) {
    if (index.table.at(no).access == kNoAttribute) {
      return index.others.set_eligible(no, eligible, index.table);
    }
    index.for_each_copy(no, [&](AttributeIndex attribute, std::int64_t value) {
      index.clusters.find(attribute, value)->set_eligible(no, eligible, index.table);
    });
  });
}

void TargetingIndex::match(std::span<std::int64_t const> values, MatchBuffer& buffer) const {
  auto const& index = *impl_;
  LEADEX_CHECK(values.size() == index.schema.size());
  std::array<ChosenRows, 2> chosen;
  index.choose(values, chosen);
  buffer.slots.clear();
  SlotMarks marks(buffer.marks_, buffer.touched_, index.table.slots_end());
  auto& found = buffer.found_;
  found.clear();
  index.for_each_cluster(values, [&](Cluster const& cluster, AttributeIndex attribute) {
    auto const segments = cluster.segments();
    for (std::size_t i = 0; i < segments.size(); ++i) {
      if (i + 1 < segments.size()) segments[i + 1].prefetch(chosen);
      segments[i].collect(chosen, attribute, found);
    }
  });
  // Most need not be asked; which of them is hard to guess, so nothing branches on it.
  auto& doubted = buffer.doubted_;
  doubted.clear();
  doubted.make_room(found.all().size());
  for (auto const& one : found.all()) {
    marks.set_if(!one.doubted, index.table.owner(one.no));
    doubted.add(one, one.doubted);
  }
  index.ask(doubted, values, [&](ConjunctionNo no) {
    marks.set_if(true, index.table.owner(no));
    return true;
  });
  marks.move_to(buffer.slots);
}

void TargetingIndex::match_best(std::span<std::int64_t const> values, std::size_t limit,
                                MatchBuffer& buffer) const {
  auto const& index = *impl_;
  LEADEX_CHECK(values.size() == index.schema.size());
  buffer.slots.clear();
  if (limit == 0) return;
  std::array<ChosenRows, 2> chosen;
  index.choose(values, chosen);
  std::array<Cursor, kMarketAttributesMax + Schema::kVirtualCount + 1> cursors;
  std::size_t count = 0;
  index.for_each_cluster(values, [&](Cluster const& cluster, AttributeIndex attribute) {
    cluster.segments().front().prefetch(chosen);
    cursors[count++] = {cluster.segments(), attribute};
  });
  auto const before = [](MatchBuffer::Ranked const& a, MatchBuffer::Ranked const& b) {
    return a.rank != b.rank ? ranks_before(a.rank, b.rank) : a.slot < b.slot;
  };
  auto& best = buffer.best_;
  best.clear();
  while (count > 0) {
    auto* const cursor = std::min_element(cursors.data(), cursors.data() + count);
    auto const& segment = cursor->left.front();
    if (best.size() == limit &&
        !before({segment.front().rank, segment.front().slot}, best.back())) {
      break;
    }
    cursor->left = cursor->left.subspan(1);
    if (!cursor->left.empty()) cursor->left.front().prefetch(chosen);
    auto& found = buffer.found_;
    found.clear();
    segment.collect(chosen, cursor->attribute, found);
    index.ask(found, values, [&](ConjunctionNo no) {
      auto const slot = index.table.owner(no);
      MatchBuffer::Ranked const hit{index.table.campaign(slot).rank, slot};
      if (best.size() == limit && !before(hit, best.back())) return false;
      auto const place = std::ranges::lower_bound(best, hit, before);
      if (place != best.end() && place->slot == slot) return true;  // by another conjunction
      best.insert(place, hit);
      if (best.size() > limit) best.pop_back();
      return true;
    });
    if (cursor->left.empty()) *cursor = cursors[--count];
  }
  for (auto const& hit : best) buffer.slots.push_back(hit.slot);
}

bool TargetingIndex::occupied(CampaignSlot slot) const { return impl_->table.occupied(slot); }
bool TargetingIndex::eligible(CampaignSlot slot) const {
  return occupied(slot) && impl_->table.campaign(slot).eligible;
}
Rank TargetingIndex::rank(CampaignSlot slot) const {
  LEADEX_CHECK(occupied(slot));
  return impl_->table.campaign(slot).rank;
}
Schema const& TargetingIndex::schema() const { return impl_->schema; }
std::size_t TargetingIndex::size() const { return impl_->campaign_count; }
std::size_t TargetingIndex::conjunction_count() const { return impl_->live; }

}  // namespace leadex::targeting
