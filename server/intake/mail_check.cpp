#include "server/intake/mail_check.hpp"

#include <string>
#include <string_view>
#include <unordered_map>

namespace leadex::intake {

RowFault undeliverable_fault() {
  return {RowCode::email_undeliverable, std::string{pointer_of(Column::email)},
          "The domain of the address takes no mail."};
}

boost::asio::awaitable<std::vector<std::size_t>> find_undeliverable(
    dns::MailDomains& mail, std::vector<CheckedLead*> leads, std::chrono::milliseconds wait) {
  std::vector<std::string> domains;
  std::unordered_map<std::string_view, std::size_t> places;  // views into the leads
  for (auto const* lead : leads) {
    if (!lead->email || lead->email->is_literal) continue;
    auto const& domain = lead->email->domain_ascii;
    if (places.emplace(domain, domains.size()).second) domains.push_back(domain);
  }
  std::vector<std::size_t> refused;
  if (domains.empty()) co_return refused;
  auto const verdicts = co_await mail.ask(std::move(domains), wait);
  for (std::size_t i = 0; i < leads.size(); ++i) {
    auto& lead = *leads[i];
    if (!lead.email || lead.email->is_literal) continue;
    auto const verdict = verdicts.at(places.at(lead.email->domain_ascii));
    if (verdict == dns::MailVerdict::refuses) refused.push_back(i);
    if (verdict == dns::MailVerdict::unknown) lead.warnings.add(RowWarning::email_not_checked);
  }
  co_return refused;
}

}  // namespace leadex::intake
