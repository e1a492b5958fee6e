#include "server/intake/lot_signs.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cstring>

#include "matching/market/codec.hpp"
#include "server/intake/lead_rows.hpp"

namespace leadex::intake {

namespace {

using quality::LotSignal;

/// Never 0, which stands for nothing.
std::uint64_t digest_of(privacy::KeyRing const& ring, std::string_view what,
                        std::string_view value) {
  // The visitors' key serves here too: the word in front keeps the uses apart.
  crypto::HmacStream stream(ring.visitor());
  stream.update(what);
  stream.update(value);
  auto const digest = stream.finish();
  std::uint64_t number{};
  std::memcpy(&number, digest.data(), sizeof number);
  return std::max<std::uint64_t>(number, 1);
}

/// The first 24 bits of an IPv4 address, 48 of an IPv6 one.
std::string network_of(IpAddress const& address) {
  if (!address.is_v6) return address.text.substr(0, address.text.rfind('.'));
  auto const octets = boost::asio::ip::make_address_v6(address.text).to_bytes();
  constexpr std::ptrdiff_t kNetworkOctets = 6;
  return {octets.begin(), octets.begin() + kNetworkOctets};
}

}  // namespace

RowSigns signs_of(privacy::KeyRing const& ring, CheckedLead const& lead, Timestamp now) {
  RowSigns signs;
  signs.captured_us = to_unix_micros(lead.captured_at);
  signs.old = lead.captured_at < now - kOldLead;
  if (lead.ip) {
    signs.address = digest_of(ring, "lot-address:", lead.ip->text);
    auto const& agent = lead.at(Column::user_agent);
    if (!agent.empty()) {
      signs.device = digest_of(ring, "lot-device:", network_of(*lead.ip) + agent);
    }
  }
  signs.print = digest_of(ring, "lot-row:", market::encode_value(attribute_texts(lead)));
  signs.tells_hops = !lead.touchpoints.empty();
  auto const partners =
      std::ranges::count(lead.touchpoints, Vehicle::partner, &Touchpoint::vehicle);
  signs.many_hops = static_cast<std::size_t>(partners) >= kManyHops;
  return signs;
}

LotSigns::LotSigns() : addresses_(kAddressCrowd), devices_(kDeviceCrowd) {}

void LotSigns::add(ChunkSigns const& chunk) {
  counts_.of(LotSignal::people_known) += {chunk.candidates, chunk.known};
  for (auto const& row : chunk.rows) {
    if (row.address != 0) addresses_.add(row.address, row.captured_us);
    if (row.device != 0) devices_.add(row.device, row.captured_us);
    sketch_.add(row.print);
    counts_.of(LotSignal::captured_long_ago) += {1, row.old ? 1 : 0};
    if (row.tells_hops) counts_.of(LotSignal::many_hops) += {1, row.many_hops ? 1 : 0};
  }
}

storage::LotPicture LotSigns::finish() {
  auto const addresses = addresses_.finish();
  auto const devices = devices_.finish();
  counts_.of(LotSignal::crowded_addresses) = {addresses.leads, addresses.crowded};
  counts_.of(LotSignal::crowded_devices) = {devices.leads, devices.crowded};
  auto const prints = sketch_.prints();
  storage::LotPicture picture{counts_, {prints.begin(), prints.end()}, sketch_.whole()};
  *this = LotSigns{};
  return picture;
}

}  // namespace leadex::intake
