#pragma once
// MailDomains: whether a domain takes mail at all, asked of the resolvers an operator names. A
// domain takes mail when it has an MX record that is no null MX (RFC 7505), or none but an address
// (RFC 5321, 5.1). No answer is no verdict: a lead never fails because a resolver is down.
// Coroutines of any executor; the questions run on a thread of their own.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace leadex::dns {

enum class MailVerdict : std::uint8_t {
  accepts,
  refuses,  ///< no such domain, a null MX, or neither MX nor address
  unknown   ///< no answer in time, a failing server, too many questions
};

struct MailDomainOptions {
  std::string servers;  ///< "192.0.2.53,[2001:db8::53]:5353", in their order
  std::chrono::milliseconds try_timeout{1000};  ///< the second try waits twice as long
  int tries = 2;
  std::size_t asked_max = 256;       ///< questions on their way at once
  std::size_t waiting_max = 8192;    ///< domains that wait for their turn; more are unknown at once
  std::size_t cached_max = 100'000;  ///< verdicts kept; the one unused longest goes first
  std::chrono::seconds good_ttl_max{24 * 3600};
  std::chrono::seconds bad_ttl_max{3 * 3600};
  std::chrono::seconds unknown_ttl{30};  ///< a failing domain is left alone so long
  int silences_max = 16;                 ///< questions in a row without any answer, then nothing is
  std::chrono::seconds rest{10};         ///< asked for so long
};

/// Since the start.
struct MailDomainCounts {
  std::uint64_t domains = 0;  ///< asked about by callers
  std::uint64_t from_cache = 0;
  std::uint64_t questions = 0;    ///< sent out; up to three a domain
  std::uint64_t failed = 0;       ///< of them: no answer, or none that says something
  std::uint64_t turned_away = 0;  ///< domains not asked: queue full, or resting
};

class MailDomains {
 public:
  virtual ~MailDomains() = default;

  /// One verdict for each domain in their order; a domain may stand twice. What has no answer after
  /// `wait` is unknown, and its answer still goes to the cache when it comes.
  /// @param domains  lower case, A-labels.
  [[nodiscard]] virtual boost::asio::awaitable<std::vector<MailVerdict>> ask(
      std::vector<std::string> domains, std::chrono::milliseconds wait) = 0;
  [[nodiscard]] virtual MailDomainCounts counts() const = 0;
  /// Before the executors of its callers end: whoever waits is answered, nothing is asked any more.
  virtual void stop() = 0;
};

/// @throws std::runtime_error  `servers` cannot be read, or the
/// library cannot start.
[[nodiscard]] std::unique_ptr<MailDomains> make_mail_domains(MailDomainOptions options);

}  // namespace leadex::dns
