#pragma once
// SentForm: what a visitor sent in with what the page knew of itself, and how it becomes a lead by
// the same check as every other. It waits sealed for a confirmation in just this form. Any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/api/api_context.hpp"
#include "server/api/v1/form_token.hpp"
#include "server/forms/definition.hpp"
#include "server/intake/contact/lead_check.hpp"
#include "server/intake/lead_rows.hpp"

namespace leadex::api {

struct SentForm {
  std::int32_t version{};
  std::int64_t shown_us{};
  std::int64_t sent_us{};
  std::string address;  // IP
  std::string agent;
  std::string page_url;
  std::vector<std::string> sources;  // kFormSources
  std::vector<std::string> names;    // of the definition's fields, in its order
  std::vector<std::string> values;   // same size; "" = not given

  [[nodiscard]] std::string_view at(std::string_view name) const;
  static void fields(auto& self, auto& io) {
    io(self.version, self.shown_us, self.sent_us, self.address, self.agent, self.page_url,
       self.sources, self.names, self.values);
  }
};

/// By the market's rules as they are now.
/// @errors  its faults; pointer_of a field is "/" and its name with "/" for "."
[[nodiscard]] Result<intake::CheckedLead, std::vector<intake::RowFault>> check_sent(
    SentForm const& sent, forms::Definition const& definition, intake::CheckContext const& context);

/// The field of a fault's pointer: "/contact/email" is "contact.email".
[[nodiscard]] std::string field_of(std::string_view pointer);

/// What stands in the lead's evidence beside its consent.
[[nodiscard]] intake::FormEvidence evidence_of(SentForm const& sent,
                                               std::string_view definition_json,
                                               std::optional<Timestamp> confirmed_at);

/// Sealed for the row of its page, and back; nothing when it does not open.
[[nodiscard]] std::string seal_sent(privacy::KeyRing const& keys, storage::PageKey const& page,
                                    SentForm const& sent);
[[nodiscard]] std::optional<SentForm> open_sent(privacy::KeyRing const& keys,
                                                storage::PageKey const& page,
                                                std::string_view sealed);

}  // namespace leadex::api
