#pragma once
// The candidates of one auction sorted for its two races, exclusive and shared. Working memory of
// run_auction() alone; lives no longer than the AuctionInput it looks into. Pure.

#include <array>
#include <cstdint>
#include <vector>

#include "matching/auction/auction.hpp"

namespace leadex::auction {

struct Entry {
  Candidate const* candidate{};
  std::int64_t bid{};        // micros per share
  std::int64_t exclusive{};  // micros for the whole lead
  bool exclusive_open{};     // the race is held and this candidate may enter it
  bool shared_open{};
  bool in_exclusive{};  // open, and the amount reaches the reserve
  bool in_shared{};
};

struct Package {
  bool exclusive{};
  std::int64_t value{};               // micros; 0 for none
  std::vector<Entry const*> members;  // best first
  [[nodiscard]] std::size_t count() const { return members.size(); }
};

/// Order of the shared race: higher bid, then earlier campaign.
[[nodiscard]] bool shared_before(Entry const& a, Entry const& b);

class Book {
 public:
  explicit Book(AuctionInput const& input);

  [[nodiscard]] AuctionInput const& input() const { return input_; }
  /// In the order of AuctionInput::candidates.
  [[nodiscard]] std::vector<Entry> const& entries() const { return entries_; }
  /// Positions of all candidates, best first.
  [[nodiscard]] std::vector<std::size_t> const& ranking() const { return ranking_; }
  /// How many shares may still be sold: 0..kMaxShares.
  [[nodiscard]] std::size_t shares_left() const { return tops_.size(); }
  /// The best k entries, one per buyer, that allow k more owners; k = 1..shares_left(). Shorter
  /// when there are fewer.
  [[nodiscard]] std::vector<Entry const*> const& top(std::size_t k) const { return tops_[k - 1]; }

  [[nodiscard]] Package best_exclusive() const;
  [[nodiscard]] Package best_shares() const;

 private:
  void open_races(Entry& entry) const;
  void fill_tops();

  AuctionInput const& input_;
  std::vector<Entry> entries_;
  std::vector<std::size_t> ranking_;
  std::vector<std::vector<Entry const*>> tops_;
};

}  // namespace leadex::auction
