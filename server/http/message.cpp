#include "server/http/message.hpp"

#include <algorithm>
#include <array>

namespace leadex::http {

asio::awaitable<Result<std::size_t, BodyError>> MemoryBody::read_some(std::span<char> into) {
  if (bytes_.size() > limit_) co_return refuse(BodyError::too_large);
  auto const n = std::min(into.size(), bytes_.size() - at_);
  std::copy_n(bytes_.data() + at_, n, into.data());
  at_ += n;
  co_return n;
}

asio::awaitable<Result<std::string, BodyError>> read_whole(BodyStream& body,
                                                           std::size_t bytes_max) {
  auto const announced = body.content_length();
  if (announced && *announced > bytes_max) co_return refuse(BodyError::too_large);
  std::string whole;
  // The peer's word on the length is not yet bytes: reserve no more than a first piece of it.
  constexpr std::size_t kPieceBytes = 16 * 1024;
  for (;;) {
    auto const had = whole.size();
    auto const left = announced ? static_cast<std::size_t>(*announced) - had : kPieceBytes;
    whole.resize(had + std::clamp<std::size_t>(left, 1, kPieceBytes));
    auto const n = co_await body.read_some(std::span(whole).subspan(had));
    if (!n) co_return refuse(n.error());
    whole.resize(had + *n);
    if (*n == 0) co_return whole;
    if (whole.size() > bytes_max) co_return refuse(BodyError::too_large);
  }
}

std::optional<std::string_view> Request::query_value(std::string_view name) const {
  for (auto const& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

Response make_response(int status, std::string content_type, std::string body) {
  Response response;
  response.status = status;
  response.headers.add("Content-Type", std::move(content_type));
  response.body = std::move(body);
  return response;
}

}  // namespace leadex::http
