// leadex-make-leads: writes an upload file and its oracle for tests and load runs.
//   leadex-make-leads --in bank-marketing-half.csv --out leads.csv --oracle oracle.csv
//     [--rows 22606] [--seed 1] [--fault-bp 500] [--dead-bp 300] [--format csv|ndjson]
//     [--now 2026-11-22T12:00:00Z]   (default: the clock)
//   leadex-make-leads --attributes   prints the market's "attributes" for POST /v1/admin/markets

#include <charconv>
#include <chrono>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>

#include "server/json/time_text.hpp"
#include "tests/support/lead_file.hpp"
#include "tests/support/synthetic_person.hpp"

namespace {

using leadex::test::LeadFileOptions;

struct Arguments {
  std::string in;
  std::string out;
  std::string oracle;
  LeadFileOptions options;
};

bool read_number(std::string_view text, std::uint64_t& number) {
  auto const [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  return fault == std::errc{} && end == text.data() + text.size();
}

bool read_option(std::string_view name, std::string const& value, Arguments& into) {
  auto& options = into.options;
  if (name == "--in") return !(into.in = value).empty();
  if (name == "--out") return !(into.out = value).empty();
  if (name == "--oracle") return !(into.oracle = value).empty();
  if (name == "--rows") {
    return read_number(value, options.rows) && options.rows < leadex::test::kPeopleMax;
  }
  if (name == "--seed") return read_number(value, options.seed);
  if (name == "--fault-bp") return read_number(value, options.fault_bp);
  if (name == "--dead-bp") return read_number(value, options.dead_bp);
  if (name == "--format") {
    options.format =
        value == "csv" ? leadex::test::LeadFormat::csv : leadex::test::LeadFormat::ndjson;
    return value == "csv" || value == "ndjson";
  }
  if (name == "--now") {
    auto const now = leadex::json::parse_timestamp(value);
    if (now) options.now = *now;
    return now.has_value();
  }
  return false;
}

std::optional<Arguments> read_arguments(int count, char** words) {
  Arguments arguments;
  arguments.options.now = std::chrono::floor<std::chrono::seconds>(
      std::chrono::time_point_cast<leadex::Micros>(std::chrono::system_clock::now()));
  if (count % 2 == 0) return std::nullopt;
  for (int i = 1; i + 1 < count; i += 2) {
    if (!read_option(words[i], words[i + 1], arguments)) return std::nullopt;
  }
  if (arguments.in.empty() || arguments.out.empty() || arguments.oracle.empty()) {
    return std::nullopt;
  }
  return arguments;
}

int write_files(Arguments const& arguments) {
  auto contacts = leadex::test::read_bank_contacts(arguments.in);
  if (!contacts) {
    std::cerr << "leadex-make-leads: the bank file cannot be read\n";
    return 1;
  }
  std::ofstream leads{arguments.out, std::ios::binary};
  std::ofstream oracle{arguments.oracle, std::ios::binary};
  leadex::test::LeadFile const file{std::move(*contacts), arguments.options};
  if (!leads || !oracle || !file.write(leads, oracle)) {
    std::cerr << "leadex-make-leads: the output cannot be written\n";
    return 1;
  }
  return 0;
}

}  // namespace

int main(int count, char** words) {
  if (count == 2 && std::string_view{words[1]} == "--attributes") {
    std::cout << leadex::test::bank_market_attributes_json() << '\n';
    return 0;
  }
  auto const arguments = read_arguments(count, words);
  if (!arguments) {
    std::cerr << "usage: leadex-make-leads --in FILE --out FILE --oracle FILE [--rows N] [--seed S]"
                 " [--fault-bp N] [--dead-bp N] [--format csv|ndjson] [--now RFC3339]\n";
    return 2;
  }
  return write_files(*arguments);
}
