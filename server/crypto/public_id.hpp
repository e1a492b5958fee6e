#pragma once
// The outside form of ids: a prefix and 26 Crockford characters holding one AES-256 block of
// (market, kind, number, zero check bits). Not guessable, needs no look-up, routes itself; a forged
// one fails before any query. Any thread; see docs/decisions/0002-keys-and-ids.md.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "billing/values/ids.hpp"
#include "billing/values/result.hpp"
#include "server/crypto/bytes.hpp"

namespace leadex::crypto {

/// What an id names. The numbers are inside sealed ids: never renumber, only add.
enum class IdKind : std::uint8_t {
  lead = 1,
  batch = 2,
  campaign = 3,
  listing = 4,
  order = 5,
  sale = 6,
  ret = 7,
  dispute = 8,
  account = 9,
  api_key = 10,
  auction = 11,
  check = 12,
  payout_run = 13,
  payout = 14,
  transfer = 15,
  event = 16,
  bid = 17,
  webhook_endpoint = 18,
  delivery = 19,
  approval = 20,
  form = 21,
  placement = 22,
  ping = 23,
  click = 24,
  conversion = 25,
  principal = 26,
  deposit = 27,
  claw_back = 28,
  deal = 29,
  postback_token = 30,
  finding = 31,
  fraud_case = 32,
  planted_contact = 33,
};

/// "lead_", "batch_", …
[[nodiscard]] std::string_view id_prefix(IdKind kind);

enum class IdError : std::uint8_t {
  malformed,   // no known prefix, or not 26 canonical characters after it
  forged,      // well-formed, but no id of this exchange (or its prefix was exchanged)
  wrong_kind,  // a true id, but of another kind than the one expected
};

/// An id as the database knows it. `no` ≥ 0; for a sale it is lead number and slot together.
struct RawId {
  IdKind kind{};
  MarketNo market{};
  std::int64_t no{};
  friend bool operator==(RawId const&, RawId const&) = default;
};

/// The kind of each id type, for seal(LeadId) and open_as<LeadId>.
template <class Typed>
inline constexpr bool kHasIdKind = false;
template <class Typed>
inline constexpr IdKind kIdKindOf{};
#define LEADEX_ID_KIND(Typed, kind)               \
  template <>                                     \
  inline constexpr bool kHasIdKind<Typed> = true; \
  template <>                                     \
  inline constexpr IdKind kIdKindOf<Typed> = IdKind::kind
LEADEX_ID_KIND(LeadId, lead);
LEADEX_ID_KIND(BatchId, batch);
LEADEX_ID_KIND(CampaignId, campaign);
LEADEX_ID_KIND(OrderId, order);
LEADEX_ID_KIND(ReturnId, ret);
LEADEX_ID_KIND(DisputeId, dispute);
LEADEX_ID_KIND(AccountId, account);
LEADEX_ID_KIND(ApiKeyId, api_key);
LEADEX_ID_KIND(AuctionId, auction);
LEADEX_ID_KIND(CheckId, check);
LEADEX_ID_KIND(BidId, bid);
LEADEX_ID_KIND(DealId, deal);
LEADEX_ID_KIND(PlacementId, placement);
LEADEX_ID_KIND(ClickId, click);
LEADEX_ID_KIND(ConversionId, conversion);
#undef LEADEX_ID_KIND

class PublicIdCodec {
 public:
  /// @param id_key  exactly 32 bytes. Changing it changes every id ever given out.
  explicit PublicIdCodec(Secret const& id_key);

  /// @param no  ≥ 0 (a negative number is a bug and stops the process).
  [[nodiscard]] std::string seal(IdKind kind, MarketNo market, std::int64_t no) const;
  [[nodiscard]] std::string seal(RawId const& id) const { return seal(id.kind, id.market, id.no); }
  [[nodiscard]] std::string seal(SaleId const& id) const;
  template <class Tag>
  [[nodiscard]] std::string seal(Id<Tag> const& id) const {
    static_assert(kHasIdKind<Id<Tag>>);
    return seal(kIdKindOf<Id<Tag>>, id.market, id.no);
  }
  /// A listing goes by the number of its lead.
  [[nodiscard]] std::string seal_listing(LeadId const& lead) const {
    return seal(IdKind::listing, lead.market, lead.no);
  }

  /// Refusals in the order of IdError. Only the exact text that seal() gives opens.
  [[nodiscard]] Result<RawId, IdError> open(std::string_view text, IdKind expected) const;
  [[nodiscard]] Result<RawId, IdError> open_any(std::string_view text) const;
  template <class Typed>
  [[nodiscard]] Result<Typed, IdError> open_as(std::string_view text) const {
    static_assert(kHasIdKind<Typed>);
    return open(text, kIdKindOf<Typed>).map([](RawId const& raw) {
      return Typed{raw.market, raw.no};
    });
  }
  [[nodiscard]] Result<SaleId, IdError> open_sale(std::string_view text) const;
  [[nodiscard]] Result<LeadId, IdError> open_listing(std::string_view text) const;

 private:
  Secret key_;
  std::uint64_t serial_;
};

}  // namespace leadex::crypto
