#pragma once
// People that do not exist, one per row number: names from a list, mailboxes at the domains kept
// for examples, telephone numbers that are well formed in the North American plan, of which there
// are not enough in its example range; they are generated and never dialled. Tests only; pure.

#include <cstdint>
#include <string>
#include <string_view>

namespace leadex::test {

/// Random numbers of one row: the same for the same seed, row and topic, whatever came before, so
/// that any row can be made without those before it.
class Draws {
 public:
  Draws(std::uint64_t seed, std::uint64_t row, std::uint64_t topic);
  std::uint64_t next();
  /// 0 to n − 1; n > 0. The bias of the remainder is of no concern for test data.
  std::uint64_t below(std::uint64_t n) { return next() % n; }

 private:
  std::uint64_t state_;
};

struct SyntheticPerson {
  std::string first_name;
  std::string last_name;
  std::string email;     // unique per row, also without dots
  std::string national;  // ten digits, unique per row below kPeopleMax
  std::string state;     // two letters
  std::string postal_code;
  std::string city;
};

inline constexpr std::uint64_t kPeopleMax = 7'900'000;

/// @param row  from 1, below kPeopleMax.
[[nodiscard]] SyntheticPerson make_person(std::uint64_t seed, std::uint64_t row);

/// The number in one of five spellings that people type.
[[nodiscard]] std::string spell_phone(std::string_view national, std::uint64_t spelling);

}  // namespace leadex::test
