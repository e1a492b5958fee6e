#include "matching/targeting/index.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "billing/values/check.hpp"
#include "matching/targeting/attribute_rows.hpp"
#include "matching/targeting/normal_form.hpp"

namespace leadex::targeting {
namespace {

constexpr std::size_t kBlockWords = 8;  // 512 conjunctions; one cache line per row and block
constexpr std::uint64_t kRebuildFloor = 256;

struct Entry {  // one conjunction
  CampaignSlot campaign{};
  bool live{};
  Conjunction terms;
};
struct Campaign {
  bool occupied{};
  bool eligible{};
  std::vector<std::uint32_t> conjunctions;
};

}  // namespace

struct TargetingIndex::Impl {
  explicit Impl(Schema given) : schema(std::move(given)) {
    for (std::size_t i = 0; i < schema.size(); ++i) {
      rows.emplace_back(schema.at(static_cast<AttributeIndex>(i)));
    }
  }

  std::uint32_t take_slot() {
    if (!free_slots.empty()) {
      auto const slot = free_slots.back();
      free_slots.pop_back();
      return slot;
    }
    auto const slot = static_cast<std::uint32_t>(entries.size());
    entries.emplace_back();
    auto const words = (entries.size() + 64 * kBlockWords - 1) / (64 * kBlockWords) * kBlockWords;
    if (words > eligible.size()) {
      // Doubling in whole blocks: rows end where a block ends, so match() needs no tail.
      auto const grown = std::max(words, eligible.size() * 2);
      eligible.resize(grown);
      for (auto& attribute : rows) attribute.resize(grown);
    }
    return slot;
  }

  void add(std::uint32_t slot) {
    auto term = entries[slot].terms.begin();
    auto const end = entries[slot].terms.end();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      bool const named = term != end && term->attribute == i;
      rows[i].add(slot, named ? &term->accepted : nullptr);
      if (named) ++term;
    }
  }

  void drop(std::uint32_t slot) {
    auto term = entries[slot].terms.begin();
    auto const end = entries[slot].terms.end();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      bool const named = term != end && term->attribute == i;
      rows[i].drop(slot, named);
      if (named) ++term;
    }
    entries[slot] = {};
    set_bit(slot, false);
    free_slots.push_back(slot);
  }

  void set_bit(std::uint32_t slot, bool on) {
    auto const mask = std::uint64_t{1} << (slot % 64);
    on ? eligible[slot / 64] |= mask : eligible[slot / 64] &= ~mask;
  }

  void clear(Campaign& campaign) {
    for (auto const slot : campaign.conjunctions) drop(slot);
    changes += campaign.conjunctions.size();
    live -= campaign.conjunctions.size();
    campaign.conjunctions.clear();
  }

  // Buckets of integers and rows of texts follow the campaigns that are there; once as many came
  // and went as live here, they are laid out anew, so the cost per change stays bounded.
  void rebuild_when_due() {
    if (changes < std::max<std::uint64_t>(kRebuildFloor, live)) return;
    changes = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!rows[i].adaptive()) continue;
      std::vector<AttributeRows::Member> members;
      members.reserve(live);
      for (std::uint32_t slot = 0; slot < entries.size(); ++slot) {
        if (!entries[slot].live) continue;
        auto const& terms = entries[slot].terms;
        auto const term = std::ranges::find(terms, i, &Term::attribute);
        members.push_back({slot, term == terms.end() ? nullptr : &term->accepted});
      }
      rows[i].rebuild(members);
    }
  }

  [[nodiscard]] bool verify(Entry const& entry, std::span<AttributeIndex const> inexact,
                            std::span<std::int64_t const> values) const {
    for (auto const attribute : inexact) {
      auto const term = std::ranges::lower_bound(entry.terms, attribute, {}, &Term::attribute);
      if (term == entry.terms.end() || term->attribute != attribute) continue;
      if (!term->accepted.contains(values[attribute])) return false;
    }
    return true;
  }

  Schema schema;
  std::vector<AttributeRows> rows;  // by attribute
  std::vector<Entry> entries;       // by conjunction slot
  std::vector<std::uint32_t> free_slots;
  std::vector<std::uint64_t> eligible;  // over conjunction slots; free ones are never eligible
  std::vector<Campaign> campaigns;
  std::size_t campaign_count{0};
  std::uint64_t live{0};
  std::uint64_t changes{0};
};

TargetingIndex::TargetingIndex(Schema schema) : impl_(std::make_unique<Impl>(std::move(schema))) {}
TargetingIndex::~TargetingIndex() = default;
TargetingIndex::TargetingIndex(TargetingIndex&&) noexcept = default;
TargetingIndex& TargetingIndex::operator=(TargetingIndex&&) noexcept = default;

