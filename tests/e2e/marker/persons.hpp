#pragma once
// Leads and files full of marks, good ones and those with every fault. Pure but for the clock.

#include <string>
#include <string_view>
#include <vector>

namespace leadex::e2e {

/// A market they are for, as POST /v1/admin/markets takes it.
[[nodiscard]] std::string marked_market(std::string_view id, int return_window_s);
/// A Lead with its market, for POST /v1/leads. @param n  another one is another person
[[nodiscard]] std::string marked_lead(int n, std::string_view state, std::string_view market);
/// Bodies that POST /v1/leads refuses: no JSON, unknown fields, fields of the wrong kind or form.
[[nodiscard]] std::vector<std::string> wrong_leads(int n);

/// `count` good persons from `first` on, and rows with faults behind them.
[[nodiscard]] std::string marked_csv(int first, int count);
[[nodiscard]] std::string marked_ndjson(int first, int count);

struct File {
  std::string type;
  std::string bytes;
};
/// Files refused as a whole, or of which no row is good.
[[nodiscard]] std::vector<File> wrong_files(int n);

}  // namespace leadex::e2e
