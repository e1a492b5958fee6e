#pragma once
// MadeSales: rows of a market's past, as its writer would have left them, put straight into the
// tables: sales of leads and per acquisition, conversions, returns. Of one test; one thread. A
// conversion is final with its sale, and a window lasts a day.

#include <cstdint>
#include <optional>
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
  std::string event{"conversion"};
  bool exclusive = true;
  std::optional<int> relisted_seq;  // of the batch that listed its lead again; it sold in batch 1
  std::optional<int> state;  // of the sale, unless it follows from the conversion and the return
  int conversion_state = 1;  // 2: by the return, when there is one
  int return_state = 1;
  int ruling = 0;
};

class MadeSales {
 public:
  MadeSales(std::string conninfo, std::int64_t market_no, std::int64_t first_lead_no)
      : connection_(std::move(conninfo)), market_no_(market_no), next_(first_lead_no) {}

  /// Writes them at once. @return the number of the first one's lead; the others follow
  std::int64_t add(std::vector<MadeSale> const& sales) {
    auto const first = next_;
    Rows rows;
    for (auto const& sale : sales) add(rows, sale, next_++);
    pqxx::work tx(connection_);
    auto const insert = [&](std::string const& columns, std::string const& rows) {
      if (!rows.empty()) tx.exec("insert into leadex." + columns + " values " + rows);
    };
    insert(
        "lead (market_id, lead_no, batch_no, row_no, tenant_no, version, state, vehicle, reason, "
        "captured_us, listed_us, ask_micros, consent_us, consent_digest, attributes, external_id, "
        "round)",
        rows.leads);
    insert(
        "lead_rest (market_id, lead_no, round, cause, reason, ask_micros, rested_us, due_us, "
        "market_seq)",
        rows.rests);
    insert(
        "sale (market_id, lead_no, slot, batch_seq, n, buyer, campaign, generator, gross, fee, "
        "holdback, credited, state, exclusive, shares_max, auction_no, sold_us, due_us, windows, "
        "model)",
        rows.sales);
    insert("acquisition (market_id, lead_no, slot, until_us, value_bp, event)", rows.acquisitions);
    insert(
        "conversion (market_id, conversion_no, lead_no, slot, buyer, campaign, event, "
        "transaction_id, at_us, price, state, confirmed, due_us, told_us, moved_us, batch_seq)",
        rows.conversions);
    insert(
        "return_case (market_id, return_no, lead_no, slot, buyer, generator, reason, state, "
        "ruling, credited, opened_us, due_us, decided_us)",
        rows.returns);
    tx.commit();
    return first;
  }

  static constexpr std::int64_t kDayUs = 86'400'000'000;

 private:
  struct Rows {
    std::string leads;
    std::string rests;
    std::string sales;
    std::string acquisitions;
    std::string conversions;
    std::string returns;
  };
  static int state_of(MadeSale const& sale) {
    if (sale.state) return *sale.state;
    if (sale.returned) return 3;
    return sale.converted || sale.model != 1 ? 2 : 6;
  }
  void add(Rows& rows, MadeSale const& sale, std::int64_t lead_no) const {
    auto const row = [](std::string& all, std::string const& values) {
      all += (all.empty() ? "(" : ",(") + values + ')';
    };
    auto const text = [](auto number) { return std::to_string(number); };
    auto const lead = text(lead_no);
    auto const market = text(market_no_) + ',';
    auto const key = market + lead;
    auto const sold_us = sale.day * kDayUs + kDayUs / 2;
    auto const at = text(sold_us);
    auto const buyer = text(sale.buyer_no);
    auto const generator = text(sale.generator_no);
    row(rows.leads, key + ",0,0," + generator + ",1,2," + text(sale.vehicle) + ",'quote'," + at +
                        ',' + at + ",-1," + at + ",'','',''," + (sale.relisted_seq ? "1" : "0"));
    if (sale.relisted_seq) {
      row(rows.rests, key + ",0,0,'',-1," + at + ',' + at + ',' + text(*sale.relisted_seq));
    }
    row(rows.sales, key + ",0,1,0," + buyer + ",9," + generator + ",1000000,0,0," +
                        (sale.returned ? "1000000" : "0") + ',' + text(state_of(sale)) + ',' +
                        (sale.exclusive ? "true" : "false") + ",1,1," + at + ",0,''," +
                        text(sale.model));
    if (sale.model == 1) {
      row(rows.acquisitions, key + ",0," + text(sold_us + kDayUs) + ",0,'" + sale.event + "'");
    }
    if (sale.converted) {
      row(rows.conversions, market + lead + ',' + lead + ",0," + buyer + ",9,'" + sale.event +
                                "','t" + lead + "'," + at + ",1000000," +
                                text(sale.conversion_state) + ",true,0," + at + ',' + at + ",1");
    }
    if (sale.returned) {
      row(rows.returns, market + lead + ',' + lead + ",0," + buyer + ',' + generator + ",'bogus'," +
                            text(sale.return_state) + ',' + text(sale.ruling) + ",1000000," + at +
                            ",0," + at);
    }
  }

  pqxx::connection connection_;
  std::int64_t market_no_;
  std::int64_t next_;
};

}  // namespace leadex::api
