#include "matching/market/listing.hpp"

#include "billing/values/check.hpp"
#include "matching/market/codec.hpp"

namespace leadex::market {

std::unique_ptr<Access> access_of(OfferLead const& offer) {
  if (!offer.named && offer.withheld.empty()) return nullptr;
  return std::make_unique<Access>(Access{offer.named, offer.named_for, offer.withheld});
}

LeadMoved moved(Listing const& listing, LeadState state) {
  return {listing.lead_no, state, listing.listed_us, listing.reserve_micros};
}

std::string pack(std::vector<std::int64_t> const& values, std::size_t count) {
  LEADEX_CHECK(count <= values.size());
  std::string packed;
  ByteWriter write{packed};
  for (std::size_t i = 0; i < count; ++i) {
    // Missing is the common odd one out: 0; all else moves up by one, away from it.
    bool const missing = values[i] == targeting::kMissing;
    write(missing ? std::int64_t{0} : values[i] >= 0 ? values[i] + 1 : values[i]);
  }
  packed.shrink_to_fit();
  return packed;
}

void unpack(std::string const& packed, std::size_t count, std::vector<std::int64_t>& values) {
  if (values.size() < count) values.resize(count);
  ByteReader read{packed};
  for (std::size_t i = 0; i < count; ++i) {
    std::int64_t value{};
    read(value);
    values[i] = value == 0 ? targeting::kMissing : value > 0 ? value - 1 : value;
  }
  LEADEX_CHECK(read.done());
}

}  // namespace leadex::market
