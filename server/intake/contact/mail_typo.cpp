#include "server/intake/contact/mail_typo.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>

namespace leadex::intake {
namespace {

constexpr int kFar = 5;
constexpr int kSlip = 1;
constexpr int kChange = 2;
constexpr std::size_t kLettersMax = 32;

struct Provider {
  std::string_view name;  // before the ending
  std::string_view ending;
};

// Where most mail of consumers lives. Names of ordinary words (live, mail, orange, rogers, charter,
// web) are kept out of the first list: half the dictionary is one letter away from them.
constexpr std::array<Provider, 44> kProviders{{
    {"gmail", "com"},       {"googlemail", "com"},  {"yahoo", "com"},      {"yahoo", "co.uk"},
    {"yahoo", "ca"},        {"yahoo", "de"},        {"yahoo", "fr"},       {"hotmail", "com"},
    {"hotmail", "co.uk"},   {"hotmail", "de"},      {"hotmail", "fr"},     {"outlook", "com"},
    {"outlook", "de"},      {"outlook", "fr"},      {"icloud", "com"},     {"protonmail", "com"},
    {"proton", "me"},       {"comcast", "net"},     {"verizon", "net"},    {"sbcglobal", "net"},
    {"bellsouth", "net"},   {"earthlink", "net"},   {"optonline", "net"},  {"rocketmail", "com"},
    {"btinternet", "com"},  {"virginmedia", "com"}, {"ntlworld", "com"},   {"talktalk", "net"},
    {"sympatico", "ca"},    {"t-online", "de"},     {"freenet", "de"},     {"windstream", "net"},
    {"centurylink", "net"}, {"frontier", "com"},    {"suddenlink", "net"}, {"roadrunner", "com"},
    {"mindspring", "com"},  {"fastmail", "com"},    {"wanadoo", "fr"},     {"laposte", "net"},
    {"ameritech", "net"},   {"netzero", "net"},     {"pacbell", "net"},    {"telus", "net"},
}};

// Domains that are real, used for mail and near to one above.
constexpr std::array<std::string_view, 22> kReal{
    "aol.com",       "cloud.com",   "email.com",    "fastmail.fm",  "freenet.net", "gmx.com",
    "gmx.de",        "gmx.net",     "hotmail.it",   "hushmail.com", "live.com",    "mac.com",
    "mail.com",      "me.com",      "msn.com",      "outlook.es",   "outlook.it",  "photon.me",
    "protonmail.ch", "t-mobile.de", "yahoo.com.au", "ymail.com"};
static_assert(std::is_sorted(kReal.begin(), kReal.end()));

// Endings that are no top level at all, or one where none of these providers has a mailbox.
struct EndingSlip {
  std::string_view written;
  std::string_view meant;
};
constexpr std::array<EndingSlip, 26> kEndingSlips{{
    {"con", "com"},    {"cmo", "com"}, {"ocm", "com"},  {"comm", "com"}, {"coom", "com"},
    {"ccom", "com"},   {"cim", "com"}, {"cpm", "com"},  {"clm", "com"},  {"vom", "com"},
    {"xom", "com"},    {"dom", "com"}, {"c0m", "com"},  {"cok", "com"},  {"coim", "com"},
    {"comn", "com"},   {"om", "com"},  {"cm", "com"},   {"co", "com"},   {"ner", "net"},
    {"nte", "net"},    {"ent", "net"}, {"nett", "net"}, {"nwt", "net"},  {"co.um", "co.uk"},
    {"couk", "co.uk"},
}};
// Judged by their ending alone.
constexpr std::array<std::string_view, 8> kShortNames{"aol", "live",  "msn", "mail",
                                                      "mac", "ymail", "gmx", "me"};

bool are_neighbours(char a, char b) {
  constexpr std::array<std::string_view, 3> kRows{"qwertyuiop", "asdfghjkl", "zxcvbnm"};
  for (std::size_t r = 0; r < kRows.size(); ++r) {
    auto const at = kRows[r].find(a);
    if (at == std::string_view::npos) continue;
    auto const same = kRows[r].find(b);
    if (same != std::string_view::npos) return same + 1 == at || at + 1 == same;
    // The row below begins half a key to the right.
    if (r + 1 < kRows.size()) {
      auto const below = kRows[r + 1].find(b);
      if (below != std::string_view::npos) return below == at || below + 1 == at;
    }
    if (r > 0) {
      auto const above = kRows[r - 1].find(b);
      if (above != std::string_view::npos) return above == at || above == at + 1;
    }
  }
  return false;
}

bool look_alike(char a, char b) {
  constexpr std::array<std::string_view, 6> kAlike{"0o", "1l", "1i", "il", "5s", "uv"};
  return std::any_of(kAlike.begin(), kAlike.end(), [a, b](std::string_view two) {
    return (two[0] == a && two[1] == b) || (two[0] == b && two[1] == a);
  });
}

// Two letters that read as one.
bool reads_as(char first, char second, char one) {
  return (first == 'r' && second == 'n' && one == 'm') ||
         (first == 'v' && second == 'v' && one == 'w') ||
         (first == 'c' && second == 'l' && one == 'd');
}

int cost_of_change(char written, char meant) {
  if (written == meant) return 0;
  return are_neighbours(written, meant) || look_alike(written, meant) ? kSlip : kChange;
}

// A letter too much or too few is a slip where its double, or a neighbour's key, stands beside it.
int cost_of_extra(std::string_view text, std::size_t at) {
  auto const beside = [&](std::size_t other) {
    return text[at] == text[other] || are_neighbours(text[at], text[other]);
  };
  bool const slip = (at > 0 && beside(at - 1)) || (at + 1 < text.size() && beside(at + 1));
  return slip ? kSlip : kChange;
}

bool is_short_name(std::string_view name) {
  return std::find(kShortNames.begin(), kShortNames.end(), name) != kShortNames.end();
}

bool is_provider(std::string_view name, std::string_view ending) {
  return std::any_of(kProviders.begin(), kProviders.end(), [&](Provider const& provider) {
    return provider.name == name && provider.ending == ending;
  });
}

// Static texts of the answers.
std::string_view whole_name(Provider const& provider) {
  static std::array<std::string, kProviders.size()> const kWhole = [] {
    std::array<std::string, kProviders.size()> names;
    std::transform(kProviders.begin(), kProviders.end(), names.begin(), [](Provider const& one) {
      return std::string{one.name} + '.' + std::string{one.ending};
    });
    return names;
  }();
  return kWhole[static_cast<std::size_t>(&provider - kProviders.data())];
}

std::optional<std::string_view> by_ending(std::string_view name, std::string_view ending) {
  auto const slip = std::find_if(kEndingSlips.begin(), kEndingSlips.end(),
                                 [&](EndingSlip const& one) { return one.written == ending; });
  if (slip == kEndingSlips.end()) return std::nullopt;
  for (auto const& provider : kProviders) {
    if (provider.name == name && provider.ending == slip->meant) return whole_name(provider);
  }
  if (slip->meant != "com" || !is_short_name(name)) return std::nullopt;
  constexpr std::array<std::string_view, kShortNames.size()> kDotCom{
      "aol.com", "live.com", "msn.com", "mail.com", "mac.com", "ymail.com", "gmx.com", "me.com"};
  auto const at = std::find(kShortNames.begin(), kShortNames.end(), name) - kShortNames.begin();
  return kDotCom[static_cast<std::size_t>(at)];
}

// Short names have more neighbours that somebody owns, so they are allowed less.
bool is_slip_of(std::string_view written, std::string_view meant) {
  auto const longer = std::max(written.size(), meant.size());
  auto const shorter = std::min(written.size(), meant.size());
  if (longer - shorter > 2 || longer > kLettersMax) return false;
  // Hands seldom miss the first key, and ymail, hmail, fmail are companies' own.
  bool const swapped = written.size() >= 2 && written[0] == meant[1] && written[1] == meant[0];
  if (written[0] != meant[0] && !swapped) return false;
  return slip_cost(written, meant) <= kChange;
}

}  // namespace

int slip_cost(std::string_view written, std::string_view meant) {
  written = written.substr(0, kLettersMax);
  meant = meant.substr(0, kLettersMax);
  std::array<std::array<int, kLettersMax + 1>, kLettersMax + 1> cost{};
  for (std::size_t i = 0; i <= written.size(); ++i) {
    for (std::size_t j = 0; j <= meant.size(); ++j) {
      if (i == 0 && j == 0) continue;
      int best = kFar;
      if (i > 0) best = std::min(best, cost[i - 1][j] + cost_of_extra(written, i - 1));
      if (j > 0) best = std::min(best, cost[i][j - 1] + cost_of_extra(meant, j - 1));
      if (i > 0 && j > 0) {
        best = std::min(best, cost[i - 1][j - 1] + cost_of_change(written[i - 1], meant[j - 1]));
      }
      if (i > 1 && j > 1 && written[i - 1] == meant[j - 2] && written[i - 2] == meant[j - 1]) {
        best = std::min(best, cost[i - 2][j - 2] + kSlip);
      }
      if (i > 1 && j > 0 && reads_as(written[i - 2], written[i - 1], meant[j - 1])) {
        best = std::min(best, cost[i - 2][j - 1] + kSlip);
      }
      if (i > 0 && j > 1 && reads_as(meant[j - 2], meant[j - 1], written[i - 1])) {
        best = std::min(best, cost[i - 1][j - 2] + kSlip);
      }
      cost[i][j] = best;
    }
  }
  return cost[written.size()][meant.size()];
}

std::optional<std::string_view> suggest_mail_domain(std::string_view domain_ascii) {
  auto const dot = domain_ascii.find('.');
  if (dot == std::string_view::npos || dot == 0) return std::nullopt;
  auto const name = domain_ascii.substr(0, dot);
  auto const ending = domain_ascii.substr(dot + 1);
  if (is_provider(name, ending) || std::binary_search(kReal.begin(), kReal.end(), domain_ascii)) {
    return std::nullopt;
  }
  if (auto const suggested = by_ending(name, ending)) return suggested;
  for (auto const& provider : kProviders) {
    // Other endings of a right name are other countries' mailboxes, not slips.
    if (provider.ending != ending || provider.name == name) continue;
    if (is_slip_of(name, provider.name)) return whole_name(provider);
  }
  return std::nullopt;
}

}  // namespace leadex::intake
