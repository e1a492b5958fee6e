#include "server/forms/page.hpp"

#include <algorithm>

#include "server/crypto/hash.hpp"

namespace leadex::forms {

namespace {

constexpr std::string_view kStyle =
    "body{font-family:sans-serif;max-width:36rem;margin:1rem auto;padding:0 1rem;line-height:1.5}"
    "label,.field{display:block;margin-top:.8rem}"
    "input[type=text],input[type=email],input[type=tel],input[type=date],select{display:block;"
    "width:100%;box-sizing:border-box;padding:.4rem;font:inherit}"
    "button{margin-top:1rem;padding:.5rem 1.5rem;font:inherit}"
    ".fault,.notice{color:#a00000}.consent{white-space:pre-wrap}";

/// Builds a page: literals go in as they are, everything else escaped.
class Html {
 public:
  Html& raw(std::string_view markup) {
    text_ += markup;
    return *this;
  }
  Html& text(std::string_view words) {
    text_ += escaped(words);
    return *this;
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void open(Html& html, std::string_view language, std::string_view title) {
  html.raw("<!DOCTYPE html>\n<html lang=\"")
      .text(language)
      .raw("\">\n<head><meta charset=\"utf-8\">");
  html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
  html.raw("<title>")
      .text(title)
      .raw("</title><style>")
      .raw(kStyle)
      .raw("</style></head>\n<body>\n");
  html.raw("<h1>").text(title).raw("</h1>\n");
}

void close(Html& html) { html.raw("</body>\n</html>\n"); }

std::string_view found(std::map<std::string, std::string, std::less<>> const& texts,
                       std::string_view name) {
  auto const at = texts.find(name);
  return at == texts.end() ? std::string_view{} : std::string_view{at->second};
}

void write_fault(Html& html, Shown const& shown, std::string_view name) {
  auto const fault = found(shown.faults, name);
  if (fault.empty()) return;
  html.raw("<span class=\"fault\" id=\"").text(name).raw("-fault\">").text(fault).raw("</span>\n");
}

/// What ties a control to its name, its need and its fault.
void write_names(Html& html, Shown const& shown, Field const& field) {
  html.raw(" id=\"").text(field.name).raw("\" name=\"").text(field.name).raw("\"");
  if (field.required) html.raw(" required");
  if (!found(shown.faults, field.name).empty()) {
    html.raw(" aria-invalid=\"true\" aria-describedby=\"").text(field.name).raw("-fault\"");
  }
}

std::string_view type_of(std::string_view name) {
  if (name == "contact.email") return "email";
  if (name == "contact.phone") return "tel";
  if (name == "contact.date_of_birth") return "date";
  return "text";
}

void write_choices(Html& html, Shown const& shown, Field const& field) {
  auto const value = found(shown.values, field.name);
  html.raw("<select");
  write_names(html, shown, field);
  html.raw("><option value=\"\"></option>");
  for (auto const& choice : field.choices) {
    html.raw("<option value=\"").text(choice.value).raw("\"");
    if (choice.value == value) html.raw(" selected");
    html.raw(">").text(choice.label).raw("</option>");
  }
  html.raw("</select>\n");
}

void write_field(Html& html, Shown const& shown, Field const& field) {
  html.raw("<div class=\"field\"><label for=\"").text(field.name).raw("\">").text(field.label);
  html.raw("</label>\n");
  if (field.choices.empty()) {
    html.raw("<input type=\"").raw(type_of(field.name)).raw("\"");
    write_names(html, shown, field);
    html.raw(" value=\"").text(found(shown.values, field.name)).raw("\">\n");
  } else {
    write_choices(html, shown, field);
  }
  write_fault(html, shown, field.name);
  html.raw("</div>\n");
}

void write_token(Html& html, std::string_view token) {
  html.raw("<input type=\"hidden\" name=\"").raw(kTokenInput).raw("\" value=\"").text(token);
  html.raw("\">\n");
}

/// A source of the policy that lets our one style through and no other.
std::string style_source() {
  auto const digest = crypto::sha256(kStyle);
  return "'sha256-" + crypto::base64_encode(crypto::view_of(digest)) + "'";
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string made;
  made.reserve(text.size());
  for (char const c : text) {
    switch (c) {
      case '&':
        made += "&amp;";
        break;
      case '<':
        made += "&lt;";
        break;
      case '>':
        made += "&gt;";
        break;
      case '"':
        made += "&quot;";
        break;
      case '\'':
        made += "&#39;";
        break;
      default:
        made += c;
    }
  }
  return made;
}

std::string form_page(Definition const& definition, Shown const& shown) {
  Html html;
  open(html, definition.language, definition.title);
  if (!definition.intro.empty()) html.raw("<p>").text(definition.intro).raw("</p>\n");
  if (!shown.notice.empty()) {
    html.raw("<p class=\"notice\" role=\"alert\">").text(shown.notice).raw("</p>\n");
  }
  html.raw("<form method=\"post\" action=\"").text(shown.action).raw("\" novalidate>\n");
  write_token(html, shown.token);
  for (auto const& field : definition.fields) write_field(html, shown, field);
  html.raw(
      "<div class=\"field\"><input type=\"checkbox\" id=\"consent\" name=\"consent\" value=\"");
  html.raw(kConsentGiven).raw(shown.consent ? "\" checked>" : "\">");
  html.raw("<label for=\"consent\" class=\"consent\">").text(definition.consent).raw("</label>\n");
  write_fault(html, shown, kConsentInput);
  html.raw("</div>\n<button type=\"submit\">").text(definition.texts.submit);
  html.raw("</button>\n</form>\n");
  close(html);
  return html.take();
}

std::string confirm_page(Definition const& definition, std::string_view action,
                         std::string_view token) {
  Html html;
  open(html, definition.language, definition.title);
  html.raw("<p>").text(definition.texts.confirm).raw("</p>\n<form method=\"post\" action=\"");
  html.text(action).raw("\">\n");
  write_token(html, token);
  html.raw("<button type=\"submit\">").text(definition.texts.confirm_button);
  html.raw("</button>\n</form>\n");
  close(html);
  return html.take();
}

std::string question_page(Question const& question) {
  Html html;
  open(html, "en", question.title);
  html.raw("<p>").text(question.text).raw("</p>\n<form method=\"post\" action=\"");
  html.text(question.action).raw("\">\n");
  for (auto const& [value, label] : question.answers) {
    html.raw("<button type=\"submit\" name=\"").text(question.input).raw("\" value=\"").text(value);
    html.raw("\">").text(label).raw("</button>\n");
  }
  html.raw("</form>\n");
  close(html);
  return html.take();
}

std::string message_page(std::string_view language, std::string_view title, std::string_view text) {
  Html html;
  open(html, language, title);
  html.raw("<p>").text(text).raw("</p>\n");
  close(html);
  return html.take();
}

std::vector<std::pair<std::string, std::string>> page_headers(std::vector<std::string> const& sites,
                                                              std::string_view redirect_url) {
  std::string ancestors;
  for (auto const& site : sites) {
    if (is_origin(site)) ancestors += ' ' + site;
  }
  if (ancestors.empty()) ancestors = " 'none'";
  // A browser holds a redirect after sending to the same directive.
  std::string actions = " 'self'";
  if (auto const origin = origin_of(redirect_url); !origin.empty()) {
    actions += ' ' + std::string{origin};
  }
  return {
      {"Content-Security-Policy", "default-src 'none'; base-uri 'none'; style-src " +
                                      style_source() + "; form-action" + actions +
                                      "; frame-ancestors" + ancestors},
      {"Cache-Control", "no-store"},
      {"Referrer-Policy", "no-referrer"},
      {"X-Content-Type-Options", "nosniff"},
      {"X-Robots-Tag", "noindex"},
  };
}

}  // namespace leadex::forms
