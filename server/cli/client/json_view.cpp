#include "server/cli/client/json_view.hpp"

#include "server/cli/exit_code.hpp"
#include "server/json/money_text.hpp"
#include "server/json/writer.hpp"

namespace leadex::cli {

namespace {

json::Value const& null_value() {
  static json::Value const kNull;
  return kNull;
}

[[noreturn]] void wrong_shape(std::string_view wanted) {
  throw Failure(kFailed, "the server's answer is not as the contract says: no " +
                             std::string{wanted} + " where one belongs");
}

}  // namespace

JsonView JsonView::operator[](std::string_view name) const {
  if (!value_->IsObject()) wrong_shape("object");
  auto const* const found = json::find_member(*value_, name);
  return JsonView{found == nullptr ? null_value() : *found};
}

std::vector<JsonView> JsonView::items() const {
  if (!value_->IsArray()) wrong_shape("array");
  std::vector<JsonView> all;
  all.reserve(value_->Size());
  for (auto const& element : value_->GetArray()) all.emplace_back(element);
  return all;
}

std::string JsonView::text() const {
  if (!value_->IsString()) wrong_shape("text");
  return std::string{json::text_of(*value_)};
}

std::int64_t JsonView::integer() const {
  if (!value_->IsInt64()) wrong_shape("whole number");
  return value_->GetInt64();
}

bool JsonView::flag() const {
  if (is_null()) return false;
  if (!value_->IsBool()) wrong_shape("yes or no");
  return value_->GetBool();
}

std::string JsonView::money() const {
  if (is_null()) return "-";
  return (*this)["amount"].text() + " " + (*this)["currency"].text();
}

std::int64_t JsonView::micros() const {
  auto const amount = json::parse_amount((*this)["amount"].text(), json::AmountSign::any);
  if (!amount) wrong_shape("amount");
  return amount->micros;
}

std::string JsonView::shown() const {
  if (is_null()) return "-";
  if (value_->IsString()) return text();
  return json::to_text(*value_);
}

}  // namespace leadex::cli
