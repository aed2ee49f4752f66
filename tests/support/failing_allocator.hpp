#pragma once

namespace plimsoll::test {

/// Asked before each allocation of the program; where it answers true, `std::bad_alloc` is thrown.
/// Every program that links `failing_allocator.cpp` defines it. It allocates nothing itself.
bool allocation_fails();

}  // namespace plimsoll::test
