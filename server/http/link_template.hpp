#pragma once
// Links that visitors are sent to and postbacks are made of: a fixed host, and macros {name} behind
// it that are filled with percent-encoded values. Pure; any thread.

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "billing/values/result.hpp"

namespace leadex::http {

inline constexpr std::size_t kLinkBytesMax = 2048;
inline constexpr std::size_t kLinkMacrosMax = 24;  // filled, it still has to pass as a header

/// Who follows a link: a visitor's browser, or this program, which speaks TLS alone.
enum class LinkFor { visitors, requests };

enum class LinkError {
  malformed,        ///< no absolute URL, too long, too many macros, or a brace that is of none
  address_refused,  ///< no https, a user, an odd port, no public name or address
  macro_misplaced,  ///< a macro in the host: the host is fixed
  macro_unknown,
};
[[nodiscard]] std::string_view to_string(LinkError error);

/// Checks a link as it is stored, by the rules of outgoing requests (check_webhook_url): https, no
/// user-info, port 443 or 8443, a public name or address. Macros may stand in path, query and
/// fragment. With `allow_local` (a dev database) also loopback hosts on any port from 1024, and
/// there http://127.0.0.1 too, for visitors.
/// @param macros  the names that may be used
/// @errors  in the order of LinkError
[[nodiscard]] Result<void, LinkError> check_link(std::string_view link,
                                                 std::span<std::string const> macros,
                                                 bool allow_local, LinkFor use = LinkFor::visitors);

/// The link with each macro replaced by its value, all but letters, digits and -._~ as %XX. A value
/// of dots alone becomes nothing, so that no path climbs. Host and scheme stay as they are.
/// @param value  of a macro's name; an empty text for none
[[nodiscard]] std::string fill_link(std::string_view link,
                                    std::function<std::string(std::string_view)> const& value);

}  // namespace leadex::http
