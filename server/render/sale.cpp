#include "server/render/sale.hpp"

#include "server/crypto/bytes.hpp"
#include "server/json/money_text.hpp"
#include "server/render/attributes.hpp"
#include "server/render/ids.hpp"
#include "server/render/words.hpp"
#include "server/storage/disputes.hpp"

namespace leadex::render {

namespace {

using json::JsonWriter;

std::optional<std::string> campaign_id(crypto::PublicIdCodec const& ids, MarketNo market,
                                       std::int64_t campaign_no) {
  if (campaign_no == 0) return std::nullopt;
  return ids.seal(CampaignId{market, campaign_no});
}

/// What was decided, by an admin or by what the exchange found, told from what became of the money.
std::optional<std::string_view> decision_of(storage::ReturnView const& view,
                                            std::optional<Money> gross) {
  if (view.ruling == 0) return std::nullopt;
  if (view.state == market::ReturnState::denied) return "deny";
  if (gross && view.credited < *gross) return "partial";
  return "credit_buyer";
}

void write_dispute_fields(JsonWriter& writer, crypto::PublicIdCodec const& ids,
                          storage::ReturnView const& view, CaseNotes const& notes) {
  writer.field("id", ids.seal(DisputeId{view.id.market, view.id.no}));
  writer.field("return_id", ids.seal(view.id));
  writer.field("sale_id", ids.seal(view.sale));
  writer.field("market", view.market);
  writer.field("status", view.state == market::ReturnState::disputed ? "open" : "decided");
  writer.field("reason", view.reason);
  writer.field("buyer_note", notes.buyer);
  writer.field("generator_note", notes.generator);
  writer.field("decision_reason", notes.decision);
  auto const decided = view.state != market::ReturnState::disputed;
  writer.field("credited", decided ? std::optional{view.credited} : std::nullopt, view.currency);
  writer.field("due_at", view.due_at);
  writer.field("opened_at", view.opened_at);
  writer.field("decided_at", view.decided_at);
}

void write_event(JsonWriter& writer, std::string_view event, std::optional<Timestamp> at) {
  if (!at) return;
  auto const scope = writer.object();
  writer.field("event", event);
  writer.field("at", *at);
}

void write_lead_facts(JsonWriter& writer, crypto::PublicIdCodec const& ids,
                      storage::CaseFile const& file,
                      std::span<targeting::AttributeDef const> definitions) {
  auto const& lead = file.lead;
  auto const object = writer.object("lead");
  writer.field("id", ids.seal(lead.id));
  writer.field("captured_at", lead.captured_at);
  writer.field("vehicle", vehicle_word(lead.vehicle));
  writer.field("source_reason", lead.reason);
  writer.field("score", lead.score);
  write_attributes(writer, "attributes", definitions, lead.attributes);
  auto const consent = writer.object("consent");
  writer.field("at", lead.consent_at);
  writer.field("sha256", crypto::hex_encode(lead.consent_digest));
}

}  // namespace

void write_sale(JsonWriter& writer, crypto::PublicIdCodec const& ids,
                storage::SaleView const& sale) {
  auto const object = writer.object();
  writer.field("id", ids.seal(sale.id));
  // What a click's sale numbers is no lead.
  std::optional<std::string> lead;
  std::optional<std::string> click;
  if (sale.of_visit) {
    click = ids.seal(ClickId{sale.id.market, sale.id.lead_no});
  } else {
    lead = ids.seal(LeadId{sale.id.market, sale.id.lead_no});
  }
  writer.field("lead_id", lead);
  writer.field("click_id", click);
  writer.field("market", sale.market);
  writer.field("campaign_id", campaign_id(ids, sale.id.market, sale.campaign_no));
  writer.field("model", word(sale.model));
  writer.field("gross", sale.gross, sale.currency);
  writer.field("commission", sale.fee, sale.currency);
  writer.field("net", Money{sale.gross.micros - sale.fee.micros}, sale.currency);
  writer.field("credited", sale.credited, sale.currency);
  writer.field("status", word(sale.state));
  std::optional<std::string_view> return_status;
  if (sale.return_state) return_status = word(*sale.return_state);
  writer.field("return_status", return_status);
  writer.field("exclusive", sale.exclusive);
  writer.field("sold_at", sale.sold_at);
  // The window is open, or will be, while the lead is with its buyer and nothing is settled.
  std::optional<Timestamp> until;
  if (sale.state == market::SaleState::delivered && !sale.of_visit)
    until = from_unix_micros(sale.due_us);
  writer.field("return_until", until);
  std::optional<std::string> auction;
  if (sale.auction_no != 0) auction = ids.seal(AuctionId{sale.id.market, sale.auction_no});
  writer.field("auction_id", auction);
  writer.field("test", false);
  if (sale.share) {
    auto const share = writer.object("duplicate_share");
    writer.field("split_bp", sale.share->split.bp);
    writer.field("amount", sale.share->amount, sale.currency);
  }
}

void write_return(JsonWriter& writer, crypto::PublicIdCodec const& ids,
                  storage::ReturnView const& view, CaseNotes const& notes) {
  auto const object = writer.object();
  writer.field("id", ids.seal(view.id));
  writer.field("sale_id", ids.seal(view.sale));
  writer.field("market", view.market);
  writer.field("status", word(view.state));
  writer.field("ruling", ruling_word(view.ruling));
  writer.field("reason", view.reason);
  writer.field("note", notes.buyer);
  auto const credited = view.state == market::ReturnState::accepted;
  writer.field("credited", credited ? std::optional{view.credited} : std::nullopt, view.currency);
  std::optional<std::string> dispute;
  if (storage::was_contested(view)) dispute = ids.seal(DisputeId{view.id.market, view.id.no});
  writer.field("dispute_id", dispute);
  writer.field("due_at", view.due_at);
  writer.field("opened_at", view.opened_at);
  writer.field("decided_at", view.decided_at);
}

void write_dispute(JsonWriter& writer, crypto::PublicIdCodec const& ids,
                   storage::ReturnView const& view, CaseNotes const& notes) {
  auto const object = writer.object();
  write_dispute_fields(writer, ids, view, notes);
}

void write_case_file(JsonWriter& writer, crypto::PublicIdCodec const& ids,
                     storage::CaseFile const& file, CaseNotes const& notes,
                     std::span<targeting::AttributeDef const> definitions) {
  auto const object = writer.object();
  write_dispute_fields(writer, ids, file.case_, notes);
  writer.field("decision", decision_of(file.case_, file.sale.gross));
  writer.key("sale");
  write_sale(writer, ids, file.sale);
  write_lead_facts(writer, ids, file, definitions);
  if (file.spot_check) {
    auto const check = writer.object("spot_check");
    writer.field("verdict", file.spot_check->verdict);
    writer.field("reason", file.spot_check->reason);
    writer.field("decided_at", file.spot_check->decided_at);
  } else {
    writer.field("spot_check", nullptr);
  }
  {
    auto const timeline = writer.array("timeline");
    write_event(writer, "captured", file.lead.captured_at);
    write_event(writer, "sold", file.sale.sold_at);
    write_event(writer, "return_opened", file.case_.opened_at);
    write_event(writer, "return_decided", file.case_.decided_at);
  }
  auto const transfers = writer.array("transfers");
  for (auto const& transfer : file.transfers) write_transfer(writer, ids, transfer);
}

void write_transfer(JsonWriter& writer, crypto::PublicIdCodec const& ids,
                    storage::TransferView const& view) {
  auto const& transfer = view.transfer;
  auto const object = writer.object();
  writer.field("id", transfer_id(ids, view.stream, view.ref));
  writer.field("code", text(transfer.code));
  writer.field("debit_account", ledger_account_id(ids, {view.stream, transfer.debit}));
  writer.field("credit_account", ledger_account_id(ids, {view.stream, transfer.credit}));
  writer.field("amount", transfer.amount, view.currency);
  writer.field("phase", word(transfer.phase));
  std::optional<std::string> pending;
  if (transfer.pending) pending = transfer_id(ids, view.stream, *transfer.pending);
  writer.field("pending_id", pending);
  std::optional<std::string> sale;
  if (transfer.lead_no != 0) {
    sale = ids.seal(SaleId{view.stream, transfer.lead_no, transfer.slot});
  }
  writer.field("sale_id", sale);
  writer.field("at", view.at);
}

void write_ledger_account(JsonWriter& writer, crypto::PublicIdCodec const& ids,
                          storage::LedgerAccountView const& view) {
  auto const& account = view.account;
  auto const amount = [&](std::int64_t micros) {
    return json::format_amount(Money{micros}, view.currency);
  };
  auto const object = writer.object();
  writer.field("id", ledger_account_id(ids, {view.stream, account.account_no}));
  writer.field("code", text(account.code));
  std::optional<std::string> owner;
  if (account.owner_no != 0) owner = account_id(ids, account.owner_no);
  writer.field("owner", owner);
  std::optional<std::string> market;
  if (!view.market.empty()) market = view.market;
  writer.field("market", market);
  std::optional<std::string> campaign;
  if (account.code == AccountCode::budget) {
    campaign = campaign_id(ids, view.stream, account.sub_no);
  }
  writer.field("campaign_id", campaign);
  writer.field("currency", view.currency);
  writer.field("debits_pending", amount(account.debits_pending));
  writer.field("debits_posted", amount(account.debits_posted));
  writer.field("credits_pending", amount(account.credits_pending));
  writer.field("credits_posted", amount(account.credits_posted));
  writer.field("available", Money{account.available()}, view.currency);
}

void write_earnings(JsonWriter& writer, storage::EarningsView const& view) {
  auto const object = writer.object();
  std::optional<std::string> market;
  if (view.market != 0) market = view.market_name;
  writer.field("market", market);
  writer.field("currency", view.currency);
  if (view.market == 0) {
    writer.field("payable", view.earned, view.currency);
    return;
  }
  writer.field("pending", view.pending, view.currency);
  writer.field("holdback", view.holdback, view.currency);
  writer.field("earned", view.earned, view.currency);
}

}  // namespace leadex::render
