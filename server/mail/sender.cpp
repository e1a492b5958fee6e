#include "server/mail/sender.hpp"

#include <curl/curl.h>

#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "billing/values/check.hpp"
#include "server/crypto/random.hpp"
#include "server/observe/log.hpp"

namespace leadex::mail {

namespace {

struct Freed {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Handle = std::unique_ptr<CURL, Freed>;
using List = std::unique_ptr<curl_slist, Freed>;

/// The bytes of a mail while libcurl reads them.
struct Reading {
  std::string_view rest;
};
std::size_t read_piece(char* into, std::size_t size, std::size_t n, void* reading) {
  auto& rest = static_cast<Reading*>(reading)->rest;
  auto const bytes = std::min(size * n, rest.size());
  std::memcpy(into, rest.data(), bytes);
  rest.remove_prefix(bytes);
  return bytes;
}

template <class Value>
void set(Handle const& handle, CURLoption option, Value value) {
  // An option that this libcurl does not know would be a mail without its TLS or time-out.
  LEADEX_CHECK(curl_easy_setopt(handle.get(), option, value) == CURLE_OK);
}

void set_server(Handle const& handle, SenderOptions const& options) {
  set(handle, CURLOPT_URL, options.url.c_str());
  set(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  set(handle, CURLOPT_USE_SSL,
      static_cast<long>(options.tls_required ? CURLUSESSL_ALL : CURLUSESSL_TRY));
  set(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options.ca_file.empty()) set(handle, CURLOPT_CAINFO, options.ca_file.c_str());
  if (!options.user.empty()) {
    set(handle, CURLOPT_USERNAME, options.user.c_str());
    set(handle, CURLOPT_PASSWORD, options.password.c_str());
  }
  set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(options.timeout.count()));
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_PROXY, "");  // of no environment: mails go where the operator says
}

Sent deliver(SenderOptions const& options, Message const& message) {
  Handle const handle{curl_easy_init()};
  LEADEX_CHECK(handle != nullptr);
  set_server(handle, options);
  auto const id = crypto::base64url_encode(crypto::random_bytes(16));
  auto const now = std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now());
  auto bytes = wire_form(message, {options.from, id, now});
  Reading reading{bytes};
  auto const from = '<' + options.from + '>';
  auto const to = '<' + message.to + '>';
  List const receivers{curl_slist_append(nullptr, to.c_str())};
  LEADEX_CHECK(receivers != nullptr);
  set(handle, CURLOPT_MAIL_FROM, from.c_str());
  set(handle, CURLOPT_MAIL_RCPT, receivers.get());
  set(handle, CURLOPT_READFUNCTION, read_piece);
  set(handle, CURLOPT_READDATA, static_cast<void*>(&reading));
  set(handle, CURLOPT_UPLOAD, 1L);
  auto const done = curl_easy_perform(handle.get());
  crypto::wipe(bytes);
  if (done == CURLE_OK) return Sent::taken;
  long code = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &code);
  // Neither address nor answer: a server may repeat the one in the other.
  log::warn("mail.failed", "the mail server did not take a mail")
      .field("reason", std::string_view{curl_easy_strerror(done)})
      .field("code", std::int64_t{code});
  // A 5xx to the login or the greeting is no word on this mail.
  bool const of_mail = done == CURLE_SEND_ERROR || done == CURLE_RECV_ERROR;
  return of_mail && code >= 550 && code <= 554 ? Sent::refused : Sent::failed;
}

/// libcurl wants it once, before other threads use it.
void prepare_library() {
  static bool const ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  LEADEX_CHECK(ready);
}

}  // namespace

struct Sender::Impl {
  explicit Impl(SenderOptions given) : options(std::move(given)) {}

  void run() {
    for (;;) {
      std::unique_lock lock{guard};
      woken.wait(lock, [this] { return stopping || !queue.empty(); });
      if (stopping) return;
      auto [message, told] = std::move(queue.front());
      queue.pop_front();
      lock.unlock();
      auto const sent = deliver(options, message);
      crypto::wipe(message.text);
      told(sent);
    }
  }

  SenderOptions const options;
  std::mutex guard;  // of the queue and `stopping`
  std::condition_variable woken;
  std::deque<std::pair<Message, Told>> queue;
  bool stopping{};
  std::thread thread;
};

Sender::Sender(SenderOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {
  LEADEX_CHECK(is_mailable(impl_->options.from));
  prepare_library();
  impl_->thread = std::thread{[impl = impl_.get()] { impl->run(); }};
}

Sender::~Sender() { stop(); }

bool Sender::offer(Message message, Told told) {
  LEADEX_CHECK(is_mailable(message.to));
  {
    std::lock_guard const lock{impl_->guard};
    if (impl_->stopping || impl_->queue.size() >= impl_->options.queue_max) return false;
    impl_->queue.emplace_back(std::move(message), std::move(told));
  }
  impl_->woken.notify_one();
  return true;
}

void Sender::stop() {
  {
    std::lock_guard const lock{impl_->guard};
    impl_->stopping = true;
    impl_->queue.clear();
  }
  impl_->woken.notify_one();
  if (impl_->thread.joinable()) impl_->thread.join();
}

}  // namespace leadex::mail
