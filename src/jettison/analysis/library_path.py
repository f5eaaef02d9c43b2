"""Where the dynamic linker of an image finds a library, without ever running that linker."""

from __future__ import annotations

import posixpath
import re
from typing import Final

from jettison.analysis.elf import ElfFile, read_identity
from jettison.filetree import RootFS
from jettison.paths import ImagePath

# e_machine to Debian's multiarch directory and to what $PLATFORM stands for.
_TRIPLETS: Final = {
    3: ("i386-linux-gnu", "i686"),
    21: ("powerpc64le-linux-gnu", "power8"),
    22: ("s390x-linux-gnu", "z900"),
    40: ("arm-linux-gnueabihf", "v7l"),
    62: ("x86_64-linux-gnu", "x86_64"),
    183: ("aarch64-linux-gnu", "aarch64"),
    243: ("riscv64-linux-gnu", "riscv64"),
}
_MAX_CONFIG_BYTES: Final = 1 << 20
_MAX_INCLUDES: Final = 200
_VARIABLE: Final = re.compile(r"\$(?:\{(ORIGIN|LIB|PLATFORM)\}|(ORIGIN|LIB|PLATFORM)\b)")


class LibraryPath:
    """The search path of one image's dynamic linker, glibc's or musl's.

    Shape: `environment` is LD_LIBRARY_PATH as the image sets it.
    Source: ld.so(8), ld.so.conf in ldconfig(8); musl's ldso/dynlink.c for /etc/ld-musl-*.path.
    """

    def __init__(self, rootfs: RootFS, *, environment: str = "") -> None:
        self._rootfs = rootfs
        self._tree = rootfs.tree
        self._environment = tuple(part for part in re.split("[:;]", environment) if part)
        self._configured = tuple(self._read_ld_so_conf("/etc/ld.so.conf", set()))
        self._musl = self._musl_path()
        self._identities: dict[ImagePath, tuple[int, int] | None] = {}
        self._found: dict[tuple[str, str, int, int], tuple[ImagePath, ...]] = {}

    def directories(self, elf: ElfFile) -> tuple[str, ...]:
        """The system-wide directories for a file of this class and machine, in search order."""
        if self._musl is not None:
            return (*self._environment, *self._musl, *self._configured)
        triplet, _ = _TRIPLETS.get(elf.machine, ("", ""))
        multiarch = (f"/lib/{triplet}", f"/usr/lib/{triplet}") if triplet else ()
        wide = ("/lib64", "/usr/lib64") if elf.bits == 64 else ("/lib32", "/usr/lib32")
        return (
            *self._environment,
            *self._configured,
            *multiarch,
            *wide,
            "/lib",
            "/usr/lib",
        )

    def find(
        self, name: str, elf: ElfFile, path: ImagePath, *, inherited: tuple[str, ...] = ()
    ) -> tuple[ImagePath, ...]:
        """What a need of the file at `path` may load: the first match, then variants per CPU.

        Shape: paths as looked up, so links on the way are still in them; `inherited` are the
        expanded DT_RPATHs of the files that load this one.
        """
        if "/" in name:
            target = self.expand(name, elf, path)
            return (ImagePath.parse(target),) if self._fits(target, elf) else ()
        own = elf.runpath or elf.rpath
        for directory in (self.expand(part, elf, path) for part in own):
            if found := self._in_directory(directory, name, elf):
                return found
        for directory in inherited:
            if found := self._in_directory(directory, name, elf):
                return found
        return self.find_in_system(name, elf)

    def find_in_system(self, name: str, elf: ElfFile) -> tuple[ImagePath, ...]:
        """The same without the directories that a file itself names."""
        for directory in self.directories(elf):
            if found := self._in_directory(directory, name, elf):
                return found
        return ()

    def expand(self, text: str, elf: ElfFile, path: ImagePath) -> str:
        """Replace $ORIGIN, $LIB and $PLATFORM."""
        triplet, platform = _TRIPLETS.get(elf.machine, ("", ""))
        library = f"lib/{triplet}" if self._tree.find(f"/usr/lib/{triplet}") else "lib64"
        values = {"ORIGIN": path.parent, "LIB": library, "PLATFORM": platform}
        return _VARIABLE.sub(lambda match: values[match[1] or match[2]], text)

    def _in_directory(self, directory: str, name: str, elf: ElfFile) -> tuple[ImagePath, ...]:
        key = (directory, name, elf.bits, elf.machine)
        if key not in self._found:
            self._found[key] = tuple(self._search(directory, name, elf))
        return self._found[key]

    def _search(self, directory: str, name: str, elf: ElfFile) -> list[ImagePath]:
        real = self._tree.resolve(posixpath.join("/", directory))
        if real.entry is None or not real.entry.is_directory:
            return []
        found: list[ImagePath] = []
        plain = f"{directory.rstrip('/')}/{name}"
        if self._fits(plain, elf):
            found.append(ImagePath(plain) if plain.startswith("/") else ImagePath.parse(plain))
        hwcaps = f"{real.path}/glibc-hwcaps"
        for level in self._tree.children(hwcaps):
            if self._fits(f"{hwcaps}/{level}/{name}", elf):
                found.append(ImagePath(f"{hwcaps}/{level}/{name}"))
        return found

    def _fits(self, path: str, elf: ElfFile) -> bool:
        found = self._tree.resolve(path)
        if found.entry is None or not found.entry.is_file:
            return False
        if found.path not in self._identities:
            with self._rootfs.open(found.path) as stream:
                self._identities[found.path] = read_identity(stream)
        return self._identities[found.path] == (elf.bits, elf.machine)

    def _musl_path(self) -> tuple[str, ...] | None:
        """Musl's directories if it is this image's C library; glibc's file list is not its own."""
        loaders = [name for name in self._tree.children("/lib") if name.startswith("ld-musl-")]
        if not loaders:
            return None
        for loader in loaders:
            architecture = loader.removeprefix("ld-musl-").split(".")[0]
            text = self._text(f"/etc/ld-musl-{architecture}.path")
            if text is not None:
                return tuple(part for part in re.split(r"[:\n]", text) if part)
        return ("/lib", "/usr/local/lib", "/usr/lib")

    def _read_ld_so_conf(self, path: str, seen: set[str]) -> list[str]:
        if path in seen or len(seen) >= _MAX_INCLUDES:
            return []
        seen.add(path)
        directories: list[str] = []
        for line in (self._text(path) or "").splitlines():
            words = line.partition("#")[0].split()
            if not words or words[0] == "hwcap":
                continue
            if words[0] == "include":
                for pattern in words[1:]:
                    for included in self._expand_include(pattern, posixpath.dirname(path)):
                        directories += self._read_ld_so_conf(included, seen)
                continue
            # "directory=type" is an old form that ldconfig still takes.
            directories.append(words[0].partition("=")[0])
        return directories

    def _expand_include(self, pattern: str, base: str) -> list[str]:
        absolute = posixpath.join(base, pattern)
        directory, name = posixpath.split(absolute)
        regex = re.compile(re.escape(name).replace(r"\*", ".*").replace(r"\?", "."))
        return [
            f"{directory}/{child}"
            for child in self._tree.children(self._tree.resolve(directory).path)
            if regex.fullmatch(child)
        ]

    def _text(self, path: str) -> str | None:
        found = self._tree.resolve(path)
        if found.entry is None or not found.entry.is_file:
            return None
        with self._rootfs.open(found.path) as stream:
            return stream.read(_MAX_CONFIG_BYTES).decode("utf-8", "replace")
