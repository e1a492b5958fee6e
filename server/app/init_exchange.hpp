#pragma once
// init_exchange: the first admin of an empty database, its environment and the check of its root
// key; check_root_key: what every start looks at. Tools and start-up only.

#include "server/app/action.hpp"

namespace leadex::app {

struct FirstAdmin {
  std::int64_t tenant_no{};
  std::int64_t principal_no{};
  std::int64_t key_no{};
  std::string key;  ///< shown once
};

/// Environment and root key are those of `tools`. @errors already_initialised, validation_failed
[[nodiscard]] AppResult<FirstAdmin> init_exchange(AppTools const& tools, PlatformTx& tx,
                                                  std::string const& admin_name);

enum class RootKeyState : std::uint8_t { right, wrong_key, wrong_environment, not_initialised };
[[nodiscard]] RootKeyState check_root_key(AppTools const& tools, PlatformTx& tx);

}  // namespace leadex::app
