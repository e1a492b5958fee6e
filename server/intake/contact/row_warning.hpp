#pragma once
// What looks odd about a lead that is taken all the same. A warning never refuses: it is told to
// the lead's generator and to staff, not to buyers. The numbers are stored (table lead_warning), so
// none is ever given to another meaning. Pure; any thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace leadex::intake {

enum class RowWarning : std::uint8_t {
  email_role = 0,             ///< info@, sales@ …: a function, not a person
  email_mistyped = 1,         ///< the domain looks like a slip for a well-known one
  email_not_checked = 2,      ///< the domain name service gave no answer in time
  phone_toll_free = 3,        ///< whoever is called pays: a company's number
  phone_voip = 4,             ///< bound to no place
  phone_shared_cost = 5,      ///< whoever calls it pays more than for a plain call
  phone_not_personal = 6,     ///< a pager, a mailbox, a company's or a follow-me number
  phone_foreign = 7,          ///< of another country than the market's
  postal_code_mismatch = 8,   ///< of another region than the contact's, or of none
  ip_not_public = 9,          ///< in a range that no visitor comes from
  user_agent_malformed = 10,  ///< holds control characters: no browser sends that
  age_unlikely = 11,          ///< a hundred years and more
};
inline constexpr std::size_t kRowWarnings = 12;

struct WarningText {
  std::string_view code;     ///< as the API shows it
  std::string_view pointer;  ///< JSON pointer into the Lead
};
inline constexpr std::array<WarningText, kRowWarnings> kWarningTexts{{
    {"email_role", "/contact/email"},
    {"email_mistyped", "/contact/email"},
    {"email_not_checked", "/contact/email"},
    {"phone_toll_free", "/contact/phone"},
    {"phone_voip", "/contact/phone"},
    {"phone_shared_cost", "/contact/phone"},
    {"phone_not_personal", "/contact/phone"},
    {"phone_foreign", "/contact/phone"},
    {"postal_code_mismatch", "/contact/postal_code"},
    {"ip_not_public", "/ip_address"},
    {"user_agent_malformed", "/user_agent"},
    {"age_unlikely", "/contact/date_of_birth"},
}};

/// A set of warnings; its bits are what is stored.
class RowWarnings {
 public:
  RowWarnings() = default;
  explicit RowWarnings(std::int32_t bits) : bits_(bits) {}

  void add(RowWarning warning) { bits_ |= bit_of(warning); }
  [[nodiscard]] bool has(RowWarning warning) const { return (bits_ & bit_of(warning)) != 0; }
  [[nodiscard]] bool empty() const { return bits_ == 0; }
  [[nodiscard]] std::int32_t bits() const { return bits_; }
  friend bool operator==(RowWarnings const&, RowWarnings const&) = default;

 private:
  static constexpr std::int32_t bit_of(RowWarning warning) {
    return std::int32_t{1} << static_cast<unsigned>(warning);
  }
  std::int32_t bits_{};
};

}  // namespace leadex::intake
