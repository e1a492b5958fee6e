#pragma once
// The pages of hosted forms as HTML without script, and the headers that go with them. All text is
// escaped here and nowhere else. Pure; any thread.

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/forms/definition.hpp"

namespace leadex::forms {

/// The names of the inputs that belong to no field.
inline constexpr std::string_view kTokenInput = "token";
inline constexpr std::string_view kConsentInput = "consent";
inline constexpr std::string_view kConsentGiven = "yes";

/// What a page shows beside its definition.
struct Shown {
  std::string action;  ///< where it is sent to; our own path
  std::string token;
  std::string notice;                                      ///< above the fields
  std::map<std::string, std::string, std::less<>> values;  ///< by field
  std::map<std::string, std::string, std::less<>> faults;  ///< by field, and kConsentInput
  bool consent{};
};

[[nodiscard]] std::string form_page(Definition const& definition, Shown const& shown);
/// A button alone: who only looks at the link has confirmed nothing.
[[nodiscard]] std::string confirm_page(Definition const& definition, std::string_view action,
                                       std::string_view token);
/// One question with a button for each answer: what it sends, and what it reads.
struct Question {
  std::string title;
  std::string text;
  std::string action;  ///< where it is sent to; our own path
  std::string input;   ///< name of the answer
  std::vector<std::pair<std::string, std::string>> answers;
};
[[nodiscard]] std::string question_page(Question const& question);
[[nodiscard]] std::string message_page(std::string_view language, std::string_view title,
                                       std::string_view text);

/// Text as it may stand between tags and in quoted attributes.
[[nodiscard]] std::string escaped(std::string_view text);

/// The headers of every page: no script, no frame but on the listed sites, nothing kept, nothing
/// told on. @param sites  origins that passed is_origin; others are left out
[[nodiscard]] std::vector<std::pair<std::string, std::string>> page_headers(
    std::vector<std::string> const& sites, std::string_view redirect_url = {});

}  // namespace leadex::forms
