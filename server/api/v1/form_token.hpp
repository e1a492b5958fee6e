#pragma once
// What a form's page and its confirmation link carry, sealed so that nobody can make, change or
// read it: the page knows its version, when it was shown and where its visitor came from without a
// cookie. Pure; any thread.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/privacy/key_ring.hpp"
#include "server/storage/forms.hpp"

namespace leadex::api {

inline constexpr std::chrono::hours kPageLife{24};
inline constexpr std::chrono::hours kConfirmLife{72};
inline constexpr std::size_t kFormSources = 8;  // utm_source, utm_medium, utm_campaign, sub1…sub5
inline constexpr std::size_t kPageNonceBytes = 16;

struct PageToken {
  MarketNo market{};
  std::int64_t form_no{};
  std::int32_t version{};
  std::int64_t shown_us{};
  std::string nonce;                 // kPageNonceBytes, random
  std::vector<std::string> sources;  // kFormSources; empty: not given

  static void fields(auto& self, auto& io) {
    io(self.market, self.form_no, self.version, self.shown_us, self.nonce, self.sources);
  }
};
[[nodiscard]] std::string seal_page(privacy::KeyRing const& keys, PageToken const& token);
/// Nothing for anything but a page token of that form.
[[nodiscard]] std::optional<PageToken> open_page(privacy::KeyRing const& keys, storage::FormId form,
                                                 std::string_view text);

struct ConfirmToken {
  MarketNo market{};
  std::int64_t form_no{};
  std::string nonce;  // of the page that was sent in
  std::int64_t expires_us{};

  static void fields(auto& self, auto& io) {
    io(self.market, self.form_no, self.nonce, self.expires_us);
  }
};
[[nodiscard]] std::string seal_confirm(privacy::KeyRing const& keys, ConfirmToken const& token);
/// Nothing for anything but a confirmation of that form.
[[nodiscard]] std::optional<ConfirmToken> open_confirm(privacy::KeyRing const& keys,
                                                       storage::FormId form, std::string_view text);

}  // namespace leadex::api
