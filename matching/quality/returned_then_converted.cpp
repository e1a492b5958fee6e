#include "matching/quality/returned_then_converted.hpp"

#include <algorithm>
#include <tuple>

#include "matching/quality/evidence.hpp"

namespace leadex::quality {
namespace {

using Wins = std::vector<ReportedWin>;

auto person_key(ReportedWin const& win) { return std::tie(win.buyer_no, win.person); }
auto order_key(ReportedWin const& win) {
  return std::tie(win.buyer_no, win.person, win.at_us, win.lead_no, win.told_by_systems);
}
bool before(ReportedWin const& a, ReportedWin const& b) { return order_key(a) < order_key(b); }

ReportedWin const* win_of(ReturnedLead const& lead, Wins const& sorted) {
  auto const same_person = std::ranges::equal_range(sorted, std::tie(lead.buyer_no, lead.person),
                                                    std::ranges::less{}, person_key);
  ReportedWin const* found = nullptr;
  for (auto const& win : same_person) {
    if (win.at_us < lead.sold_at_us) continue;
    if (win.lead_no == lead.lead_no) return &win;
    if (found == nullptr && !lead.as_duplicate) found = &win;
  }
  return found;
}

}  // namespace

std::vector<Finding> returned_then_converted(std::span<ReturnedLead const> returned,
                                             std::span<ReportedWin const> wins) {
  Wins sorted(wins.begin(), wins.end());
  std::ranges::sort(sorted, before);
  std::vector<Finding> findings;
  for (auto const& lead : returned) {
    auto const* win = win_of(lead, sorted);
    if (win == nullptr) continue;
    findings.push_back({.kind = FindingKind::returned_then_converted,
                        .buyer_no = lead.buyer_no,
                        .generator_no = lead.generator_no,
                        .lead_no = lead.lead_no,
                        .lead_later_no = win->lead_no,
                        .counted = 1,
                        .seen = 1,
                        .rate_ppm = kMillion,
                        .rate_low_ppm = kMillion,
                        .rate_high_ppm = kMillion,
                        .confidence_ppm = kMillion,
                        .told_by_systems = win->told_by_systems});
  }
  auto const subject = [](Finding const& f) { return std::tuple{f.buyer_no, f.lead_no}; };
  std::ranges::sort(findings, [&](auto const& a, auto const& b) {
    return std::tuple{subject(a), a.generator_no, a.lead_later_no, a.told_by_systems} <
           std::tuple{subject(b), b.generator_no, b.lead_later_no, b.told_by_systems};
  });
  auto const twice = std::ranges::unique(findings, {}, subject);
  findings.erase(twice.begin(), twice.end());
  return findings;
}

}  // namespace leadex::quality
