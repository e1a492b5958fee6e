#include "server/cli/client/accounts.hpp"

namespace leadex::cli {

namespace {

constexpr int kAccepted = 202;
constexpr int kNotThere = 404;

void confirm(Answer const& waiting, Api* confirming) {
  if (waiting.status != kAccepted) return;
  if (confirming == nullptr) {
    throw Failure(kConflict, "a second admin has to confirm this account or key");
  }
  auto const approval = waiting.json()["approval_id"].text();
  (void)confirming->post("/v1/admin/approvals/" + approval + "/approve");
}

}  // namespace

AccountKey open_account(Api& admin, WantedAccount const& wanted, Api* confirming) {
  // The IBAN is the example of its standard's handbooks; nobody is ever paid from a demonstration.
  RawJson const bank{json_object({{"iban", "DE89370400440532013000"},
                                  {"bic", "COBADEFFXXX"},
                                  {"name", wanted.name},
                                  {"town", "Springfield"}})};
  auto const body =
      wanted.with_bank
          ? json_object(
                {{"role", wanted.role}, {"name", wanted.name}, {"country", "US"}, {"bank", bank}})
          : json_object({{"role", wanted.role}, {"name", wanted.name}, {"country", "US"}});
  auto const account = admin.post("/v1/admin/accounts", body);
  confirm(account, confirming);
  auto const id = account.json()["id"].text();
  auto const key = admin.post("/v1/admin/accounts/" + id + "/api-keys", "{}");
  confirm(key, confirming);
  return {id, key.json()["key"].text()};
}

void deposit(Api& admin, std::string const& account_id, std::string_view amount,
             std::string_view currency, std::string_view reference) {
  auto const booked =
      admin.post("/v1/admin/deposits", json_object({{"account_id", account_id},
                                                    {"amount", money(amount, currency)},
                                                    {"reference", std::string{reference}}}));
  if (booked.status == kAccepted) {
    throw Failure(kConflict, "the deposit is above the limit and waits for a second admin");
  }
}

bool ensure_market(Api& admin, std::string const& id, std::string const& body) {
  auto const there = admin.call("GET", "/v1/markets/" + id);
  if (there.ok()) return false;
  if (there.status != kNotThere) throw Refusal(there, "GET /v1/markets/" + id);
  (void)admin.post("/v1/admin/markets", body);
  return true;
}

}  // namespace leadex::cli
