#pragma once
// VerifierRows: what judges the checks of markets beside people, each in the name of a verifier's
// account. Used inside one job of LotStore (lot_store.hpp).

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/ids.hpp"

namespace leadex::storage {

/// An endpoint that is asked, or the person itself, by a link in a mail or a text message.
enum class VerifierKind : std::uint8_t { http, email_code, sms_code };
inline constexpr std::array<std::string_view, 3> kVerifierKindTexts{"http", "email_code",
                                                                    "sms_code"};
[[nodiscard]] constexpr std::string_view text(VerifierKind kind) {
  return kVerifierKindTexts.at(static_cast<std::size_t>(kind));
}

struct CheckVerifier {
  MarketNo market{};
  VerifierKind kind{};
  std::int64_t tenant_no{};  ///< the verifier's account
  std::int64_t principal_no{};
  std::optional<std::string> url;            ///< none of e-mail
  std::optional<std::string> secret_sealed;  ///< what requests are signed with
  bool deliver_contact{};                    ///< http alone
  std::optional<std::string> subject;        ///< of mails; none: the usual one
  std::optional<std::string> text;           ///< of messages, before the link; likewise
  std::int32_t wait_hours{24};               ///< for the person's answer
};

class VerifierRows {
 public:
  virtual ~VerifierRows() = default;

  [[nodiscard]] virtual std::optional<CheckVerifier> find(MarketNo market) = 0;
  /// Of every market, but for those whose account is suspended.
  [[nodiscard]] virtual std::vector<CheckVerifier> all() = 0;
  /// In the place of the one before.
  virtual void put(CheckVerifier const& verifier) = 0;
  virtual void remove(MarketNo market) = 0;
  /// Who acts for an active verifier's account; none for any other account.
  [[nodiscard]] virtual std::optional<std::int64_t> principal_of(std::int64_t tenant_no) = 0;
};

}  // namespace leadex::storage
