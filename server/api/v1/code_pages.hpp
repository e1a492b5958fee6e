#pragma once
// The page that takes the answers to one-time codes. Any thread.

#include "server/api/v1/form_services.hpp"

namespace leadex::api {

/// Adds it to the router of the forms' pages, whose limit of requests counts for it too.
/// `context.intake` is set. @param forms  outlives the router
void register_code_pages(http::Router& router, ApiContext& context, FormServices& forms);

}  // namespace leadex::api
