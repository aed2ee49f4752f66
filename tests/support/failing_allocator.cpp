#include "tests/support/failing_allocator.hpp"

#include <cstdlib>
#include <new>

namespace {

void* allocate(std::size_t size) {
    if (plimsoll::test::allocation_fails()) throw std::bad_alloc();
    void* memory = std::malloc(size == 0 ? 1 : size);  // NOLINT(cppcoreguidelines-no-malloc)
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
// NOLINTBEGIN(cppcoreguidelines-no-malloc): the counterpart of `allocate`
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
// NOLINTEND(cppcoreguidelines-no-malloc)
