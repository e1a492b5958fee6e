#include "server/api/v1/conversion_target.hpp"

namespace leadex::api {

namespace {

/// Leads and clicks have their numbers from one range.
FoundTarget bought(ApiCall& call, std::int64_t buyer_no, std::optional<LeadId> number) {
  if (!number) co_return std::nullopt;
  auto const sale = co_await trade_of(call).conversions.bought(buyer_no, *number);
  if (!sale) co_return refuse(sale.error());
  if (!*sale) co_return std::nullopt;
  co_return ConversionTarget{(*sale)->id, (*sale)->campaign_no, (*sale)->model, (*sale)->sold_us,
                             (*sale)->event};
}

}  // namespace

FoundTarget target_of_lead(ApiCall& call, std::int64_t buyer_no, std::string lead_id) {
  auto const lead = call.ctx.ids.open_as<LeadId>(lead_id);
  std::optional<LeadId> number;
  if (lead) number = *lead;
  co_return co_await bought(call, buyer_no, number);
}

FoundTarget target_of_click(ApiCall& call, std::int64_t buyer_no, std::string click_id) {
  auto const click = call.ctx.ids.open_as<ClickId>(click_id);
  std::optional<LeadId> number;
  if (click) number = LeadId{click->market, click->no};
  co_return co_await bought(call, buyer_no, number);
}

market::Command conversion_command(ConversionTarget const& target, market::ReportConversion told) {
  if (target.model == PricingModel::cpc) {
    return market::NoteConversion{.click_no = target.sale.lead_no,
                                  .budget = {told.buyer_no, target.campaign_no},
                                  .clicked_us = target.sold_us,
                                  .event = std::move(told.event),
                                  .transaction_id = std::move(told.transaction_id),
                                  .at_us = told.at_us,
                                  .value_micros = told.value_micros,
                                  .confirmed = told.confirmed};
  }
  told.lead_no = target.sale.lead_no;
  told.slot = target.sale.slot;
  return told;
}

}  // namespace leadex::api
