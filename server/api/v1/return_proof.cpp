#include "server/api/v1/return_proof.hpp"

#include <algorithm>

#include "server/api/v1/trade_support.hpp"
#include "server/intake/person_match.hpp"
#include "server/privacy/lead_envelope.hpp"

namespace leadex::api {

namespace {

std::vector<std::string> person_behind(ApiCall const& call, MarketRef const& market,
                                       storage::ReturnProof::Contact const& row) {
  auto const contact = privacy::open_contact(call.ctx.keys, {market.no(), row.lead_no},
                                             {row.kek_id, row.key_wrapped}, row.contact_sealed);
  if (!contact) return {};
  return intake::person_of(call.ctx.keys, contact->view(), market.settings->country);
}

}  // namespace

asio::awaitable<bool> is_proven(ApiCall& call, MarketRef market, SaleId sale,
                                std::string_view reason) {
  bool const duplicate = reason == "duplicate";
  if (!duplicate && reason != "never_requested") co_return false;
  auto const found =
      co_await trade_of(call).sales.proof(viewer_of(call), sale, duplicate ? kProofSalesMax : 1);
  if (!found || !*found) co_return false;
  auto const& proof = **found;
  if (!duplicate) co_return proof.revoked_before;
  if (!proof.contact) co_return false;
  auto const person = person_behind(call, market, *proof.contact);
  co_return std::ranges::any_of(proof.earlier, [&](auto const& earlier) {
    return intake::same_person(person, person_behind(call, market, earlier));
  });
}

}  // namespace leadex::api
