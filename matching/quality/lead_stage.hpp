#pragma once
// What became of a lead: the words a buyer reports after a sale, in which order they may come, and
// the stage a lead has reached. Information only: none of it moves money. Pure; any thread.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace leadex::quality {

/// Reported by the buyer of a sale. Numbers are stored: never reorder.
enum class DispositionStage : std::uint8_t {
  contacted = 1,        // may be told again for each attempt that reached the person
  sales_accepted = 2,   // the buyer's sales work on it
  sales_qualified = 3,  // budget, authority, need and timeline are there
  won = 4,
  lost = 5,
};
inline constexpr std::string_view kDispositionStages[] = {"contacted", "sales_accepted",
                                                          "sales_qualified", "won", "lost"};
[[nodiscard]] constexpr std::string_view text(DispositionStage stage) {
  return kDispositionStages[static_cast<std::size_t>(stage) - 1];
}

/// The three groups of what a lead was lost for. Numbers are stored.
enum class LossGroup : std::uint8_t { never_reached = 1, refused_to_talk = 2, refused_to_buy = 3 };
inline constexpr std::string_view kLossGroups[] = {"never_reached", "refused_to_talk",
                                                   "refused_to_buy"};
[[nodiscard]] constexpr std::string_view text(LossGroup group) {
  return kLossGroups[static_cast<std::size_t>(group) - 1];
}

inline constexpr std::size_t kLossReasonBytesMax = 64;
inline constexpr int kDispositionsMax = 32;                // of one sale
inline constexpr std::int64_t kClockSkewUs = 300'000'000;  // of a buyer's clock, either way

/// Whether it may stand for a reason: [a-z][a-z_]*, no digits, so that no number of a person gets
/// in.
[[nodiscard]] bool is_loss_reason(std::string_view word);
/// A known word has its group; another belongs where the sale had come to: never contacted, spoken
/// to, or worked on.
[[nodiscard]] LossGroup loss_group(std::string_view reason,
                                   std::optional<DispositionStage> reached);

/// Whether each of the four was asked and is there.
enum class BantAnswer : std::uint8_t { open = 0, no = 1, yes = 2 };
struct Bant {
  BantAnswer budget{};
  BantAnswer authority{};
  BantAnswer need{};
  BantAnswer timeline{};
  [[nodiscard]] bool complete() const {
    return budget == BantAnswer::yes && authority == BantAnswer::yes && need == BantAnswer::yes &&
           timeline == BantAnswer::yes;
  }
};

struct Disposition {
  DispositionStage stage{};
  std::string reason;        // of a loss
  std::optional<Bant> bant;  // of sales_qualified
  std::int64_t at_us{};
};

/// What is known of a sale when the next word comes.
struct SaleStory {
  bool standing{};  // delivered and neither returned nor voided
  std::int64_t sold_us{};
  std::optional<DispositionStage> reached;  // the furthest so far
  std::int64_t last_us{};                   // of the latest word
  int told{};                               // words so far
};

/// In the order in which they are looked for.
enum class StageRefusal : std::uint8_t {
  not_standing,  // returned, voided, or not delivered yet
  closed,        // won or lost already
  too_many,      // kDispositionsMax
  in_future,     // by more than kClockSkewUs, as the next one
  before_sale,
  before_last,     // earlier than the word before it
  backward,        // a stage that was reached before; contacted after more than that
  reason_missing,  // a loss has one
  reason_invalid,
  reason_unwelcome,  // nothing but a loss has one
  bant_incomplete,   // sales_qualified without the four, or with one that is not there
  bant_unwelcome,    // nothing but sales_qualified has it
};
/// Stages may be left out: who tells of a win alone has accepted before. @cost O(1)
[[nodiscard]] std::optional<StageRefusal> refusal_of(SaleStory const& story,
                                                     Disposition const& next, std::int64_t now_us);

/// Where a lead is.
enum class LeadStage : std::uint8_t {
  fresh = 0,  // "new"
  marketing_qualified = 1,
  sales_accepted = 2,
  sales_qualified = 3,
  won = 4,
  lost = 5,
  recycled = 6,
};
inline constexpr std::string_view kLeadStages[] = {
    "new", "marketing_qualified", "sales_accepted", "sales_qualified", "won", "lost", "recycled"};
[[nodiscard]] constexpr std::string_view text(LeadStage stage) {
  return kLeadStages[static_cast<std::size_t>(stage)];
}

/// A word of one of a lead's sales, numbered from 0 in order of sale; the caller gives them by
/// instant.
struct ToldStage {
  std::int64_t at_us{};
  DispositionStage stage{};
  std::size_t sale{};
};
/// A round that began because the lead was listed again.
struct LeadStory {
  std::int64_t scored_us{};
  bool qualified{};  // its score reached the market's threshold
  std::vector<std::int64_t> recycled_us;
  std::vector<ToldStage> told;
};
struct StageStep {
  std::int64_t at_us{};
  LeadStage stage{};
  std::optional<std::size_t> sale;  // whose word it was
  friend bool operator==(StageStep const&, StageStep const&) = default;
};

/// The stages of a lead, earliest first; never empty. With several sales in a round the lead is
/// where the furthest of them is: won before all, lost only once each sale that told anything is. A
/// word that changes nothing makes no step. @cost O((n + r) log)
[[nodiscard]] std::vector<StageStep> stages_of(LeadStory const& story);

}  // namespace leadex::quality
