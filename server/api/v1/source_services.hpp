#pragma once
// SourceServices: what the handlers of sources work with: taxonomies, attribution reports,
// passports of leads. Built once by main before register_sources; all handlers share it, any
// thread.

#include "server/api/operation.hpp"
#include "server/app/source_taxonomies.hpp"
#include "server/storage/passports.hpp"

namespace leadex::api {

struct SourceServices {
  storage::LeadSources& sources;
  storage::PassportReads& passports;
  app::SourceTaxonomies taxonomies;

  /// Both outlive this.
  SourceServices(storage::LeadSources& lead_sources, storage::PassportReads& passport_reads)
      : sources(lead_sources), passports(passport_reads), taxonomies(lead_sources) {}
};

/// Adds the operations; `services` outlives the router.
void register_sources(http::Router& router, ApiContext& context, SourceServices& services);

/// In force for leads of the market now; null when there is none, or no sources are kept here.
[[nodiscard]] asio::awaitable<Result<app::SourceTaxonomies::Version, ApiProblem>> taxonomy_of(
    ApiCall& call, MarketNo market);

[[nodiscard]] asio::awaitable<ApiResult> get_taxonomy(ApiCall& call, SourceServices& services);
[[nodiscard]] asio::awaitable<ApiResult> put_taxonomy(ApiCall& call, SourceServices& services);
[[nodiscard]] asio::awaitable<ApiResult> get_attribution(ApiCall& call, SourceServices& services);
[[nodiscard]] asio::awaitable<ApiResult> get_lead_passport(ApiCall& call, SourceServices& services);
[[nodiscard]] asio::awaitable<ApiResult> get_sale_passport(ApiCall& call, SourceServices& services);

}  // namespace leadex::api
