#include "server/intake/contact/disposable_domains.hpp"

#include <fstream>

#include "server/intake/contact/domain_name.hpp"
#include "server/intake/contact/text.hpp"

namespace leadex::intake {
namespace {

bool is_comment(std::string_view line) {
  return line.empty() || line.starts_with('#') || line.starts_with("//");
}

}  // namespace

Result<DisposableDomains, DomainListFault> DisposableDomains::load(
    std::filesystem::path const& file) {
  std::ifstream stream{file, std::ios::binary};
  if (!stream) return refuse(DomainListFault::unreadable);
  return read(stream);
}

Result<DisposableDomains, DomainListFault> DisposableDomains::read(std::istream& lines) {
  DisposableDomains list;
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    auto const text = trim(line);
    if (is_comment(text)) continue;
    if (list.domains_.size() >= kDisposableDomainsMax) return refuse(DomainListFault::too_many);
    auto domain = to_ascii_domain(text);
    // Lists hold punycode that IDNA 2008 refuses (emoji); blocking it as written does no harm.
    if (!domain && domain.error() == DomainFault::idn && is_ascii(text)) domain = lower_ascii(text);
    if (!domain) return refuse(DomainListFault::bad_line);
    list.domains_.insert(std::move(*domain));
  }
  if (lines.bad()) return refuse(DomainListFault::unreadable);
  return list;
}

bool DisposableDomains::contains(std::string_view domain_ascii) const {
  for (auto rest = domain_ascii;;) {
    if (domains_.contains(rest)) return true;
    auto const dot = rest.find('.');
    if (dot == std::string_view::npos) return false;
    rest.remove_prefix(dot + 1);
  }
}

}  // namespace leadex::intake
