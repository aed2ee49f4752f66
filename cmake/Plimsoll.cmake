# Compiler settings, packages, and the two functions every folder uses.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
if(PLIMSOLL_SANITIZE)
  set(CMAKE_CXX_FLAGS_RELEASE "-O0 -DNDEBUG")  # compiles in a third of the time
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # What ccache has to overlook so that precompiled headers can be cached.
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros
    "${CCACHE_PROGRAM}")
endif()

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(CURL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
pkg_check_modules(HTTPLIB REQUIRED IMPORTED_TARGET cpp-httplib)
pkg_check_modules(SECP256K1 REQUIRED IMPORTED_TARGET libsecp256k1)
pkg_check_modules(PROMETHEUS REQUIRED IMPORTED_TARGET prometheus-cpp-core)
pkg_check_modules(TOMLPLUSPLUS REQUIRED IMPORTED_TARGET tomlplusplus)
find_library(CRYPTOPP_LIBRARY NAMES cryptopp REQUIRED)

add_library(plimsoll_options INTERFACE)
target_include_directories(plimsoll_options INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_definitions(plimsoll_options INTERFACE _GLIBCXX_ASSERTIONS JSON_USE_IMPLICIT_CONVERSIONS=0
  PLIMSOLL_VERSION="${PROJECT_VERSION}")
target_compile_options(plimsoll_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  -Wsign-conversion -Wold-style-cast -Wformat=2 -Wdouble-promotion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wextra-semi -Werror
  $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wuseless-cast
  -Wno-restrict>)  # g++ 12 sees overlaps in std::string assignment that are none (GCC bug 105329)
if(PLIMSOLL_SANITIZE)
  target_compile_options(plimsoll_options INTERFACE -fsanitize=${PLIMSOLL_SANITIZE} -fno-omit-frame-pointer -g1)
  target_link_options(plimsoll_options INTERFACE -fsanitize=${PLIMSOLL_SANITIZE}
    $<$<CXX_COMPILER_ID:Clang>:-fuse-ld=lld>)  # links in a quarter of the time
endif()
# What is tested looks for undefined behaviour too and counts its branches for clang's fuzzer; the
# tests' own code does not: it would take twice as long to compile. Checks of every pointer before it is
# used (null, alignment, vptr) are left out for the same reason: what they would find of use after an end
# or of nothing is found by the sanitizer for addresses.
add_library(plimsoll_tested INTERFACE)
target_link_libraries(plimsoll_tested INTERFACE plimsoll_options)
if(PLIMSOLL_SANITIZE STREQUAL "address")
  target_compile_options(plimsoll_tested INTERFACE -fsanitize=undefined -fno-sanitize-recover=all
    -fno-sanitize=null,alignment,vptr
    $<$<CXX_COMPILER_ID:Clang>:-fsanitize=fuzzer-no-link>)
  target_link_options(plimsoll_options INTERFACE -fsanitize=undefined)
endif()

# PLIMSOLL_UNITY: compiles the files of a target together, but for those named after it, whose own
# helpers have names that others have too.
function(plimsoll_together target)
  if(PLIMSOLL_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 40)
    set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
endfunction()

# One precompiled header for all libraries, one for all tests.
function(plimsoll_precompiled name header options)
  # Not written again when cmake runs again: that would rebuild everything.
  file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/${name}.cpp" CONTENT "")
  add_library(${name} OBJECT "${CMAKE_BINARY_DIR}/${name}.cpp")
  target_link_libraries(${name} PRIVATE ${options} ${ARGN})
  target_compile_options(${name} PUBLIC $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>
    "$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>")
  target_precompile_headers(${name} PRIVATE "${CMAKE_SOURCE_DIR}/cmake/${header}")
endfunction()
plimsoll_precompiled(plimsoll_pch pch.hpp plimsoll_tested)

# plimsoll_library(name SOURCES ... DEPENDS ...): one static library per folder.
function(plimsoll_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  plimsoll_together(${name})
  target_link_libraries(${name} PRIVATE plimsoll_tested PUBLIC plimsoll_options ${ARG_DEPENDS})
  target_precompile_headers(${name} REUSE_FROM plimsoll_pch)
  target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
endfunction()

# The tests' own code is not optimized: it compiles in half the time, and what it tests is.
function(plimsoll_test_code target)
  target_link_libraries(${target} PRIVATE plimsoll_options GTest::gmock nlohmann_json::nlohmann_json)
  target_precompile_headers(${target} REUSE_FROM plimsoll_test_pch)
  target_compile_options(${target} PRIVATE -O0 $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
  target_compile_definitions(${target} PRIVATE
    PLIMSOLL_TEST_VECTORS="${CMAKE_SOURCE_DIR}/tests/vectors"
    PLIMSOLL_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
endfunction()

# plimsoll_test(name SOURCES ... ALONE ... DEPENDS ...): one GoogleTest program per folder of tests.
# ALONE: further files, which cannot be compiled together with others.
function(plimsoll_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;ALONE;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES} ${ARG_ALONE})
  plimsoll_together(${name} ${ARG_ALONE})
  plimsoll_test_code(${name})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} GTest::gtest_main)
  # One process for all tests of a program: with sanitizers its start takes longer than most tests.
  add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
  set_tests_properties(${name} PROPERTIES TIMEOUT 600 COST 100
    ENVIRONMENT "GTEST_OUTPUT=json:${CMAKE_BINARY_DIR}/Testing/counts/")
endfunction()
