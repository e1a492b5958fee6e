#include "server/intake/contact/disposable_domains.hpp"

#include <fstream>
#include <mutex>

#include "server/intake/contact/domain_name.hpp"
#include "server/intake/contact/text.hpp"
#include "server/json/time_text.hpp"

namespace leadex::intake {
namespace {

bool is_comment(std::string_view line) {
  return line.empty() || line.starts_with('#') || line.starts_with("//");
}

std::optional<std::chrono::year_month_day> date_in(std::string_view comment) {
  constexpr std::string_view kMark = "# date:";
  if (!comment.starts_with(kMark)) return std::nullopt;
  auto const day = json::parse_date(trim(comment.substr(kMark.size())));
  return day ? std::optional{*day} : std::nullopt;
}

}  // namespace

Result<DisposableDomains, DomainListFault> DisposableDomains::load(
    std::filesystem::path const& file) {
  std::ifstream stream{file, std::ios::binary};
  if (!stream) return refuse(DomainListFault::unreadable);
  return read(stream);
}

Result<DisposableDomains, DomainListFault> DisposableDomains::read(std::istream& lines) {
  auto const list = std::make_shared<List>();
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    auto const text = trim(line);
    if (is_comment(text)) {
      if (auto const day = date_in(text)) list->dated = day;
      continue;
    }
    if (list->domains.size() >= kDisposableDomainsMax) return refuse(DomainListFault::too_many);
    auto domain = to_ascii_domain(text);
    // Lists hold punycode that IDNA 2008 refuses (emoji); blocking it as written does no harm.
    if (!domain && domain.error() == DomainFault::idn && is_ascii(text)) domain = lower_ascii(text);
    if (!domain) return refuse(DomainListFault::bad_line);
    list->domains.insert(std::move(*domain));
  }
  if (lines.bad()) return refuse(DomainListFault::unreadable);
  DisposableDomains made;
  made.shared_->list = list;
  return made;
}

std::shared_ptr<DisposableDomains::List const> DisposableDomains::list() const {
  std::shared_lock const lock(shared_->guard);
  return shared_->list;
}

void DisposableDomains::replace_with(DisposableDomains const& fresh) const {
  auto list = fresh.list();
  std::unique_lock const lock(shared_->guard);
  shared_->list = std::move(list);
}

bool DisposableDomains::contains(std::string_view domain_ascii) const {
  auto const now = list();
  for (auto rest = domain_ascii;;) {
    if (now->domains.contains(rest)) return true;
    auto const dot = rest.find('.');
    if (dot == std::string_view::npos) return false;
    rest.remove_prefix(dot + 1);
  }
}

}  // namespace leadex::intake
