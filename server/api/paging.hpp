#pragma once
// Lists: limit and cursor of a request, and the page `{"data","has_more","next_cursor"}` with its
// Link. A cursor is sealed and bound to account and operation. Any thread.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "server/api/operation.hpp"

namespace leadex::api {

inline constexpr int kPageDefault = 50;
inline constexpr int kPageMax = 500;
inline constexpr std::size_t kCursorKeysMax = 4;

/// Where a page begins: after the row with these keys. Ask the store for fetch() rows.
struct PageRequest {
  int limit = kPageDefault;
  std::vector<std::int64_t> after;  ///< empty: from the start; else as many as the list's key has
  [[nodiscard]] int fetch() const { return limit + 1; }
  /// The single key of lists ordered by one number.
  [[nodiscard]] std::optional<std::int64_t> before_no() const {
    if (after.empty()) return std::nullopt;
    return after.front();
  }
};

/// @param keys  how many numbers a row's place takes, 1 … kCursorKeysMax.
/// @errors  cursor_invalid: not given out here, to this account, for this operation
[[nodiscard]] Result<PageRequest, ApiProblem> read_page(ApiCall const& call, std::size_t keys = 1);

/// The cursor text behind a row.
[[nodiscard]] std::string seal_cursor(ApiCall const& call, std::span<std::int64_t const> keys);

/// The answer of already cut rows. @param next  keys of the last row shown, empty at the end
[[nodiscard]] http::Response page_answer(ApiCall const& call, std::span<std::string const> items,
                                         std::span<std::int64_t const> next);

/// The answer of rows fetched with PageRequest::fetch(): shows `limit` of them.
/// @param write  void(JsonWriter&, Row const&), writes one value
/// @param key    std::vector<std::int64_t>(Row const&)
template <class Rows, class Write, class Key>
[[nodiscard]] http::Response answer_page(ApiCall const& call, PageRequest const& page,
                                         Rows const& rows, Write write, Key key) {
  std::vector<std::string> items;
  std::vector<std::int64_t> next;
  for (auto const& row : rows) {
    if (items.size() == static_cast<std::size_t>(page.limit)) break;
    json::JsonWriter writer;
    write(writer, row);
    items.push_back(writer.str());
    next = key(row);
  }
  if (rows.size() <= static_cast<std::size_t>(page.limit)) next.clear();
  return page_answer(call, items, next);
}

}  // namespace leadex::api
