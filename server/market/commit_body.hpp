#pragma once
// CommitBody: what a market's batch says in commit_batch.body: the commands in order with their
// times, outcomes and effects. Replay, the fan-out of events and repeated answers read it. Values.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "matching/market/codec.hpp"
#include "matching/market/outcome.hpp"
#include "matching/market/restore.hpp"

namespace leadex::market {

struct CommitItem {
  std::int64_t at_us{};
  Command command;
  Outcome outcome;              // with fees
  std::vector<Effect> effects;  // in log form
  static void fields(auto& self, auto& io) {
    io(self.at_us, self.command, self.outcome, self.effects);
  }
};

struct CommitBody {
  std::uint32_t format{kFormat};
  Numbers numbers;  // after the batch
  std::vector<CommitItem> items;
  static void fields(auto& self, auto& io) {
    io.format(self.format);
    io(self.numbers, self.items);
  }
};

/// The record of an auction as its table keeps it: the book replaced by its digest.
[[nodiscard]] std::string auction_record(AuctionHeld const& held, std::uint32_t format = kFormat);
[[nodiscard]] std::optional<AuctionHeld> open_auction_record(std::string const& record);

/// Effects as the log keeps them: of an auction only its number and lead, since its record stands
/// in a table of its own.
[[nodiscard]] std::vector<Effect> log_form(std::vector<Effect> effects);

[[nodiscard]] std::optional<CommitBody> read_body(std::string const& bytes);

}  // namespace leadex::market
