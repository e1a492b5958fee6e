#pragma once
// What each part of the program takes from the settings. Any thread.

#include <memory>

#include "server/api/api_context.hpp"
#include "server/api/v1/click_services.hpp"
#include "server/api/v1/form_services.hpp"
#include "server/config/settings.hpp"
#include "server/delivery/bid_requests.hpp"
#include "server/dns/mail_domains.hpp"
#include "server/http/client.hpp"
#include "server/http/server.hpp"
#include "server/intake/batch_upload.hpp"
#include "server/intake/contact/disposable_domains.hpp"
#include "server/json/contract.hpp"
#include "server/mail/sender.hpp"
#include "server/market/market_host.hpp"
#include "server/storage/database.hpp"
#include "server/storage/postgres/session.hpp"

namespace leadex::program {

[[nodiscard]] storage::Environment environment_of(Settings const& settings);
[[nodiscard]] storage::postgres::SessionOptions session_of(Settings const& settings);
/// Names this run of the process, and tells whether the run that a lease names is over.
[[nodiscard]] market::HostOptions host_of(Settings const& settings);
/// Throws when the file cannot be read.
[[nodiscard]] intake::DisposableDomains disposable_of(Settings const& settings);
/// A newer file takes the list's place at once; one that cannot be read leaves it as it is.
void reload_disposable(Settings const& settings, intake::DisposableDomains const& disposable);
/// Null where no resolver is set.
[[nodiscard]] std::unique_ptr<dns::MailDomains> mail_domains_of(Settings const& settings);
[[nodiscard]] api::ApiLimits limits_of(Settings const& settings);
[[nodiscard]] api::ClickOptions clicks_of(Settings const& settings);
[[nodiscard]] intake::UploadLimits upload_limits_of(Settings const& settings);
/// Throws when it is none.
[[nodiscard]] json::Contract contract_of(Settings const& settings);
[[nodiscard]] http::ClientOptions webhooks_of(Settings const& settings);
[[nodiscard]] delivery::BidRequestOptions bid_requests_of(Settings const& settings);
[[nodiscard]] api::FormOptions forms_of(Settings const& settings);
/// Null when no mail server is set.
[[nodiscard]] std::unique_ptr<mail::Sender> mail_of(Settings const& settings);
/// @param plain  what its plain port on loopback answers; outlives the server
[[nodiscard]] http::ServerOptions server_of(Settings const& settings, http::Router const& plain);
/// The host of the forms' pages: the API's limits and certificate, and a port of its own.
[[nodiscard]] http::ServerOptions pages_of(Settings const& settings, http::Router const& plain);

}  // namespace leadex::program
