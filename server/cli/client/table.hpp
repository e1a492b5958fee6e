#pragma once
// Table: rows of text under headings, aligned for people. Pure; one thread.

#include <string>
#include <string_view>
#include <vector>

namespace leadex::cli {

class Table {
 public:
  explicit Table(std::vector<std::string> headings) { rows_.push_back(std::move(headings)); }
  /// As many cells as headings.
  void add(std::vector<std::string> cells);
  [[nodiscard]] std::size_t size() const { return rows_.size() - 1; }

  /// Columns two blanks apart, each line ended; figures stand right, all else left. Control
  /// characters, which could steer a terminal, become '?'.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// Control characters made harmless.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace leadex::cli
