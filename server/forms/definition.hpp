#pragma once
// Definition: what a hosted form shows, asks for and does, as its generator wrote it. Read from
// JSON that the contract has checked; pages and handlers work with it. Pure; any thread.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/json/value.hpp"

namespace leadex::forms {

struct Choice {
  std::string value;
  std::string label;
};

struct Field {
  std::string name;  ///< "contact.email", "attributes.state": its place in a Lead
  std::string label;
  bool required{};
  std::vector<Choice> choices;  ///< empty: free text
};

/// The sentences of a form. Those that the definition does not give are these.
struct Texts {
  std::string submit = "Send";
  std::string fault = "Please look at the marked fields again.";
  std::string again = "This page was open for too long. Please send it again.";
  std::string sent_before = "This page has been sent already.";
  std::string thank_you = "Thank you. We have received your request.";
  std::string mail_sent =
      "Thank you. Please open the link in the e-mail that is on its way to you.";
  std::string closed = "This form takes no requests at the moment.";
  std::string confirm = "Please confirm your request.";
  std::string confirm_button = "Confirm";
  std::string expired = "This link is no longer valid.";
  std::string mail_subject = "Please confirm your request";
  std::string mail_text = "Please confirm your request by opening this link:";
};

struct Definition {
  std::string title;
  std::string intro;
  std::string language = "en";
  std::vector<Field> fields;
  std::string consent;             ///< as shown and as kept
  std::string redirect_url;        ///< after sending; empty: the page with texts.thank_you
  std::vector<std::string> sites;  ///< origins that may embed it
  std::string reason;              ///< of the leads' source
  bool double_opt_in{};
  Texts texts;
};

/// Of an object that fits the contract's FormDefinition; what is missing has its default.
[[nodiscard]] Definition read_definition(json::Value const& object);

[[nodiscard]] Field const* find_field(Definition const& definition, std::string_view name);

/// "https://host" or "https://host:port" in lower case, which is safe in a header; nothing for any
/// other text.
[[nodiscard]] bool is_origin(std::string_view text);
/// Scheme, host and port of an address that begins with an origin; empty when none does.
[[nodiscard]] std::string_view origin_of(std::string_view url);

}  // namespace leadex::forms
