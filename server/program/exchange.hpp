#pragma once
// Exchange: all parts of a running server, built in the order of their arrows and stopped in the
// other. Built, started and stopped by `leadex serve`, on main's thread.

#include <memory>

#include "server/config/settings.hpp"
#include "server/privacy/key_ring.hpp"

namespace leadex::program {

class Exchange {
 public:
  /// Opens no socket yet. Throws std::runtime_error with a sentence for the operator.
  Exchange(Settings const& settings, std::unique_ptr<privacy::KeyRing> keys);
  ~Exchange();
  Exchange(Exchange const&) = delete;
  Exchange& operator=(Exchange const&) = delete;

  /// Takes the markets, then listens. Throws as the constructor.
  void start();
  void reload_certificate();
  /// No new work; what was begun is answered. Returns when all has stopped.
  void stop();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace leadex::program
