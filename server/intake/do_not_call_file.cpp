#include "server/intake/do_not_call_file.hpp"

#include <algorithm>

#include "server/intake/contact/text.hpp"
#include "server/intake/do_not_call.hpp"
#include "server/privacy/blind_index.hpp"

namespace leadex::intake {
namespace {

constexpr std::size_t kLineBytesMax = 128;  // a hash has 64
constexpr std::size_t kDigitsMin = 7;
constexpr std::size_t kDigitsMax = 15;  // E.164

bool is_e164(std::string_view text) {
  if (!text.starts_with('+')) return false;
  auto const digits = text.substr(1);
  return digits.size() >= kDigitsMin && digits.size() <= kDigitsMax && digits.front() != '0' &&
         std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool DoNotCallFile::take(std::string_view line) {
  ++line_;
  if (line.ends_with('\r')) line.remove_suffix(1);
  auto const text = trim(line);
  if (text.empty()) return true;
  if (is_e164(text)) {
    digests_.push_back(do_not_call_digest(keys_, text));
    return true;
  }
  auto const hash = privacy::parse_sha256_hex(text);
  if (!hash) return false;
  auto const digest = privacy::blind_index_of_sha256(keys_, privacy::BlindField::phone, *hash);
  digests_.emplace_back(crypto::view_of(digest));
  return true;
}

bool DoNotCallFile::feed(std::string_view bytes) {
  for (auto end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
    auto const part = bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    if (rest_.empty()) {
      if (!take(part)) return false;
      continue;
    }
    rest_ += part.substr(0, kLineBytesMax);
    auto const whole = std::exchange(rest_, {});
    if (!take(whole)) return false;
  }
  if (rest_.size() + bytes.size() > kLineBytesMax) {
    ++line_;
    return false;
  }
  rest_ += bytes;
  return true;
}

bool DoNotCallFile::finish() {
  auto const last = std::exchange(rest_, {});
  return last.empty() || take(last);
}

}  // namespace leadex::intake