Result<void, ExpressionFault> TargetingIndex::insert(CampaignSlot slot,
                                                     Expression const& expression) {
  LEADEX_CHECK(slot < kCampaignSlotsMax);
  if (auto checked = validate(expression, impl_->schema); !checked) return checked;
  auto normal = to_normal_form(expression);
  LEADEX_CHECK(normal.has_value());  // validate() has counted

  auto& index = *impl_;
  if (slot >= index.campaigns.size()) index.campaigns.resize(std::size_t{slot} + 1);
  auto& campaign = index.campaigns[slot];
  bool const eligible = campaign.occupied ? campaign.eligible : true;
  if (!campaign.occupied) ++index.campaign_count;
  index.clear(campaign);
  campaign.occupied = true;
  campaign.eligible = eligible;
  for (auto& terms : *normal) {
    auto const place = index.take_slot();
    index.entries[place] = {slot, true, std::move(terms)};
    index.add(place);
    index.set_bit(place, eligible);
    campaign.conjunctions.push_back(place);
  }
  index.live += campaign.conjunctions.size();
  index.changes += campaign.conjunctions.size();
  index.rebuild_when_due();
  return {};
}

void TargetingIndex::remove(CampaignSlot slot) {
  if (!occupied(slot)) return;
  auto& campaign = impl_->campaigns[slot];
  impl_->clear(campaign);
  campaign = {};
  --impl_->campaign_count;
  impl_->rebuild_when_due();
}

void TargetingIndex::set_eligible(CampaignSlot slot, bool eligible) {
  LEADEX_CHECK(occupied(slot));
  auto& campaign = impl_->campaigns[slot];
  campaign.eligible = eligible;
  for (auto const place : campaign.conjunctions) impl_->set_bit(place, eligible);
}

void TargetingIndex::match(std::span<std::int64_t const> values, MatchBuffer& buffer) const {
  auto const& index = *impl_;
  LEADEX_CHECK(values.size() == index.schema.size());
  buffer.slots.clear();

  // The rows that can exclude anything, the emptiest first: most blocks end after two of them.
  std::array<RowView, kMarketAttributesMax + Schema::kVirtualCount> chosen;
  std::array<AttributeIndex, kMarketAttributesMax + Schema::kVirtualCount> inexact;
  std::size_t chosen_count = 0;
  std::size_t inexact_count = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!index.rows[i].in_use()) continue;
    auto const row = index.rows[i].row(values[i]);
    if (row.count == 0) return;
    if (row.inexact) inexact[inexact_count++] = static_cast<AttributeIndex>(i);
    chosen[chosen_count++] = row;
  }
  std::ranges::sort(chosen.begin(), chosen.begin() + chosen_count, {}, &RowView::count);

  buffer.marks.assign((index.campaigns.size() + 63) / 64, 0);
  std::span const doubtful(inexact.data(), inexact_count);
  for (std::size_t base = 0; base < index.eligible.size(); base += kBlockWords) {
    std::array<std::uint64_t, kBlockWords> block;
    std::copy_n(index.eligible.data() + base, kBlockWords, block.data());
    std::uint64_t any = 1;
    for (std::size_t r = 0; r < chosen_count && any != 0; ++r) {
      auto const* words = chosen[r].words + base;
      any = 0;
      for (std::size_t w = 0; w < kBlockWords; ++w) any |= (block[w] &= words[w]);
    }
    if (any == 0) continue;
    for (std::size_t w = 0; w < kBlockWords; ++w) {
      for (auto bits = block[w]; bits != 0; bits &= bits - 1) {
        auto const place = (base + w) * 64 + static_cast<std::size_t>(std::countr_zero(bits));
        auto const& entry = index.entries[place];
        if (!index.verify(entry, doubtful, values)) continue;
        buffer.marks[entry.campaign / 64] |= std::uint64_t{1} << (entry.campaign % 64);
      }
    }
  }
  for (std::size_t w = 0; w < buffer.marks.size(); ++w) {
    for (auto bits = buffer.marks[w]; bits != 0; bits &= bits - 1) {
      buffer.slots.push_back(
          static_cast<CampaignSlot>(w * 64 + static_cast<std::size_t>(std::countr_zero(bits))));
    }
  }
}

bool TargetingIndex::occupied(CampaignSlot slot) const {
  return slot < impl_->campaigns.size() && impl_->campaigns[slot].occupied;
}
bool TargetingIndex::eligible(CampaignSlot slot) const {
  return occupied(slot) && impl_->campaigns[slot].eligible;
}
Schema const& TargetingIndex::schema() const { return impl_->schema; }
std::size_t TargetingIndex::size() const { return impl_->campaign_count; }
std::size_t TargetingIndex::conjunction_count() const { return impl_->live; }

}  // namespace leadex::targeting
