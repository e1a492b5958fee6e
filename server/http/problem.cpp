#include "server/http/problem.hpp"

#include <algorithm>
#include <array>

#include "server/json/rapidjson.hpp"

namespace leadex::http {

namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void member(Writer& writer, std::string_view name, std::string_view value) {
  writer.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
  writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void write_errors(Writer& writer, std::vector<FieldError> const& errors) {
  writer.Key("errors");
  writer.StartArray();
  for (auto const& error : errors) {
    writer.StartObject();
    member(writer, "pointer", error.pointer);
    member(writer, "code", error.code);
    member(writer, "detail", error.detail);
    writer.EndObject();
  }
  writer.EndArray();
}

struct Reason {
  int status;
  std::string_view phrase;
};

constexpr std::array kReasons = std::to_array<Reason>({
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
});

}  // namespace

std::string_view reason_phrase(int status) {
  auto const* const found = std::find_if(kReasons.begin(), kReasons.end(),
                                         [status](Reason const& r) { return r.status == status; });
  return found == kReasons.end() ? "Unknown" : found->phrase;
}

Response make_problem(int status, std::string_view code, std::string_view detail,
                      std::string_view request_id, std::vector<FieldError> const& errors,
                      Headers extra) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  member(writer, "type", "about:blank");
  member(writer, "title", reason_phrase(status));
  writer.Key("status");
  writer.Int(status);
  member(writer, "detail", detail);
  member(writer, "code", code);
  member(writer, "request_id", request_id);
  if (!errors.empty()) write_errors(writer, errors);
  writer.EndObject();

  Response response;
  response.status = status;
  response.headers = std::move(extra);
  response.headers.set("Content-Type", "application/problem+json");
  response.body.assign(buffer.GetString(), buffer.GetSize());
  return response;
}

Response make_problem(BodyError error, std::string_view request_id) {
  switch (error) {
    case BodyError::too_large:
      return make_problem(413, "body_too_large", "The body is larger than this operation takes.",
                          request_id);
    case BodyError::too_slow:
      return make_problem(408, "body_too_slow", "The body arrived too slowly.", request_id);
    case BodyError::disconnected:
    case BodyError::malformed:
      break;
  }
  return make_problem(400, "body_malformed", "The body could not be read to its end.", request_id);
}

}  // namespace leadex::http
