#pragma once
// Reads the bank telemarketing file (UCI, CC BY 4.0): real attributes and outcomes of 22,606
// contacts, without names or numbers. Tests and the tool leadex-make-leads only; one thread.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace leadex::test {

struct BankContact {
  std::int64_t age = 0;
  std::string job;  // "" = unknown, as everywhere below
  std::string marital;
  std::string education;
  bool in_default = false;
  std::int64_t balance = 0;
  bool housing = false;
  bool loan = false;
  std::string channel;  // cellular, telephone
  std::int64_t calls = 0;
  std::optional<std::int64_t> days_since_last;
  std::int64_t previous_calls = 0;
  std::string previous_outcome;
  bool bought = false;  // the outcome `y`; the call's duration is known only with it and left out
};

/// nullopt when the file is absent or a line is not as the header says.
[[nodiscard]] std::optional<std::vector<BankContact>> read_bank_contacts(
    std::filesystem::path const& file);

}  // namespace leadex::test
