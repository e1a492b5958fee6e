#pragma once
// What becomes of a form that was sent in and is without fault: a lead of its generator, or one
// that waits for its confirmation. Coroutines of the connection's thread.

#include "server/api/market_ref.hpp"
#include "server/api/v1/form_services.hpp"
#include "server/api/v1/sent_form.hpp"

namespace leadex::api {

/// What its visitor may know of it: a known person and a new one are the same here.
enum class PostedForm : std::uint8_t {
  done,         ///< a lead, or none because of who it is
  waiting,      ///< for its confirmation
  used,         ///< its page has sent something else, or there is nothing to confirm
  unavailable,  ///< nothing has happened; to be sent again
};

/// References outlive the call.
struct FormCase {
  http::Request& request;
  ApiContext& ctx;
  FormServices& forms;
  storage::Form const& form;
  bool double_opt_in{};
};

[[nodiscard]] asio::awaitable<PostedForm> post_form(FormCase one, MarketRef market, PageToken token,
                                                    SentForm sent, intake::CheckedLead lead);

/// What waits under that page becomes a lead. Once it has, a second time changes nothing.
[[nodiscard]] asio::awaitable<PostedForm> confirm_form(FormCase one, storage::PageKey page);

}  // namespace leadex::api
