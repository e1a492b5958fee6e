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
/// A server opens no more rows than this beyond those that decide a sequential plan.
constexpr std::int64_t kOpenAhead = 16;

std::int64_t row_number(std::string_view text) {
  std::int64_t row = 0;
  auto const [end, fault] = std::from_chars(text.data(), text.data() + text.size(), row);
  if (fault != std::errc{} || end != text.data() + text.size() || row < 1) {
    throw Failure(kFailed, "the accepted rows are not written as ranges of rows");
  }
  return row;
}

std::vector<std::int64_t> bounds_of(JsonView list) {
  std::vector<std::int64_t> bounds;
  if (list.is_null()) return bounds;
  for (auto const& bound : list.items()) bounds.push_back(bound.integer());
  return bounds;
}

/// What the verdicts say by the published bounds, as an unbroken prefix in the order shown.
struct Walk {
  std::int64_t checked{};
  std::int64_t unreachable{};
  std::string verdict{"pending"};
};

Walk walk_through(RevealedDraw const& draw) {
  Walk walk;
  std::int64_t bad = 0;
  auto const last =
      static_cast<std::int64_t>(std::min(draw.accept_at.size(), draw.reject_at.size()));
  for (std::size_t row = 0; walk.checked < last; ++row) {
    auto const at = static_cast<std::size_t>(walk.checked);
    if (bad >= draw.reject_at[at]) walk.verdict = "rejected";
    if (bad <= draw.accept_at[at]) walk.verdict = "accepted";
    if (walk.verdict != "pending") break;
    if (row >= draw.verdicts.size() || draw.verdicts[row].empty()) break;
    if (draw.verdicts[row] == "unreachable") {
      ++walk.unreachable;
    } else {
      ++walk.checked;
      bad += draw.verdicts[row] == "bad" ? 1 : 0;
    }
  }
  return walk;
}

bool size_holds(RevealedDraw const& draw, Walk const& walk) {
  auto const shown = static_cast<std::int64_t>(draw.sampled_rows.size());
  if (draw.skipped) return shown == 0;
  if (!draw.sequential) {
    return shown >= draw.sample_size && shown <= draw.sample_size + draw.unreachable;
  }
  return shown >= walk.checked + walk.unreachable &&
         shown <= walk.checked + draw.unreachable + kOpenAhead;
}

/// Below a half of the hash's range: its first bit is 0.
bool skip_holds(RevealedDraw const& draw) {
  if (!draw.skip_mode) return !draw.skipped;
  crypto::HmacKey const key{crypto::Secret{draw.secret}};
  auto const digest = key.sign("skip");
  constexpr unsigned kHalf = 0x80;
  return (static_cast<unsigned>(digest.front()) < kHalf) == draw.skipped;
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
    auto const verdict = check["verdict"];
    draw.verdicts.push_back(verdict.is_null() ? std::string{} : verdict.text());
    if (draw.verdicts.back() == "unreachable") ++draw.unreachable;
  }
  draw.sequential = spot_check["method"].shown() == "sequential";
  draw.skip_mode = spot_check["mode"].shown() == "skip";
  draw.skipped = spot_check["skipped"].flag();
  draw.accept_at = bounds_of(spot_check["accept_at"]);
  draw.reject_at = bounds_of(spot_check["reject_at"]);
  draw.verdict = spot_check["verdict"].shown();
  draw.by_admin = spot_check["judged_by_admin"].flag();
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
  auto const walk = walk_through(draw);
  findings.size_holds = size_holds(draw, walk);
  findings.skip_holds = skip_holds(draw);
  bool const told = !draw.accept_at.empty() && !draw.by_admin;
  findings.verdict_holds = !told || walk.verdict == draw.verdict;
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
