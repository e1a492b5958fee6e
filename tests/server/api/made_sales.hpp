#pragma once
// MadeSales: rows of a market's past, as its writer would have left them, put straight into the
// tables: sales of leads and per acquisition, conversions, returns. Of one test; one thread.

#include <cstdint>
#include <pqxx/pqxx>
#include <string>
#include <vector>

namespace leadex::api {

struct MadeSale {
  std::int64_t buyer_no{};
  std::int64_t generator_no{};
  int vehicle{};
  int model = 1;  // per acquisition
  std::int64_t day{};
  bool converted{};
  bool returned{};
};

class MadeSales {
 public:
  MadeSales(std::string conninfo, std::int64_t market_no, std::int64_t first_lead_no)
      : connection_(std::move(conninfo)), market_no_(market_no), next_(first_lead_no) {}

  /// Writes them at once. @return the number of the first one's lead; the others follow
  std::int64_t add(std::vector<MadeSale> const& sales) {
    auto const first = next_;
    std::string leads;
    std::string sold;
    std::string conversions;
    std::string returns;
    auto const row = [](std::string& rows, std::string const& values) {
      rows += (rows.empty() ? "(" : ",(") + values + ')';
    };
    for (auto const& sale : sales) {
      auto const lead = std::to_string(next_++);
      auto const key = std::to_string(market_no_) + ',' + lead;
      auto const at = std::to_string(sale.day * kDayUs + kDayUs / 2);
      auto const parties = std::to_string(sale.buyer_no);
      auto const generator = std::to_string(sale.generator_no);
      auto const state = sale.returned ? "3" : sale.converted || sale.model != 1 ? "2" : "6";
      row(leads, key + ",0,0," + generator + ",1,2," + std::to_string(sale.vehicle) + ",'quote'," +
                     at + ',' + at + ",-1," + at + ",'','',''");
      row(sold, key + ",0,1,0," + parties + ",9," + generator + ",1000000,0,0," +
                    (sale.returned ? "1000000" : "0") + ',' + state + ",true,1,1," + at + ",0,''," +
                    std::to_string(sale.model));
      if (sale.converted) {
        row(conversions, std::to_string(market_no_) + ',' + lead + ',' + lead + ",0," + parties +
                             ",9,'conversion','t" + lead + "'," + at + ",1000000,1,true,0," + at +
                             ',' + at + ",1");
      }
      if (sale.returned) {
        row(returns, std::to_string(market_no_) + ',' + lead + ',' + lead + ",0," + parties + ',' +
                         generator + ",'bogus',1,0,1000000," + at + ",0," + at);
      }
    }
    pqxx::work tx(connection_);
    auto const insert = [&](std::string const& columns, std::string const& rows) {
      if (!rows.empty()) tx.exec("insert into leadex." + columns + " values " + rows);
    };
    insert(
        "lead (market_id, lead_no, batch_no, row_no, tenant_no, version, state, vehicle, reason, "
        "captured_us, listed_us, ask_micros, consent_us, consent_digest, attributes, external_id)",
        leads);
    insert(
        "sale (market_id, lead_no, slot, batch_seq, n, buyer, campaign, generator, gross, fee, "
        "holdback, credited, state, exclusive, shares_max, auction_no, sold_us, due_us, windows, "
        "model)",
        sold);
    insert(
        "conversion (market_id, conversion_no, lead_no, slot, buyer, campaign, event, "
        "transaction_id, at_us, price, state, confirmed, due_us, told_us, moved_us, batch_seq)",
        conversions);
    insert(
        "return_case (market_id, return_no, lead_no, slot, buyer, generator, reason, state, "
        "ruling, credited, opened_us, due_us, decided_us)",
        returns);
    tx.commit();
    return first;
  }

  static constexpr std::int64_t kDayUs = 86'400'000'000;

 private:
  pqxx::connection connection_;
  std::int64_t market_no_;
  std::int64_t next_;
};

}  // namespace leadex::api
