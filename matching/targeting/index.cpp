#include "matching/targeting/index.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <limits>

#include "billing/values/check.hpp"
#include "matching/targeting/attribute_rows.hpp"
#include "matching/targeting/normal_form.hpp"

namespace leadex::targeting {
namespace {

constexpr std::size_t kBlockWords = 8;  // 512 conjunctions; one cache line per row and block
constexpr std::uint64_t kRebuildFloor = 256;

struct Entry {  // one conjunction
  bool live{};
  Conjunction terms;
};
struct Doubt {
  std::uint64_t const* partial{};
  AttributeIndex attribute{};
};
// The rows one lead selects.
struct Choice {
  std::array<RowView, kMarketAttributesMax + Schema::kVirtualCount> rows;
  std::array<Doubt, kMarketAttributesMax + Schema::kVirtualCount> doubts;
  std::size_t row_count{0};
  std::size_t doubt_count{0};
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
    owners.emplace_back();
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
      rows[i].drop(slot, named ? &term->accepted : nullptr);
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

  // Buckets of integers and rows of texts follow the campaigns that are there: once as many came
  // and went as are here, each attribute that would gain is laid out anew, one per change, so that
  // no single change waits for all of them.
  void rebuild_when_due() {
    if (changes >= std::max<std::uint64_t>(kRebuildFloor, live)) {
      changes = 0;
      next_rebuild = 0;
    }
    while (next_rebuild < rows.size() && !rows[next_rebuild].wants_rebuild()) ++next_rebuild;
    if (next_rebuild >= rows.size()) return;
    auto const attribute = static_cast<AttributeIndex>(next_rebuild++);
    std::vector<AttributeRows::Member> members;
    members.reserve(live);
    for (std::uint32_t slot = 0; slot < entries.size(); ++slot) {
      if (!entries[slot].live) continue;
      members.push_back({slot, accepted_by(entries[slot], attribute)});
    }
    rows[attribute].rebuild(members);
  }

  // Null when the conjunction does not ask for that attribute.
  static ValueSet const* accepted_by(Entry const& entry, AttributeIndex attribute) {
    auto const term = std::ranges::lower_bound(entry.terms, attribute, {}, &Term::attribute);
    bool const named = term != entry.terms.end() && term->attribute == attribute;
    return named ? &term->accepted : nullptr;
  }

  // False when one of the rows is empty.
  bool choose_rows(std::span<std::int64_t const> values, Choice& choice) const;
  void turn_flips(Choice& choice, MatchBuffer& buffer) const;
  void put_in_order(MatchBuffer& buffer) const;

  // Buckets of integers may let a conjunction through that wants only a part of the bucket.
  bool verify(std::size_t place, Choice const& choice, std::span<std::int64_t const> values) const {
    for (std::size_t i = 0; i < choice.doubt_count; ++i) {
      auto const& doubt = choice.doubts[i];
      if (((doubt.partial[place / 64] >> (place % 64)) & 1) == 0) continue;
      auto const* accepted = accepted_by(entries[place], doubt.attribute);
      if (!accepted->contains(values[doubt.attribute])) return false;
    }
    return true;
  }

  Schema schema;
  std::vector<AttributeRows> rows;   // by attribute
  std::vector<Entry> entries;        // by conjunction slot
  std::vector<CampaignSlot> owners;  // by conjunction slot; apart, as each hit reads one
  std::vector<std::uint32_t> free_slots;
  std::vector<std::uint64_t> eligible;  // over conjunction slots; free ones are never eligible
  std::vector<Campaign> campaigns;
  std::size_t campaign_count{0};
  std::uint64_t live{0};
  std::uint64_t changes{0};
  std::size_t next_rebuild{std::numeric_limits<std::size_t>::max()};
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
    index.entries[place] = {true, std::move(terms)};
    index.owners[place] = slot;
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

bool TargetingIndex::Impl::choose_rows(std::span<std::int64_t const> values, Choice& choice) const {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!rows[i].in_use()) continue;
    auto const row = rows[i].row(values[i]);
    if (row.count == 0) return false;
    if (row.partial != nullptr) {
      choice.doubts[choice.doubt_count++] = {row.partial, static_cast<AttributeIndex>(i)};
    }
    choice.rows[choice.row_count++] = row;
  }
  // The emptiest first: most blocks end after two rows.
  std::ranges::sort(choice.rows.begin(), choice.rows.begin() + choice.row_count, {},
                    &RowView::count);
  return true;
}

void TargetingIndex::Impl::turn_flips(Choice& choice, MatchBuffer& buffer) const {
  std::span const chosen(choice.rows.data(), choice.row_count);
  auto const flipped =
      std::ranges::count_if(chosen, [](RowView const& row) { return !row.flips.empty(); });
  buffer.rows.resize(
      std::max(buffer.rows.size(), static_cast<std::size_t>(flipped) * eligible.size()));
  auto* copy = buffer.rows.data();
  for (auto& row : chosen) {
    if (row.flips.empty()) continue;
    std::copy_n(row.words, eligible.size(), copy);
    for (auto const slot : row.flips) copy[slot / 64] ^= std::uint64_t{1} << (slot % 64);
    row.words = copy;
    copy += eligible.size();
  }
}

// Conjunctions are found in the order of their own slots, which mostly is that of the campaigns
// too; where it is not, or a campaign was found twice, a bit per campaign sorts them in one pass.
void TargetingIndex::Impl::put_in_order(MatchBuffer& buffer) const {
  auto const turned = std::ranges::adjacent_find(buffer.slots, std::greater_equal<>{});
  if (turned == buffer.slots.end()) return;
  buffer.marks.assign((campaigns.size() + 63) / 64, 0);
  for (auto const slot : buffer.slots) buffer.marks[slot / 64] |= std::uint64_t{1} << (slot % 64);
  buffer.slots.clear();
  for (std::size_t w = 0; w < buffer.marks.size(); ++w) {
    for (auto bits = buffer.marks[w]; bits != 0; bits &= bits - 1) {
      buffer.slots.push_back(
          static_cast<CampaignSlot>(w * 64 + static_cast<std::size_t>(std::countr_zero(bits))));
    }
  }
}

void TargetingIndex::match(std::span<std::int64_t const> values, MatchBuffer& buffer) const {
  auto const& index = *impl_;
  LEADEX_CHECK(values.size() == index.schema.size());
  buffer.slots.clear();
  Choice choice;
  if (!index.choose_rows(values, choice)) return;
  index.turn_flips(choice, buffer);

  for (std::size_t base = 0; base < index.eligible.size(); base += kBlockWords) {
    std::array<std::uint64_t, kBlockWords> block;
    std::copy_n(index.eligible.data() + base, kBlockWords, block.data());
    std::uint64_t any = 1;
    for (std::size_t r = 0; r < choice.row_count && any != 0; ++r) {
      auto const* words = choice.rows[r].words + base;
      any = 0;
      for (std::size_t w = 0; w < kBlockWords; ++w) any |= (block[w] &= words[w]);
    }
    if (any == 0) continue;
    for (std::size_t w = 0; w < kBlockWords; ++w) {
      for (auto bits = block[w]; bits != 0; bits &= bits - 1) {
        auto const place = (base + w) * 64 + static_cast<std::size_t>(std::countr_zero(bits));
        if (!index.verify(place, choice, values)) continue;
        buffer.slots.push_back(index.owners[place]);
      }
    }
  }
  index.put_in_order(buffer);
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
