#pragma once
// FormServices: what the handlers of hosted forms need beside the ApiContext. Built once by main;
// outlives the servers. Any thread.

#include <string>

#include "server/api/api_context.hpp"
#include "server/api/v1/form_counts.hpp"
#include "server/api/v1/visit_filters.hpp"
#include "server/http/router.hpp"

namespace leadex::api {

struct FormOptions {
  std::string public_url;  ///< https://host of the pages; empty: the host that was reached
  std::int64_t per_minute_max = 60;  ///< requests of one address; 0: any number
  bool mails{};                      ///< whether confirmations can be mailed
};

struct FormServices {
  FormServices(storage::FormStore& forms, FormOptions given)
      : store(forms), options(std::move(given)), counts(forms), velocity(options.per_minute_max) {}

  storage::FormStore& store;
  FormOptions options;
  FormCounts counts;
  VisitVelocity velocity;
};

/// Adds the operations by which generators make forms and see their counts. @param forms  outlives
/// the router
void register_forms(http::Router& router, ApiContext& context, FormServices& forms);

/// Adds the pages themselves to a router of their own: no other host may serve them, since that one
/// has keys and cookies to lose. `context.trade` is set.
void register_form_pages(http::Router& router, ApiContext& context, FormServices& forms);

}  // namespace leadex::api
