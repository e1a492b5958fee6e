#include <string_view>

#include "server/app/payout_run.hpp"

namespace leadex::app {

namespace {

/// One cell: always quoted, and never read as a formula by a spreadsheet.
std::string cell(std::string_view text) {
  constexpr std::string_view kFormulaStarts = "=+-@\t\r\n";
  std::string quoted = "\"";
  if (!text.empty() && kFormulaStarts.find(text.front()) != std::string_view::npos) quoted += '\'';
  for (char const c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted += '"';
}

}  // namespace

std::string payout_csv(ExportedRun const& run,
                       std::function<std::string(std::int64_t)> const& public_id,
                       std::function<std::string(Money)> const& amount) {
  std::string csv = "payout_id,name,town,iban,bic,amount,currency\r\n";
  for (auto const& line : run.lines) {
    csv += cell(public_id(line.payout_no)) + ',' + cell(line.bank.name) + ',' +
           cell(line.bank.town) + ',' + cell(line.bank.iban) + ',' + cell(line.bank.bic) + ',' +
           cell(amount(line.amount)) + ',' + cell(run.run.currency) + "\r\n";
  }
  return csv;
}

}  // namespace leadex::app
