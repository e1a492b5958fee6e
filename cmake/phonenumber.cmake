# leadex_phonenumber: Google's libphonenumber. The library is Debian's libphonenumber8; its -dev package
# conflicts with Boost 1.81, so deploy/lib/install.sh unpacks the headers alone into the build folder.

set(LEADEX_PHONENUMBER_DIR ${PROJECT_SOURCE_DIR}/build/deps/phonenumber CACHE PATH
  "Where the files of libphonenumber-dev are unpacked")
if(NOT EXISTS ${LEADEX_PHONENUMBER_DIR}/usr/include/phonenumbers/phonenumberutil.h)
  message(FATAL_ERROR "The libphonenumber headers are not in ${LEADEX_PHONENUMBER_DIR}. "
    "Run deploy/lib/install.sh build, which unpacks them there.")
endif()

find_library(LEADEX_PHONENUMBER_LIBRARY NAMES libphonenumber.so.8 REQUIRED)
pkg_check_modules(PROTOBUF REQUIRED IMPORTED_TARGET protobuf)
add_library(leadex_phonenumber SHARED IMPORTED GLOBAL)
set_target_properties(leadex_phonenumber PROPERTIES
  IMPORTED_LOCATION ${LEADEX_PHONENUMBER_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES ${LEADEX_PHONENUMBER_DIR}/usr/include
  INTERFACE_LINK_LIBRARIES PkgConfig::PROTOBUF)
