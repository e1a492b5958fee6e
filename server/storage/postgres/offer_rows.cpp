#include "server/storage/postgres/offer_rows.hpp"

#include "matching/market/codec.hpp"
#include "server/storage/postgres/statement.hpp"

namespace leadex::storage::postgres {

market::OfferLead read_offer(pqxx::row const& row) {
  market::OfferLead offer;
  offer.lead_no = row.at(0).as<std::int64_t>();
  offer.generator_no = row.at(1).as<std::int64_t>();
  offer.version = row.at(2).as<std::int32_t>();
  offer.score = read_maybe<std::int64_t>(row.at(3)).value_or(market::kNone);
  offer.vehicle = row.at(4).as<std::int32_t>();
  offer.reason = row.at(5).as<std::string>();
  offer.captured_us = row.at(6).as<std::int64_t>();
  offer.ask_micros = row.at(7).as<std::int64_t>();
  auto attributes = market::decode_value<std::vector<market::AttributeText>>(read_bytes(row.at(8)));
  if (!attributes) throw std::runtime_error("a lead holds attributes that cannot be read");
  offer.attributes = std::move(*attributes);
  offer.named = !row.at(9).is_null();
  if (offer.named) {
    auto buyers = market::decode_value<std::vector<std::int64_t>>(read_bytes(row.at(9)));
    if (!buyers) throw std::runtime_error("a lead holds a consent that cannot be read");
    offer.named_for = std::move(*buyers);
  }
  offer.withheld = read_numbers(row.at(10));
  return offer;
}

}  // namespace leadex::storage::postgres
