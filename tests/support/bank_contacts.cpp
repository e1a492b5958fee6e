#include "tests/support/bank_contacts.hpp"

#include <array>
#include <charconv>
#include <fstream>
#include <string_view>

namespace leadex::test {
namespace {

constexpr std::string_view kHeader =
    "age,job,marital,education,default,balance,housing,loan,contact,day_of_week,month,duration,"
    "campaign,pdays,previous,poutcome,y";
constexpr std::size_t kColumns = 17;
constexpr std::size_t kRowsMax = 1'000'000;

// The file quotes nothing.
std::optional<std::array<std::string_view, kColumns>> split(std::string_view line) {
  std::array<std::string_view, kColumns> cells;
  for (std::size_t i = 0; i < kColumns; ++i) {
    auto const comma = line.find(',');
    if ((comma == std::string_view::npos) != (i + 1 == kColumns)) return std::nullopt;
    cells[i] = line.substr(0, comma);
    line.remove_prefix(comma == std::string_view::npos ? line.size() : comma + 1);
  }
  return cells;
}

class CellReader {
 public:
  std::int64_t integer(std::string_view cell) {
    std::int64_t value = 0;
    auto const [end, fault] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    if (fault != std::errc{} || end != cell.data() + cell.size()) good_ = false;
    return value;
  }
  bool yes_or_no(std::string_view cell) {
    if (cell != "yes" && cell != "no") good_ = false;
    return cell == "yes";
  }
  static std::string word(std::string_view cell) {
    return cell == "NaN" ? std::string{} : std::string{cell};
  }
  [[nodiscard]] bool good() const { return good_; }

 private:
  bool good_ = true;
};

}  // namespace

std::optional<std::vector<BankContact>> read_bank_contacts(std::filesystem::path const& file) {
  std::ifstream stream{file};
  std::string line;
  if (!std::getline(stream, line) || line != kHeader) return std::nullopt;
  std::vector<BankContact> contacts;
  while (std::getline(stream, line)) {
    auto const cells = split(line);
    if (!cells || contacts.size() >= kRowsMax) return std::nullopt;
    CellReader read;
    BankContact contact;
    contact.age = read.integer((*cells)[0]);
    contact.job = CellReader::word((*cells)[1]);
    contact.marital = CellReader::word((*cells)[2]);
    contact.education = CellReader::word((*cells)[3]);
    contact.in_default = read.yes_or_no((*cells)[4]);
    contact.balance = read.integer((*cells)[5]);
    contact.housing = read.yes_or_no((*cells)[6]);
    contact.loan = read.yes_or_no((*cells)[7]);
    contact.channel = CellReader::word((*cells)[8]);
    contact.calls = read.integer((*cells)[12]);
    auto const days = read.integer((*cells)[13]);
    if (days >= 0) contact.days_since_last = days;
    contact.previous_calls = read.integer((*cells)[14]);
    contact.previous_outcome = CellReader::word((*cells)[15]);
    contact.bought = read.yes_or_no((*cells)[16]);
    if (!read.good()) return std::nullopt;
    contacts.push_back(std::move(contact));
  }
  if (contacts.empty()) return std::nullopt;
  return contacts;
}

}  // namespace leadex::test
