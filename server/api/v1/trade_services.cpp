#include "server/api/v1/trade_services.hpp"

#include "server/intake/stored_person.hpp"

namespace leadex::api {

CampaignEdits::Hold::Hold(CampaignEdits& edits, CampaignId id) : edits_(edits), id_(id) {
  std::lock_guard const lock{edits_.guard_};
  held_ = edits_.held_.insert(id_).second;
}

CampaignEdits::Hold::~Hold() {
  if (!held_) return;
  std::lock_guard const lock{edits_.guard_};
  edits_.held_.erase(id_);
}

std::function<std::vector<std::string>(LeadId, storage::SealedLead const&, std::string const&)>
persons_of(privacy::KeyRing const& keys) {
  return [&keys](LeadId lead, storage::SealedLead const& sealed, std::string const& country) {
    return intake::stored_person_digests(keys, lead, sealed, country);
  };
}

}  // namespace leadex::api
