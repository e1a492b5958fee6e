#pragma once
// The part of the row check that asks others: whether the e-mail domains of leads take mail. For
// uploads a chunk at once, for posted leads one. Coroutine of any executor.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <vector>

#include "server/dns/mail_domains.hpp"
#include "server/intake/contact/lead_check.hpp"

namespace leadex::intake {

inline constexpr std::chrono::milliseconds kMailWaitUpload{5000};    // of a chunk
inline constexpr std::chrono::milliseconds kMailWaitRealTime{2000};  // of a posted lead

/// The fault of a lead whose domain takes no mail.
[[nodiscard]] RowFault undeliverable_fault();

/// Asks about each domain of the leads once. Leads whose domain had no answer in time get the
/// warning email_not_checked. @param leads  outlive the call.
/// @return  places of the leads whose domain takes no mail, ascending.
[[nodiscard]] boost::asio::awaitable<std::vector<std::size_t>> find_undeliverable(
    dns::MailDomains& mail, std::vector<CheckedLead*> leads, std::chrono::milliseconds wait);

}  // namespace leadex::intake
