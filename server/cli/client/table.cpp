#include "server/cli/client/table.hpp"

#include <algorithm>

#include "billing/values/check.hpp"

namespace leadex::cli {

namespace {

/// Characters, not bytes: continuation bytes take no room.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool is_figure(std::string_view text) {
  return !text.empty() && (text.front() == '-' || (text.front() >= '0' && text.front() <= '9')) &&
         std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || c == '.' || c == '-' || c == ' ' ||
                  (c >= 'A' && c <= 'Z');
         });
}

}  // namespace

std::string printable(std::string_view text) {
  std::string shown{text};
  for (char& c : shown) {
    auto const byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) c = '?';
  }
  return shown;
}

void Table::add(std::vector<std::string> cells) {
  LEADEX_CHECK(cells.size() == rows_.front().size());
  for (auto& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  auto const columns = rows_.front().size();
  std::vector<std::size_t> widths(columns);
  std::vector<bool> right(columns, true);
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    for (std::size_t i = 0; i < columns; ++i) {
      widths[i] = std::max(widths[i], width_of(rows_[row][i]));
      if (row > 0 && !is_figure(rows_[row][i])) right[i] = false;
    }
  }
  std::string all;
  for (auto const& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < columns; ++i) {
      std::string const room(widths[i] - width_of(row[i]), ' ');
      line += (i == 0 ? "" : "  ") + (right[i] ? room + row[i] : row[i] + room);
    }
    all += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return all;
}

}  // namespace leadex::cli
