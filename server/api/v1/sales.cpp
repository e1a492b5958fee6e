#include "server/api/v1/trade.hpp"
#include "server/api/v1/trade_support.hpp"
#include "server/observe/log.hpp"
#include "server/privacy/lead_envelope.hpp"
#include "server/render/attributes.hpp"
#include "server/render/words.hpp"

namespace leadex::api {

namespace {

Result<storage::SaleFilter, ApiProblem> read_filter(ApiCall const& call, PageRequest const& page) {
  storage::SaleFilter filter;
  filter.limit = page.fetch();
  auto const market = query_market(call);
  if (!market) return refuse(market.error());
  filter.market = *market;
  auto const from = query_instant(call, "created_at[gte]");
  if (!from) return refuse(from.error());
  filter.sold_from_us = *from;
  auto const until = query_instant(call, "created_at[lt]");
  if (!until) return refuse(until.error());
  filter.sold_until_us = *until;
  for (auto const& word : call.query_list("status")) {
    if (auto const state = render::sale_state(word)) filter.states.push_back(*state);
  }
  // Ids name their market; two that name different ones find nothing.
  auto const within = [&](MarketNo market_no) {
    filter.market = filter.market.value_or(market_no) == market_no ? market_no : 0;
  };
  if (auto const campaign = query_id<CampaignId>(call, "campaign_id")) {
    filter.campaign_no = campaign->no;
    within(campaign->market);
  }
  if (auto const lead = query_id<LeadId>(call, "lead_id")) {
    filter.lead_no = lead->no;
    within(lead->market);
  }
  if (auto const batch = query_id<BatchId>(call, "batch_id")) {
    filter.batch_no = batch->no;
    within(batch->market);
  }
  if (!page.after.empty()) {
    filter.before = storage::SaleCursor{page.after[0], static_cast<MarketNo>(page.after[1]),
                                        page.after[2], static_cast<std::int32_t>(page.after[3])};
  }
  return filter;
}

/// What the audit row keeps of a reason: free text may name a person, so it is sealed.
std::string sealed_reason(ApiCall const& call, SaleId sale, std::string_view reason) {
  auto const row = privacy::row_key(sale.lead_no, sale.slot);
  return "sealed:" + crypto::hex_encode(privacy::SecretBox{call.ctx.keys}.seal(
                         {"audit", sale.market, row, "reason"}, reason));
}

/// The first read of a lead that waits for its delivery delivers it: only then is the contact
/// opened. Sales that need no such step pass.
asio::awaitable<Result<void, ApiProblem>> deliver(ApiCall& call, SaleId id) {
  // Of an erased lead there is nothing to deliver, so nobody pays for a look at it.
  auto const erased = co_await trade_of(call).sales.erased(viewer_of(call), id);
  if (!erased) co_return refuse(problem_of(erased.error()));
  if (*erased) co_return problem(Code::contact_gone);
  auto const market = find_market(call.ctx, id.market);
  if (!market) co_return refuse(market.error());
  market::Submission submission;
  submission.command = market::ConfirmDelivery{id.lead_no, id.slot};
  auto const done = co_await submit_raw(call, *market, std::move(submission));
  if (!done) co_return refuse(done.error());
  // Delivered or voided meanwhile: the look at the row tells which.
  auto const refusal = done->outcome.refusal;
  bool const settled = refusal == market::Refusal::none ||
                       refusal == market::Refusal::sale_not_pending ||
                       refusal == market::Refusal::sale_unknown;
  if (!settled) co_return refuse(problem_of(refusal));
  co_return Result<void, ApiProblem>{};
}

ApiResult render_contact(ApiCall const& call, SaleId id, storage::SealedContactRow const& row) {
  LeadId const lead{id.market, id.lead_no};
  auto const key = privacy::open_lead_key(call.ctx.keys, lead, {row.kek_id, row.key_wrapped});
  if (!key) return problem(Code::internal);
  auto const row_key = privacy::row_key(id.lead_no);
  auto const contact =
      privacy::open_contact(call.ctx.keys, lead, {row.kek_id, row.key_wrapped}, row.contact_sealed);
  auto const evidence = privacy::open_field(*key, {"contact", id.market, row_key, "consent_sealed"},
                                            row.consent_sealed);
  if (!contact || !evidence) {
    log::error("contact.open", "a sealed contact does not open")
        .field("market", std::int64_t{id.market})
        .field("lead", id.lead_no);
    return problem(Code::internal);
  }
  auto const person = json::parse(contact->view());
  auto const proof = json::parse(evidence->view());
  if (!person || !proof || !proof->IsObject()) return problem(Code::internal);
  json::JsonWriter out;
  {
    auto const object = out.object();
    out.field("sale_id", call.ctx.ids.seal(id));
    out.field("lead_id", call.ctx.ids.seal(lead));
    out.field("contact", *person);
    render::write_attributes(out, "attributes", definitions_of(call, id.market, row.version),
                             row.attributes);
    if (auto const* const consent = json::find_member(*proof, "consent")) {
      out.field("consent", *consent);
    }
  }
  return answer(200, out);
}

}  // namespace

Answered list_sales(ApiCall& call) {
  auto const page = read_page(call, 4);
  if (!page) co_return refuse(page.error());
  auto const filter = read_filter(call, *page);
  if (!filter) co_return refuse(filter.error());
  auto const sales = co_await trade_of(call).sales.list(viewer_of(call), *filter);
  if (!sales) co_return refuse(problem_of(sales.error()));
  co_return answer_page(
      call, *page, *sales,
      [&](json::JsonWriter& out, storage::SaleView const& sale) {
        render::write_sale(out, call.ctx.ids, sale);
      },
      [](storage::SaleView const& sale) {
        return std::vector<std::int64_t>{to_unix_micros(sale.sold_at), std::int64_t{sale.id.market},
                                         sale.id.lead_no, std::int64_t{sale.id.slot}};
      });
}

Answered get_sale(ApiCall& call) {
  auto const id = path_sale(call);
  if (!id) co_return refuse(id.error());
  auto const sale = co_await trade_of(call).sales.find(viewer_of(call), *id);
  if (!sale) co_return refuse(problem_of(sale.error()));
  if (!*sale) co_return problem(Code::not_found);
  json::JsonWriter out;
  render::write_sale(out, call.ctx.ids, **sale);
  co_return answer(200, out);
}

Answered get_sale_contact(ApiCall& call) {
  auto const id = path_sale(call);
  if (!id) co_return refuse(id.error());
  storage::ContactRequest request{viewer_of(call), call.principal.principal_no, *id, std::string{}};
  if (call.staff()) {
    auto const reason = call.query("reason");
    if (!reason) {
      co_return invalid("/query/reason", "missing_parameter", "Staff say why they look.");
    }
    request.reason = sealed_reason(call, *id, *reason);
  } else {
    auto const sale = co_await trade_of(call).sales.find(viewer_of(call), *id);
    if (!sale) co_return refuse(problem_of(sale.error()));
    if (!*sale || (*sale)->buyer_no != call.account_no()) co_return problem(Code::not_found);
    if ((*sale)->state == market::SaleState::pending) {
      auto const delivered = co_await deliver(call, *id);
      if (!delivered) co_return refuse(delivered.error());
    }
  }
  auto const row = co_await trade_of(call).sales.contact(request);
  if (!row) co_return refuse(problem_of(row.error()));
  if (!*row) co_return problem(Code::not_found);
  if ((*row)->gone) co_return problem(Code::contact_gone);
  co_return render_contact(call, *id, **row);
}

}  // namespace leadex::api
