"""What the application is built for: one architecture of the box's suite."""

from __future__ import annotations

from dataclasses import dataclass

from image.errors import ImageError

PYTHON = "3.13"  # of the suite; wheels are chosen and modules compiled for it
_GLIBC_MINOR = 41  # of the suite: wheels that want a newer C library are not taken


@dataclass(frozen=True, slots=True)
class Target:
    """One architecture: Debian's name, the kernel's name, and the compiler's."""

    arch: str
    machine: str
    triplet: str

    def platforms(self) -> list[str]:
        """Platform tags of wheels that run there, newest C library first (PEP 600 and its older names)."""
        tags = [f"manylinux_2_{minor}_{self.machine}" for minor in range(_GLIBC_MINOR, 16, -1)]
        tags += [f"manylinux2014_{self.machine}"]
        if self.machine == "x86_64":  # arm64 begins with glibc 2.17
            tags += [f"manylinux_2_{minor}_x86_64" for minor in range(16, 4, -1)]
            tags += ["manylinux2010_x86_64", "manylinux1_x86_64"]
        return [*tags, f"linux_{self.machine}"]

    def markers(self) -> dict[str, str]:
        """The environment of PEP 508 markers there."""
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{PYTHON}.0",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{PYTHON}.0",
            "python_version": PYTHON,
            "sys_platform": "linux",
        }


_TARGETS = {
    "amd64": Target("amd64", "x86_64", "x86_64-linux-gnu"),
    "arm64": Target("arm64", "aarch64", "aarch64-linux-gnu"),
}


def target(arch: str) -> Target:
    """Return the target of Debian's architecture `arch`. Raises ImageError."""
    if arch not in _TARGETS:
        raise ImageError(f"the application is built for {' and '.join(_TARGETS)}, not for {arch}")
    return _TARGETS[arch]
