// The shapes of resources against the contract, masks of listings, ids made of two numbers.

#include <gtest/gtest.h>

#include "server/json/contract.hpp"
#include "server/render/attributes.hpp"
#include "server/render/campaign.hpp"
#include "server/render/ids.hpp"
#include "server/render/listing.hpp"
#include "server/render/sale.hpp"
#include "server/render/words.hpp"

namespace leadex::render {
namespace {

using market::AttributeText;

class Render : public testing::Test {
 protected:
  static json::Contract load() {
    auto contract = json::Contract::load("schemas/openapi.yaml");
    if (!contract) throw std::runtime_error(contract.error());
    return std::move(*contract);
  }
  void expect_fits(std::string_view component, json::JsonWriter const& writer) {
    auto const document = json::parse(writer.view());
    ASSERT_TRUE(document.has_value()) << writer.view();
    static auto const contract = load();
    for (auto const& fault :
         contract.validate_component(component, *document, json::Direction::response)) {
      ADD_FAILURE() << component << ' ' << fault.pointer << ' ' << fault.code << '\n'
                    << writer.view();
    }
  }

  static storage::SaleView sale() {
    storage::SaleView view;
    view.id = {7, 12, 3};
    view.market = "auto-insurance.us.usd";
    view.currency = "USD";
    view.buyer_no = 2;
    view.campaign_no = 4;
    view.generator_no = 1;
    view.gross = Money{10'000'000};
    view.fee = Money{1'500'000};
    view.state = market::SaleState::delivered;
    view.sold_at = from_unix_micros(1'790'000'000'000'000);
    view.due_us = 1'790'000'600'000'000;
    return view;
  }
  static storage::ReturnView a_return() {
    storage::ReturnView view;
    view.id = {7, 5};
    view.sale = {7, 12, 3};
    view.market = "auto-insurance.us.usd";
    view.currency = "USD";
    view.reason = "bogus";
    view.state = market::ReturnState::disputed;
    view.opened_at = from_unix_micros(1'790'000'100'000'000);
    view.due_at = from_unix_micros(1'790'000'200'000'000);
    return view;
  }
  static std::vector<targeting::AttributeDef> definitions() {
    return {{.name = "state", .type = targeting::AttributeType::choice, .choices = {"CA", "TX"}},
            {.name = "age", .type = targeting::AttributeType::integer},
            {.name = "own_home", .type = targeting::AttributeType::boolean},
            {.name = "street", .type = targeting::AttributeType::text}};
  }
  static std::vector<AttributeText> values() {
    return {{AttributeText::Kind::text, 0, "CA"},
            {AttributeText::Kind::number, 34, ""},
            {AttributeText::Kind::number, 1, ""},
            {AttributeText::Kind::text, 0, "Main"}};
  }
  static std::string attributes(std::vector<Show> const& shows) {
    json::JsonWriter writer;
    {
      auto const object = writer.object();
      write_attributes(writer, "a", definitions(), values(), shows);
    }
    return writer.str();
  }

  crypto::PublicIdCodec ids_{crypto::Secret(std::string(32, 'i'))};
};

TEST_F(Render, ASaleAsTheContractHasIt) {
  json::JsonWriter writer;
  write_sale(writer, ids_, sale());
  expect_fits("Sale", writer);
  EXPECT_NE(writer.view().find(R"("net":{"amount":"8.50","currency":"USD"})"),
            std::string_view::npos);
  EXPECT_NE(writer.view().find(R"("auction_id":null)"), std::string_view::npos);
}

TEST_F(Render, NoReturnWindowOnceASaleIsSettled) {
  auto settled = sale();
  settled.state = market::SaleState::settled;
  json::JsonWriter writer;
  write_sale(writer, ids_, settled);
  EXPECT_NE(writer.view().find(R"("return_until":null)"), std::string_view::npos);
}

TEST_F(Render, ReturnsAndDisputesAsTheContractHasThem) {
  CaseNotes const notes{"Nobody there", "It rang", std::nullopt};
  json::JsonWriter returned;
  write_return(returned, ids_, a_return(), notes);
  expect_fits("Return", returned);
  json::JsonWriter dispute;
  write_dispute(dispute, ids_, a_return(), notes);
  expect_fits("Dispute", dispute);
  storage::CaseFile file;
  file.case_ = a_return();
  file.sale = sale();
  file.lead.id = {7, 12};
  file.lead.reason = "quote";
  file.lead.consent_digest = std::string(32, '\x01');
  file.lead.attributes = values();
  file.spot_check = storage::SpotCheckFinding{"good", "confirmed", std::nullopt};
  storage::TransferView transfer;
  transfer.stream = 7;
  transfer.ref = {9, 1};
  transfer.currency = "USD";
  transfer.transfer = {.debit = 1,
                       .credit = 2,
                       .amount = Money{5},
                       .code = TransferCode::sale_net,
                       .phase = Phase::pending,
                       .lead_no = 12,
                       .slot = 3,
                       .pending = std::nullopt};
  file.transfers = {transfer};
  json::JsonWriter whole;
  write_case_file(whole, ids_, file, notes, definitions());
  expect_fits("Dispute", whole);
  EXPECT_NE(whole.view().find(R"("own_home":true)"), std::string_view::npos);
}

TEST_F(Render, TheBooksAsTheContractHasThem) {
  storage::LedgerAccountView account;
  account.stream = 7;
  account.market = "auto-insurance.us.usd";
  account.currency = "USD";
  account.account.code = AccountCode::budget;
  account.account.account_no = 3;
  account.account.owner_no = 2;
  account.account.sub_no = 4;
  account.account.credits_posted = 60'000'000;
  account.account.debits_pending = 10'000'000;
  json::JsonWriter writer;
  write_ledger_account(writer, ids_, account);
  expect_fits("LedgerAccount", writer);
  EXPECT_NE(writer.view().find(R"("available":{"amount":"50.00")"), std::string_view::npos);
  json::JsonWriter earnings;
  write_earnings(earnings, {.market = 0,
                            .market_name = {},
                            .currency = "USD",
                            .pending = {},
                            .earned = Money{7'650'000},
                            .holdback = {}});
  expect_fits("Earnings", earnings);
}

TEST_F(Render, AListingAsTheContractHasIt) {
  ListingView view;
  view.lead.id = {7, 12};
  view.lead.score = 70;
  view.lead.reason = "quote";
  view.lead.captured_at = from_unix_micros(1'790'001'234'567'890);
  view.lead.attributes = values();
  view.terms = {Money{7'000'000}, std::nullopt, 3, 1'790'000'000'000'000};
  view.market = "auto-insurance.us.usd";
  view.currency = "USD";
  std::vector<Show> const shows(4, Show::hidden);
  json::JsonWriter writer;
  write_listing(writer, ids_, view, definitions(), shows);
  expect_fits("Listing", writer);
  EXPECT_NE(writer.view().find(R"("attributes":{})"), std::string_view::npos);
  EXPECT_NE(writer.view().find(R"("temperature":"hot")"), std::string_view::npos);
  EXPECT_NE(writer.view().find(":00:00Z\",\"ask\""), std::string_view::npos) << writer.view();
}

TEST_F(Render, AnAuctionShowsABuyerItsOwnBidsAlone) {
  AuctionView view;
  view.id = {7, 3};
  view.market = "auto-insurance.us.usd";
  view.currency = "USD";
  view.held.lead_no = 12;
  view.held.winners = 1;
  view.held.revenue_micros = 10'000'000;
  view.held.book = std::string(32, '\x02');
  view.held.ranked = {{.campaign_no = 4, .bid_no = 0, .buyer_no = 2, .bid_micros = 10'000'000},
                      {.campaign_no = 5,
                       .bid_no = 0,
                       .buyer_no = 3,
                       .bid_micros = 8'000'000,
                       .loss = auction::LossReason::outbid,
                       .min_to_win = 10'000'001}};
  auto const shown = [&](AuctionAudience const& audience) {
    json::JsonWriter writer;
    write_auction(writer, ids_, view, audience);
    expect_fits("Auction", writer);
    return writer.str();
  };
  auto const loser = shown({.buyer_no = 3, .staff = false});
  EXPECT_NE(loser.find(R"("outcome":"lost")"), std::string::npos);
  EXPECT_EQ(loser.find(account_id(ids_, 2)), std::string::npos);
  EXPECT_EQ(loser.find("revenue"), std::string::npos);
  auto const generator = shown({});
  EXPECT_EQ(generator.find("bids"), std::string::npos);
  EXPECT_NE(generator.find("revenue"), std::string::npos);
  auto const staff = shown({.buyer_no = std::nullopt, .staff = true});
  EXPECT_NE(staff.find(account_id(ids_, 2)), std::string::npos);
  EXPECT_NE(staff.find("book_sha256"), std::string::npos);
}

TEST_F(Render, MasksHideWhatTheyMust) {
  EXPECT_EQ(attributes({}), R"({"a":{"state":"CA","age":34,"own_home":true,"street":"Main"}})");
  EXPECT_EQ(attributes({Show::exact, Show::band, Show::band, Show::band}),
            R"({"a":{"state":"CA","age":"30-39"}})");
  EXPECT_EQ(attributes({Show::hidden, Show::hidden, Show::hidden, Show::hidden}), R"({"a":{}})");
  EXPECT_EQ(attributes({Show::exact}), R"({"a":{"state":"CA"}})") << "no rule is not shown";
  EXPECT_EQ(band_of(0), "0-9");
  EXPECT_EQ(band_of(-1), "-10--1");
  EXPECT_EQ(band_of(-10), "-10--1");
}

TEST_F(Render, AccountsOfTheBooksAreNoAccountsOfTheApi) {
  auto const books = ledger_account_id(ids_, {0, 5});
  EXPECT_NE(books, account_id(ids_, 5));
  auto const opened = open_ledger_account(ids_, books);
  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ(opened->account_no, 5);
  EXPECT_FALSE(open_ledger_account(ids_, account_id(ids_, 5)).has_value());
  EXPECT_NE(transfer_id(ids_, 7, {1, 0}), transfer_id(ids_, 7, {0, 1}));
}

TEST_F(Render, WordsGoBothWays) {
  for (auto const state : {market::SaleState::pending, market::SaleState::voided}) {
    EXPECT_EQ(sale_state(word(state)), state);
  }
  EXPECT_EQ(return_state("denied"), market::ReturnState::denied);
  EXPECT_EQ(campaign_status("exhausted"), market::CampaignStatus::exhausted);
  EXPECT_EQ(exclusivity("any"), auction::Exclusivity::any);
  EXPECT_EQ(sale_state("gone"), std::nullopt);
  EXPECT_EQ(temperature_word(39), "cold");
  EXPECT_EQ(temperature_word(40), "warm");
  EXPECT_EQ(temperature_word(std::nullopt), std::nullopt);
}

}  // namespace
}  // namespace leadex::render
