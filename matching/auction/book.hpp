#pragma once
// The candidates of one route sorted for its two races, exclusive and shared. Working memory of
// run_auction() alone; lives no longer than the AuctionInput it looks into. Pure.

#include <array>
#include <cstdint>
#include <vector>

#include "matching/auction/auction.hpp"

namespace leadex::auction {

struct Entry {
  Candidate const* candidate{};
  std::uint32_t position{};  // in AuctionInput::candidates
  std::int64_t bid{};        // micros per share that it would pay at most
  std::int64_t whole_bid{};  // micros for the whole lead
  std::int64_t least{};      // the least amount of either that counts: reserve or fixed price
  std::int64_t least_whole{};
  std::int64_t value{};  // of a share
  std::int64_t whole_value{};
  bool exclusive_open{};  // the race is held and this candidate may enter it
  bool shared_open{};
  bool in_exclusive{};  // open, and the amount reaches what is asked
  bool in_shared{};
  bool taken{};  // its buyer has won on an earlier route
};

struct Package {
  bool exclusive{};
  std::int64_t value{};               // micros; 0 for none
  std::vector<Entry const*> members;  // best first
  [[nodiscard]] std::size_t count() const { return members.size(); }
  [[nodiscard]] bool holds(Entry const* entry) const;
  [[nodiscard]] bool has_buyer(std::int64_t buyer_no) const;
};

/// What earlier routes have left of the lead.
struct Left {
  std::int32_t shares_sold{};
  std::int32_t owners_max_shares{};
  bool whole_sold{};
  bool begun{};                      // an earlier route has sold something
  std::vector<std::int64_t> buyers;  // that have won
};

/// Order of the shared race: higher value, then earlier campaign.
[[nodiscard]] bool shared_before(Entry const& a, Entry const& b);

class Book {
 public:
  /// `members`: positions of the route's candidates. Deals: their agreed prices are the bids.
  Book(AuctionInput const& input, std::vector<std::uint32_t> const& members, bool deals,
       Left const& left);
  Book(Book const&) = delete;  // packages point into it
  Book& operator=(Book const&) = delete;

  [[nodiscard]] AuctionInput const& input() const { return input_; }
  [[nodiscard]] Left const& left() const { return left_; }
  [[nodiscard]] std::vector<Entry> const& entries() const { return entries_; }
  /// All entries by the highest value they offer, then by campaign.
  [[nodiscard]] std::vector<Entry const*> const& by_value() const { return by_value_; }
  /// How many shares may still be sold: 0..kMaxShares.
  [[nodiscard]] std::size_t shares_left() const { return shares_left_; }
  /// The best k entries, one per buyer, that allow k more owners; k = 1..shares_left(). Shorter
  /// when there are fewer.
  [[nodiscard]] std::vector<Entry const*> const& top(std::size_t k) const { return tops_[k - 1]; }
  [[nodiscard]] std::int32_t owners_with(std::size_t k) const {
    return left_.shares_sold + static_cast<std::int32_t>(k);
  }

  [[nodiscard]] Package best_exclusive() const;
  [[nodiscard]] Package best_shares() const;
  /// All who are in the shared race, in its order.
  [[nodiscard]] std::vector<Entry const*> const& race() const { return race_; }

 private:
  [[nodiscard]] Entry entry_of(std::uint32_t position, bool deals) const;
  void fill_tops();

  AuctionInput const& input_;
  Left const& left_;
  std::size_t shares_left_{};
  std::vector<Entry> entries_;
  std::vector<Entry const*> by_value_;
  std::vector<Entry const*> race_;
  std::vector<std::vector<Entry const*>> tops_;
};

}  // namespace leadex::auction
