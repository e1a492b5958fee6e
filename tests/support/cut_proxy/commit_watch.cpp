#include "tests/support/cut_proxy/commit_watch.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <stdexcept>

namespace leadex::test {

namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kMessageBytesMax = 64ULL * 1024 * 1024;
constexpr std::uint32_t kProtocol3 = 196608;  // every other first message asks for something before

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    number = number << 8U | static_cast<unsigned char>(bytes.at(at + i));
  }
  return number;
}

std::size_t length_at(std::string_view bytes, std::size_t at) {
  std::size_t const length = number_at(bytes, at);
  if (length < kLengthBytes || length > kMessageBytesMax) {
    throw std::runtime_error("a message of the PostgreSQL protocol has no possible length");
  }
  return length;
}

/// Cuts a text that ends in NUL off the front.
std::string_view take_text(std::string_view& body) {
  auto const end = std::min(body.find('\0'), body.size());
  auto const text = body.substr(0, end);
  body.remove_prefix(std::min(end + 1, body.size()));
  return text;
}

/// Whether a simple query is just this word.
bool is_command(std::string_view text, std::string_view word) {
  while (!text.empty() && (text.back() == ';' || text.back() == ' ')) text.remove_suffix(1);
  return std::equal(text.begin(), text.end(), word.begin(), word.end(), [](char a, char b) {
    return std::toupper(static_cast<unsigned char>(a)) == b;
  });
}

}  // namespace

std::optional<ClientMessage> CommitWatch::next() {
  if (!started_) return next_of_start();
  if (waiting_.size() < 1 + kLengthBytes) return std::nullopt;
  auto const size = 1 + length_at(waiting_, 1);
  if (waiting_.size() < size) return std::nullopt;
  ClientMessage message{waiting_.substr(0, size)};
  waiting_.erase(0, size);
  look_at(message.bytes.front(), std::string_view{message.bytes}.substr(1 + kLengthBytes), message);
  return message;
}

std::optional<ClientMessage> CommitWatch::next_of_start() {
  if (waiting_.size() < 2 * kLengthBytes) return std::nullopt;
  auto const size = length_at(waiting_, 0);
  if (waiting_.size() < size) return std::nullopt;
  started_ = number_at(waiting_, kLengthBytes) == kProtocol3;
  ClientMessage message{waiting_.substr(0, size)};
  waiting_.erase(0, size);
  return message;
}

void CommitWatch::look_at(char type, std::string_view body, ClientMessage& message) {
  switch (type) {
    case 'Q': {
      auto const text = take_text(body);
      bool const commit = is_command(text, "COMMIT") || is_command(text, "END");
      if (commit) message.marked_commit = marked_;
      bool const over = commit || is_command(text, "ROLLBACK") || is_command(text, "BEGIN");
      marked_ = over ? false : marked_ || is_marked(text);
      break;
    }
    case 'P': {  // Parse: name, text
      std::string const name{take_text(body)};
      prepared_[name] = is_marked(take_text(body));
      break;
    }
    case 'B': {  // Bind: portal, name
      static_cast<void>(take_text(body));
      auto const known = prepared_.find(take_text(body));
      marked_ = marked_ || (known != prepared_.end() && known->second);
      break;
    }
    default:
      break;
  }
}

bool CommitWatch::is_marked(std::string_view text) const {
  return std::any_of(marks_.begin(), marks_.end(), [&](std::string const& mark) {
    return text.find(mark) != std::string_view::npos;
  });
}

}  // namespace leadex::test
