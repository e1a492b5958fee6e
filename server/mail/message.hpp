#pragma once
// Message: one plain-text mail, and its form on the wire. Pure; any thread.

#include <string>
#include <string_view>

#include "billing/values/time.hpp"

namespace leadex::mail {

struct Message {
  std::string to;       ///< one address, UTF-8
  std::string subject;  ///< UTF-8
  std::string text;     ///< UTF-8, LF between lines
};

/// What ties a message to its sender and makes it one of its kind.
struct Stamp {
  std::string_view from;  ///< an address
  std::string_view id;    ///< left part of the Message-ID: letters, digits, - and _
  Timestamp at{};
};

/// Whether a text may stand as an address in a header: no controls, blanks, commas or brackets, one
/// part before and one behind its last @.
[[nodiscard]] bool is_mailable(std::string_view address);

/// RFC 5322 with CRLF, the text in base64: no line is too long, none begins with a dot, and nothing
/// in it can end a header. @param message  its address and the sender's are mailable
[[nodiscard]] std::string wire_form(Message const& message, Stamp const& stamp);

}  // namespace leadex::mail
