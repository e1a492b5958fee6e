#include "server/cli/client/listing_output.hpp"
#include "server/cli/client/verbs.hpp"

namespace leadex::cli {

namespace {

std::vector<ColumnOf> const& dispute_columns() {
  static std::vector<ColumnOf> const kColumns{{"id", "id"},
                                              {"sale", "sale_id"},
                                              {"status", "status"},
                                              {"reason", "reason"},
                                              {"decision", "decision_reason"},
                                              {"credited", "credited"},
                                              {"opened", "opened_at"}};
  return kColumns;
}

}  // namespace

int list_listings(Api& api, Command const& command) {
  return print_list(api, command, "/v1/listings",
                    {{"id", "id"},
                     {"score", "score"},
                     {"ask", "ask"},
                     {"exclusive", "ask_exclusive"},
                     {"shares", "shares_left"},
                     {"captured", "captured_at"},
                     {"attributes", "attributes"}});
}

int list_campaigns(Api& api, Command const& command) {
  return print_list(api, command, "/v1/campaigns",
                    {{"id", "id"},
                     {"name", "name"},
                     {"market", "market"},
                     {"status", "status"},
                     {"bid", "pricing/bid"},
                     {"budget", "budget"}});
}

int show_campaign(Api& api, Command const& command) {
  auto const campaign = api.get("/v1/campaigns/" + query_encode(command.id));
  print_one(command, campaign,
            {{"id", "id"},
             {"name", "name"},
             {"market", "market"},
             {"status", "status"},
             {"bid", "pricing/bid"},
             {"exclusive bid", "pricing/exclusive_bid"},
             {"exclusivity", "exclusivity"},
             {"budget", "budget"},
             {"caps", "caps"},
             {"targeting", "targeting"}});
  return kOk;
}

int list_sales(Api& api, Command const& command) {
  return print_list(api, command, "/v1/sales",
                    {{"id", "id"},
                     {"sold", "sold_at"},
                     {"gross", "gross"},
                     {"commission", "commission"},
                     {"net", "net"},
                     {"credited", "credited"},
                     {"status", "status"},
                     {"return", "return_status"}});
}

int list_disputes(Api& api, Command const& command) {
  return print_list(api, command, "/v1/disputes", dispute_columns());
}

int decide_dispute(Api& api, Command const& command) {
  auto const place = query_encode(command.id);
  std::string body;
  if (command.amount.empty()) {
    body = json_object({{"decision", command.decision}, {"reason", command.reason}});
  } else {
    // The amount is in the sale's currency, which the file of the dispute shows.
    auto const file = api.get("/v1/disputes/" + place);
    auto const currency = file.json()["sale"]["gross"]["currency"].text();
    body = json_object({{"decision", command.decision},
                        {"amount", money(command.amount, currency)},
                        {"reason", command.reason}});
  }
  auto const decided = api.post("/v1/admin/disputes/" + place + "/decide", body);
  print_one(command, decided, dispute_columns());
  return kOk;
}

}  // namespace leadex::cli
