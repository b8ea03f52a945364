"""CMakeLists.txt and the compiler's flags: one list of flags for all who compile a bundle."""

from __future__ import annotations

from dataclasses import dataclass

FLAGS = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror")
FLOATING_POINT = ("-ffp-contract=off", "-fno-fast-math")


@dataclass(frozen=True, slots=True)
class Target:
    """`arguments` go to `zig cc`; a host target takes the host's own compiler."""

    name: str
    remark: str
    arguments: tuple[str, ...]


TARGETS = {
    "host": Target("host", "the machine that builds", ()),
    "thor": Target(
        "thor",
        "Jetson Thor: aarch64, Neoverse V3AE",
        ("-target", "aarch64-linux-gnu", "-mcpu=neoverse_v3ae"),
    ),
}


def compile_command(target: Target) -> str:
    """How to make guard.o by hand."""
    compiler = "python -m ziglang cc" if target.arguments else "cc"
    words = (compiler, *target.arguments, *FLAGS, *FLOATING_POINT, "-O2", "-c", "guard.c")
    return " ".join(words)


def toolchain(target: Target) -> str:
    """thor.cmake: `cmake --toolchain thor.cmake`, with the compiler of the `ziglang` wheel."""
    arguments = " ".join(target.arguments)
    return f"""# {target.remark}; python with the ziglang wheel is found on the PATH
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER python3 -m ziglang cc {arguments})
"""


def cmake_lists(chain: str, target: Target) -> str:
    flags = " ".join((*FLAGS[1:], *FLOATING_POINT))
    return f"""# The guard of chain {chain}, for {target.remark}. Generated.
cmake_minimum_required(VERSION 3.19)
project(guard C)

set(CMAKE_C_STANDARD 99)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

add_library(guard STATIC guard.c)
target_include_directories(guard PUBLIC ${{CMAKE_CURRENT_SOURCE_DIR}})
target_compile_options(guard PRIVATE {flags})
target_link_libraries(guard PUBLIC m)

add_executable(selftest selftest.c)
target_compile_options(selftest PRIVATE {flags})
target_link_libraries(selftest PRIVATE guard)

enable_testing()
add_test(NAME selftest COMMAND selftest)
"""
