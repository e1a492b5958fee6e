#include "server/cli/client/draw_check.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "server/cli/exit_code.hpp"
#include "server/crypto/bytes.hpp"
#include "server/crypto/hash.hpp"

namespace leadex::cli {

namespace {

constexpr std::size_t kRowsMax = 10'000'000;
constexpr std::size_t kSecretBytes = 32;

std::int64_t row_number(std::string_view text) {
  std::int64_t row = 0;
  auto const [end, fault] = std::from_chars(text.data(), text.data() + text.size(), row);
  if (fault != std::errc{} || end != text.data() + text.size() || row < 1) {
    throw Failure(kFailed, "the accepted rows are not written as ranges of rows");
  }
  return row;
}

}  // namespace

std::vector<std::int64_t> expand_ranges(std::vector<std::string> const& ranges) {
  std::vector<std::int64_t> rows;
  for (std::string_view const range : ranges) {
    auto const dash = range.find('-');
    auto const first = row_number(range.substr(0, dash));
    auto const last = dash == std::string_view::npos ? first : row_number(range.substr(dash + 1));
    if (last < first || static_cast<std::size_t>(last - first) >= kRowsMax - rows.size()) {
      throw Failure(kFailed, "the accepted rows are more than an upload can have");
    }
    for (auto row = first; row <= last; ++row) rows.push_back(row);
  }
  return rows;
}

RevealedDraw read_draw(JsonView spot_check) {
  if (spot_check["secret"].is_null() || spot_check["sample"].is_null()) {
    throw Failure(kConflict,
                  "the secret is not revealed yet: that comes with the verdict on the upload");
  }
  auto const secret = crypto::hex_decode(spot_check["secret"].text());
  if (!secret || secret->size() != kSecretBytes) {
    throw Failure(kFailed, "the revealed secret is not 32 bytes in hex");
  }
  RevealedDraw draw;
  draw.secret = *secret;
  draw.commitment = spot_check["commitment"].text();
  draw.file_sha256 = spot_check["file_sha256"].text();
  draw.sample_size = spot_check["plan"]["sample_size"].integer();
  std::vector<std::string> ranges;
  for (auto const& range : spot_check["accepted_rows"].items()) ranges.push_back(range.text());
  draw.accepted_rows = expand_ranges(ranges);
  for (auto const& check : spot_check["sample"].items()) {
    draw.sampled_rows.push_back(check["row"].integer());
    if (check["verdict"].shown() == "unreachable") ++draw.unreachable;
  }
  return draw;
}

std::vector<std::int64_t> draw_order(RevealedDraw const& draw) {
  crypto::HmacKey const key{crypto::Secret{draw.secret}};
  std::vector<std::pair<crypto::Digest, std::int64_t>> tickets;
  tickets.reserve(draw.accepted_rows.size());
  for (auto const row : draw.accepted_rows) {
    tickets.emplace_back(key.sign(draw.file_sha256 + ":" + std::to_string(row)), row);
  }
  std::ranges::sort(tickets);
  std::vector<std::int64_t> rows;
  rows.reserve(tickets.size());
  for (auto const& ticket : tickets) rows.push_back(ticket.second);
  return rows;
}

DrawFindings check_draw(RevealedDraw const& draw) {
  DrawFindings findings;
  findings.commitment_holds =
      crypto::hex_encode(crypto::view_of(crypto::sha256(draw.secret))) == draw.commitment;
  auto order = draw_order(draw);
  auto const checked = static_cast<std::int64_t>(draw.sampled_rows.size());
  findings.size_holds =
      checked >= draw.sample_size && checked <= draw.sample_size + draw.unreachable;
  if (order.size() < draw.sampled_rows.size()) return findings;
  order.resize(draw.sampled_rows.size());
  findings.expected_rows = std::move(order);
  // The list may be shown in any order: that each row belongs to the first ones is what counts.
  auto shown = draw.sampled_rows;
  auto expected = findings.expected_rows;
  std::ranges::sort(shown);
  std::ranges::sort(expected);
  findings.sample_holds = shown == expected;
  return findings;
}

}  // namespace leadex::cli
