#pragma once
// Listing: a lead the engine still has to do with: on sale, or sold with a delivery outstanding.
// Part of the market engine; belongs to its thread.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "matching/market/command.hpp"
#include "matching/market/outcome.hpp"

namespace leadex::market {

struct StandingBid {
  std::int64_t bid_no{};
  BudgetKey budget;
  std::int64_t price_micros{};
  bool exclusive{};
};

/// One sale of the lead, voided ones too: who had it never gets it again.
struct Owner {
  std::int64_t buyer_no{};
  std::int32_t slot{};
  std::int16_t shares_max{};
  bool voided{};
};

/// Who may not have a lead, besides those who had it.
struct Access {
  bool named{};                         // consent for named companies only
  std::vector<std::int64_t> named_for;  // their buyers, ascending
  std::vector<std::int64_t> withheld;   // buyers whose own list has the person, ascending
};

struct Listing {
  std::int64_t lead_no{};
  std::int64_t generator_no{};
  std::int64_t ask_micros{kNone};  // the generator's own
  std::int64_t asked_micros{};     // what is asked now, for a share
  std::int64_t reserve_micros{};   // as it stood when the lead was offered
  std::int64_t falls_us{};         // when its ask falls next
  std::int64_t score{kNone};
  std::int64_t captured_us{};
  std::int64_t listed_us{};   // 0: never rested
  std::int64_t applied_no{};  // command that put it on sale; shown once that is committed
  std::int32_t vehicle{};
  std::int32_t reason_id{};  // interned
  std::int32_t version{};
  std::int32_t shares_max{kSharesPerRound};  // smallest limit of the owners so far
  std::uint16_t shares_held{};               // bit i: share i has an owner
  std::int16_t pending{};                    // sales not delivered yet
  std::int16_t round{};                      // how often it was listed again
  bool exclusive_held{};
  bool resting{};
  bool click{};  // a visit, made for its auction alone
  [[nodiscard]] bool had(std::int64_t buyer_no) const {
    return std::any_of(owners.begin(), owners.end(),
                       [=](Owner const& owner) { return owner.buyer_no == buyer_no; });
  }
  [[nodiscard]] bool withheld_from(std::int64_t buyer_no) const {
    return access && std::binary_search(access->withheld.begin(), access->withheld.end(), buyer_no);
  }
  [[nodiscard]] bool consent_leaves_out(std::int64_t buyer_no) const {
    return access && access->named &&
           !std::binary_search(access->named_for.begin(), access->named_for.end(), buyer_no);
  }
  [[nodiscard]] bool open_to(std::int64_t buyer_no) const {
    return !had(buyer_no) && !withheld_from(buyer_no) && !consent_leaves_out(buyer_no);
  }

  std::unique_ptr<Access> access;  // none: open to all
  std::string packed;              // market attributes, see pack()
  std::vector<Owner> owners;       // in order of sale
  std::vector<StandingBid> bids;
};

/// What of an offer limits who may have the lead; none when nothing does.
[[nodiscard]] std::unique_ptr<Access> access_of(OfferLead const& offer);
/// Its move to that state, as effects tell it.
[[nodiscard]] LeadMoved moved(Listing const& listing, LeadState state);

/// Attribute values as varints; unpack writes the first `count` values.
[[nodiscard]] std::string pack(std::vector<std::int64_t> const& values, std::size_t count);
void unpack(std::string const& packed, std::size_t count, std::vector<std::int64_t>& values);

}  // namespace leadex::market
