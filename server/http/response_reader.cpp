#include "server/http/response_reader.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

namespace leadex::http {

namespace {

namespace beast_http = boost::beast::http;
using Parser = beast_http::response_parser<beast_http::buffer_body>;

constexpr std::uint32_t kHeadBytesMax = 16 * 1024;
constexpr std::size_t kPendingBytesMax = 64 * 1024;
constexpr int kInterimMax = 8;

}  // namespace

struct ResponseReader::Impl {
  explicit Impl(bool no_body) {
    parser.eager(true);
    parser.header_limit(kHeadBytesMax);
    parser.body_limit(boost::none);
    parser.skip(no_body);
  }

  Parser parser;
  std::array<char, 4096> piece{};
};

ResponseReader::ResponseReader(std::size_t body_bytes_max, bool no_body)
    : impl_(std::make_unique<Impl>(no_body)), body_bytes_max_(body_bytes_max), no_body_(no_body) {}

ResponseReader::~ResponseReader() = default;

ResponseReader::State ResponseReader::put(std::string_view bytes) {
  has_begun_ = has_begun_ || !bytes.empty();
  if (pending_.size() + bytes.size() > kPendingBytesMax + body_bytes_max_) return State::malformed;
  pending_ += bytes;
  return parse();
}

ResponseReader::State ResponseReader::parse() {
  for (;;) {
    auto& parser = impl_->parser;
    auto& sink = parser.get().body();
    sink.data = impl_->piece.data();
    sink.size = impl_->piece.size();
    sink.more = true;
    boost::system::error_code ec;
    auto const used = parser.put(boost::asio::buffer(pending_), ec);
    pending_.erase(0, used);
    body_.append(impl_->piece.data(), impl_->piece.size() - sink.size);
    if (body_.size() > body_bytes_max_) {
      body_.resize(body_bytes_max_);
      return State::full;
    }
    if (parser.is_header_done() && parser.get().result_int() / 100 == 1) {
      // 101 would hand the connection to another protocol; we never asked for one.
      if (parser.get().result_int() == 101 || ++interim_ > kInterimMax) return State::malformed;
      impl_ = std::make_unique<Impl>(no_body_);
      if (pending_.empty()) return State::more;
      continue;
    }
    if (parser.is_done()) return State::done;
    if (ec == beast_http::error::need_more) return State::more;
    if (ec && ec != beast_http::error::need_buffer) return State::malformed;
    if (pending_.empty()) return State::more;
    if (used == 0 && !ec) return State::more;
  }
}

ResponseReader::State ResponseReader::put_end() {
  boost::system::error_code ec;
  if (!impl_->parser.is_header_done()) return State::malformed;
  impl_->parser.put_eof(ec);
  return !ec && impl_->parser.is_done() ? State::done : State::malformed;
}

int ResponseReader::status() const { return static_cast<int>(impl_->parser.get().result_int()); }

Headers ResponseReader::headers() const {
  Headers headers;
  for (auto const& field : impl_->parser.get()) {
    std::string name(field.name_string());
    for (char& c : name) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    headers.add(std::move(name), std::string(field.value()));
  }
  return headers;
}

bool ResponseReader::keeps_alive() const {
  return impl_->parser.is_done() && impl_->parser.keep_alive() && pending_.empty();
}

}  // namespace leadex::http
