#pragma once
// What KeyRing throws when the file of an epoch cannot be read, or is not the one that was noted:
// nothing is sealed or opened until it can be. The API answers 503; jobs fail and come again.

#include <stdexcept>

namespace leadex::privacy {

class KeyUnavailable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace leadex::privacy
