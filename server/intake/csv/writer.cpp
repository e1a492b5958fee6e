#include "server/intake/csv/writer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "billing/values/check.hpp"

namespace leadex::intake {
namespace {

/// Whether a spreadsheet may take the cell for a formula. Some take the full-width forms
/// (U+FF1D, U+FF0B, U+FF0D, U+FF20) for the plain ones.
[[nodiscard]] bool starts_formula(std::string_view text) {
  constexpr std::array<std::string_view, 4> kFullWidth{"\xEF\xBC\x9D", "\xEF\xBC\x8B",
                                                       "\xEF\xBC\x8D", "\xEF\xBC\xA0"};
  constexpr std::string_view kFirst{"=+-@\t\r\n\0", 8};
  if (text.empty()) return false;
  return kFirst.find(text.front()) != std::string_view::npos ||
         std::any_of(kFullWidth.begin(), kFullWidth.end(),
                     [text](std::string_view form) { return text.starts_with(form); });
}

[[nodiscard]] bool is_decimal(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.front() != '.' &&
         text.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

std::string_view without_mark(std::string_view cell) {
  bool const marked = cell.starts_with('\'') && starts_formula(cell.substr(1));
  return marked ? cell.substr(1) : cell;
}

CsvWriter& CsvWriter::cell(std::string_view text) {
  put(mode_ == CsvMode::spreadsheet && starts_formula(text) ? "'" : "", text);
  return *this;
}

CsvWriter& CsvWriter::figure(std::string_view decimal) {
  if (!is_decimal(decimal)) return cell(decimal);
  put("", decimal);
  return *this;
}

void CsvWriter::put(std::string_view prefix, std::string_view text) {
  if (cells_++ > 0) text_ += ',';
  if (!prefix.empty() || !text.empty()) only_empty_ = false;
  bool const quoted = text.find_first_of(",;\t\"\r\n") != std::string_view::npos ||
                      text.starts_with(' ') || text.ends_with(' ');
  if (!quoted) {
    text_.append(prefix).append(text);
    return;
  }
  text_.append("\"").append(prefix);
  for (char const c : text) {
    if (c == '"') text_ += '"';
    text_ += c;
  }
  text_ += '"';
}

void CsvWriter::end_row() {
  LEADEX_CHECK(cells_ > 0);
  // A record of one empty cell would read as an empty line.
  if (cells_ == 1 && only_empty_) text_ += "\"\"";
  text_ += "\r\n";
  cells_ = 0;
  only_empty_ = true;
}

void CsvWriter::row(std::span<std::string_view const> cells) {
  for (std::string_view const text : cells) cell(text);
  end_row();
}

std::string CsvWriter::take() { return std::exchange(text_, std::string{}); }

}  // namespace leadex::intake
