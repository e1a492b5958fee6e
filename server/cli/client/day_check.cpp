#include "server/cli/client/day_check.hpp"

#include <set>

#include "server/crypto/bytes.hpp"
#include "server/crypto/hash.hpp"

namespace leadex::cli {

bool is_chosen(RevealedDay const& day, std::string const& lead_id) {
  constexpr std::size_t kNumberBytes = 8;
  constexpr unsigned kByteBits = 8;
  constexpr std::uint64_t kOfBasisPoints = 10'000;
  crypto::HmacKey const key{crypto::Secret{std::string{day.secret}}};
  auto const tag = key.sign("realtime:" + lead_id);
  auto const bytes = crypto::view_of(tag);
  __extension__ using Wide = unsigned __int128;
  Wide number = 0;
  for (std::size_t at = 0; at < kNumberBytes; ++at) {
    number = number << kByteBits | static_cast<unsigned char>(bytes[at]);
  }
  Wide const all = Wide{1} << kNumberBytes * kByteBits;
  return number * kOfBasisPoints < all * static_cast<std::uint64_t>(day.rate_bp);
}

DayFindings check_day(RevealedDay const& day, std::vector<std::string> const& posted) {
  DayFindings findings;
  auto const digest = crypto::sha256(day.secret);
  findings.commitment_holds = crypto::hex_encode(crypto::view_of(digest)) == day.commitment;
  for (auto const& lead : day.checked) {
    if (!is_chosen(day, lead)) findings.uncalled.push_back(lead);
  }
  std::set<std::string> const checked(day.checked.begin(), day.checked.end());
  for (auto const& lead : posted) {
    if (is_chosen(day, lead) && !checked.contains(lead)) findings.missing.push_back(lead);
  }
  return findings;
}

}  // namespace leadex::cli
