#pragma once
// The North American numbering plan (country code 1) as one automaton, made at first use from the
// patterns inside libphonenumber. For ten digits the library's verdict is full matches of those
// patterns and nothing else, so the automaton gives the same region and type; a sample is compared
// with the library before it is used. Intake's phone.cpp only; immutable, any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/intake/contact/digit_automaton.hpp"
#include "server/intake/contact/phone.hpp"

namespace leadex::intake {

class NorthAmericanPlan {
 public:
  /// nullptr when the library's patterns could not be turned into an automaton that agrees with
  /// the library; then every number goes to the library.
  [[nodiscard]] static NorthAmericanPlan const* instance();

  /// @param national  ten digits, the first 2 to 9.    @return nullopt: a number in no plan.
  [[nodiscard]] std::optional<Phone> judge(std::string_view national) const;

 private:
  struct Verdict {
    std::uint16_t region = 0;  // index into regions_
    PhoneType type = PhoneType::unknown;
  };

  [[nodiscard]] static std::optional<NorthAmericanPlan> build();
  [[nodiscard]] bool agrees_with_library() const;

  std::optional<DigitAutomaton> automaton_;
  std::vector<std::string> regions_;
  std::vector<std::optional<Verdict>> verdicts_;  // by state
};

}  // namespace leadex::intake
