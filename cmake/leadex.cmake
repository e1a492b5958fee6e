# Build rules shared by all rooms: warnings, sanitizers, one library per room, one test program per
# room. A room names the rooms it may see, so an arrow that turns back fails at the link.

option(LEADEX_TESTS "Build the tests" ON)
set(LEADEX_SANITIZE "" CACHE STRING "Sanitizers for the whole build, e.g. address,undefined or thread")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS url)
find_package(fmt REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(PQXX REQUIRED IMPORTED_TARGET libpqxx)
pkg_check_modules(IDN2 REQUIRED IMPORTED_TARGET libidn2)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
find_package(ZLIB REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
include(${CMAKE_CURRENT_LIST_DIR}/phonenumber.cmake)

add_library(leadex_options INTERFACE)
target_include_directories(leadex_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(leadex_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Wold-style-cast -Wimplicit-fallthrough -Werror -fno-omit-frame-pointer)
target_compile_definitions(leadex_options INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
  RAPIDJSON_HAS_STDSTRING=1)
target_link_libraries(leadex_options INTERFACE Threads::Threads)
if(LEADEX_SANITIZE)
  target_compile_options(leadex_options INTERFACE -fsanitize=${LEADEX_SANITIZE}
    -fno-sanitize-recover=all)
  target_link_options(leadex_options INTERFACE -fsanitize=${LEADEX_SANITIZE})
endif()

# leadex_room(NAME DEPS target...): a static library leadex_NAME of every .cpp below this folder
# that belongs to no room of its own (EXCLUDE names sub-folders that do). PLAIN: a room that only wires
# and translates is not optimised under the sanitizers, which halves its compile time.
function(leadex_room name)
  cmake_parse_arguments(ROOM "PLAIN" "" "DEPS;EXCLUDE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  foreach(folder ${ROOM_EXCLUDE})
    list(FILTER sources EXCLUDE REGEX "^${CMAKE_CURRENT_SOURCE_DIR}/${folder}/")
  endforeach()
  if(sources)
    add_library(leadex_${name} STATIC ${sources})
    target_link_libraries(leadex_${name} PUBLIC leadex_options ${ROOM_DEPS})
    if(ROOM_PLAIN AND LEADEX_SANITIZE)
      target_compile_options(leadex_${name} PRIVATE -O0)
    endif()
  else()
    add_library(leadex_${name} INTERFACE)
    target_link_libraries(leadex_${name} INTERFACE leadex_options ${ROOM_DEPS})
  endif()
endfunction()

# leadex_test(NAME DEPS target...): program test_NAME of every *_test.cpp below this folder, and a
# ctest entry of the same name.
function(leadex_test name)
  cmake_parse_arguments(TEST "" "TIMEOUT;LABEL" "DEPS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_executable(test_${name} ${sources})
  target_link_libraries(test_${name} PRIVATE leadex_options ${TEST_DEPS} GTest::gtest GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND test_${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 600)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${TEST_TIMEOUT})
  if(TEST_LABEL)
    set_tests_properties(${name} PROPERTIES LABELS ${TEST_LABEL})
  endif()
endfunction()

# add_room(FOLDER): adds the folder when it exists, so that a room arrives with its first file.
macro(add_room folder)
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/CMakeLists.txt)
    add_subdirectory(${folder})
  endif()
endmacro()
