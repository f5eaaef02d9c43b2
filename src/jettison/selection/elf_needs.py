"""Rule 2: what kept ELF files need from the dynamic linker, and what glibc opens by name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from jettison.analysis.elf import ElfFile, find_names, read_elf
from jettison.analysis.library_path import LibraryPath
from jettison.analysis.programs import SHELLS
from jettison.filetree import Entry
from jettison.paths import ImagePath
from jettison.selection.context import Context
from jettison.selection.model import Reason, Rule

# Opening a file costs more than looking at its name, and these are never ELF files.
_OTHER_SUFFIXES: Final = (
    ".c .cfg .conf .cpp .crt .css .csv .gif .gz .h .html .ico .ini .jpeg .jpg .js .json .map .md"
    " .mo .pem .png .po .py .pyc .pyi .rst .svg .toml .ttf .txt .typed .whl .woff .woff2 .xml"
    " .yaml .yml .zip"
)
_NEVER_ELF: Final = frozenset(_OTHER_SUFFIXES.split())
# Names found in strings that would be opened only for what Python programs do not ask for.
_NOT_FOLLOWED: Final = {
    # getaddrinfo(3) with AI_IDN, which Python encodes itself; brings 2 MB of libunistring.
    ("libc.so.6", "libidn2.so.0"),
}
# gconv has a rule of its own; OpenSSL's engines are loaded only where openssl.cnf names one, and
# are on their way out of it: openssl-engine(1).
_NO_PLUGINS: Final = frozenset({"gconv", "engines-1.1", "engines-3"})
# OpenSSL loads what is in here where a program has it do so (OSSL_PROVIDER_load(3)) or its
# configuration says so (config(5)); what nearly everyone uses is in the library itself.
_PROVIDERS: Final = "ossl-modules"
_MORE_PROVIDERS: Final = re.compile(
    rb"(?m)^[ \t]*(?:(?:legacy|fips)[ \t]*=|module[ \t]*=|identity[ \t]*=|\.include\b)"
)
_OPENSSL_CONFIGS: Final = ("openssl.cnf", "opensslcnf.config")
_MAX_CONFIG_BYTES: Final = 1 << 20
# A directory of plug-ins larger than this is left to what was observed.
_MAX_PLUGIN_BYTES: Final = 16 << 20
# Lists of plug-ins are made as packages are installed, so no package owns them: Graphviz's
# config6a, gdk-pixbuf's loaders.cache. They stand beside the plug-ins, or one level above.
_MAX_LIST_BYTES: Final = 1 << 18
_NO_LISTS: Final = frozenset({".py", ".pyc", ".a", ".la"})
# pam.conf(5), and what its modules read; which service a program is may be known to it alone.
_PAM_SETTINGS: Final = (
    "/etc/pam.conf",
    "/etc/pam.d",
    "/etc/security",
    "/etc/environment",
    "/etc/login.defs",
    "/etc/shadow",
)
_SERVICE: Final = re.compile(r"^\s*\w+:(.*)$", re.MULTILINE)


@dataclass(slots=True)
class _Unresolved:
    name: str
    path: ImagePath
    elf: ElfFile


class ElfRule:
    """DT_NEEDED, PT_INTERP, libraries named in strings, NSS modules, character set converters."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._keeper = context.keeper
        self._seen = 0
        self._libraries = LibraryPath(
            context.rootfs, environment=context.env.get("LD_LIBRARY_PATH", "")
        )
        # DT_RPATH holds for what a file's libraries need as well. Which file loads which is not
        # tracked: any kept file's path may answer a need that nothing else answers.
        self._inherited: dict[str, None] = {}
        self._unresolved: list[_Unresolved] = []
        self._wants_converters = False
        self._providers: list[tuple[str, ElfFile, ImagePath]] = []
        self._wants_providers = False
        self._listed: set[ImagePath] = set()

    def apply(self) -> None:
        """Look at files that came since the last time."""
        while self._seen < len(self._keeper.journal):
            entries = self._keeper.new_entries(self._seen)
            self._seen = len(self._keeper.journal)
            for entry in entries:
                if entry.is_file and entry.size_bytes > 52 and _may_be_elf(entry):
                    self._look_at(entry)
                elif entry.is_file and self._configures_openssl(entry.path):
                    text = self._context.read(entry.path, limit=_MAX_CONFIG_BYTES) or b""
                    self._wants_providers |= _MORE_PROVIDERS.search(text) is not None
            self._retry()
            if self._wants_providers:
                for directory, elf, path in self._providers:
                    self._plugins(directory, elf, path)
                self._providers.clear()

    def finish(self) -> None:
        """Nothing depends on the whole."""

    def _look_at(self, entry: Entry) -> None:
        names = None
        with self._context.rootfs.open(entry.path) as stream:
            elf = read_elf(stream)
            if elf is None:
                return
            if self._context.is_closure and elf.opens_libraries:
                names = find_names(stream, elf)
        path = entry.path
        if elf.interpreter:
            self._keep(elf.interpreter, path, "program interpreter")
        if elf.rpath and not elf.runpath:
            self._inherited.update(
                dict.fromkeys(self._libraries.expand(part, elf, path) for part in elf.rpath)
            )
        for name in elf.needed:
            if not self._need(name, elf, path):
                self._unresolved.append(_Unresolved(name=name, path=path, elf=elf))
        if names is not None:
            for name in names.libraries:
                self._named(name, elf, path)
            for directory in names.directories:
                if directory.endswith(f"/{_PROVIDERS}"):
                    self._providers.append((directory, elf, path))
                else:
                    self._plugins(directory, elf, path)
        if self._context.is_closure and ".so" in path.name:
            self._lists(elf, path)
        if self._context.is_closure and elf.soname.startswith("libpam.so."):
            self._pam(path)
        if elf.loads_providers and not elf.soname.startswith("libcrypto.so"):
            self._wants_providers = True
        if elf.soname == "libc.so.6" or path.name.startswith("libc-2."):
            self._c_library(elf, path)
        elif elf.uses_iconv and self._context.is_closure and not _converts_seldom(path.name):
            self._converters(elf, path)

    def _configures_openssl(self, path: ImagePath) -> bool:
        named = self._context.env.get("OPENSSL_CONF", "")
        return path.name in _OPENSSL_CONFIGS or path == self._context.tree.resolve(named).path

    def _need(self, name: str, elf: ElfFile, path: ImagePath) -> bool:
        found = self._libraries.find(name, elf, path, inherited=tuple(self._inherited))
        for target in found:
            self._keep(target, path, f"DT_NEEDED {name}")
        return bool(found)

    def _retry(self) -> None:
        """Needs that no path answered yet, after more files brought more paths."""
        self._unresolved = [
            item for item in self._unresolved if not self._need(item.name, item.elf, item.path)
        ]

    def _named(self, name: str, elf: ElfFile, path: ImagePath) -> None:
        if name in elf.needed or name == elf.soname or (elf.soname, name) in _NOT_FOLLOWED:
            return
        for target in self._libraries.find(name, elf, path):
            self._keep(target, path, f"names {name}, which it may open")

    def _plugins(self, directory: str, elf: ElfFile, path: ImagePath) -> None:
        """A directory named in a library, with plug-ins from the same source package."""
        tree = self._context.tree
        found = tree.resolve(directory)
        if found.entry is None or not found.entry.is_directory or found.path.name in _NO_PLUGINS:
            return
        if any(tree.resolve(item).path == found.path for item in self._libraries.directories(elf)):
            return
        ownership, owner = self._context.ownership, self._context.ownership.find_owner(path)
        plugins = [
            entry
            for name in tree.children(found.path)
            if (entry := tree[found.path / name]).is_file
            and (plugin := ownership.find_owner(entry.path)) is not None
            and owner is not None
            and plugin.source == owner.source
        ]
        if not any(".so" in entry.path.name for entry in plugins):
            return
        if sum(entry.size_bytes for entry in plugins) <= _MAX_PLUGIN_BYTES:
            for entry in plugins:
                self._keep(entry.path, path, f"plug-in in {directory}, which it names")

    def _lists(self, elf: ElfFile, path: ImagePath) -> None:
        """What lists a package's plug-in, if it is one: it is in no directory of libraries."""
        if path.parent in self._listed:
            return
        self._listed.add(path.parent)
        tree, ownership = self._context.tree, self._context.ownership
        searched = {tree.resolve(item).path for item in self._libraries.directories(elf)}
        if path.parent in searched or ownership.find_owner(path) is None:
            return
        above = path.parent.parent
        beside = [path.parent / name for name in tree.children(path.parent)]
        if above not in searched:
            beside += [above / name for name in tree.children(above) if name.endswith(".cache")]
        for item in beside:
            entry = tree[item]
            if (
                entry.is_file
                and entry.size_bytes <= _MAX_LIST_BYTES
                and item.suffix not in _NO_LISTS
                and ownership.find_owner(item) is None
            ):
                self._keep(item, path, "made beside the plug-in as it was installed")

    def _pam(self, path: ImagePath) -> None:
        """Cron, for one, asks PAM when the first job is due, and not as it starts."""
        for name in _PAM_SETTINGS:
            for entry in self._context.tree.walk(self._context.tree.resolve(name).path):
                self._keep(entry.path, path, "settings of PAM")

    def _c_library(self, elf: ElfFile, path: ImagePath) -> None:
        """What glibc opens itself: nss(5), pthread_cancel(3), ld.so(8)."""
        text = (self._context.read("/etc/nsswitch.conf", limit=1 << 16) or b"").decode("latin-1")
        services = {word for line in _SERVICE.findall(text) for word in line.split()}
        names = [f"libnss_{word}.so.2" for word in sorted(services) if word.isalnum()]
        for name in ("libgcc_s.so.1", *names):
            for target in self._libraries.find_in_system(name, elf):
                self._keep(target, path, f"opens {name} by name")
        # Without it, directories that only ld.so.conf names are not searched at all.
        self._keep("/etc/ld.so.cache", path, "where the dynamic linker finds libraries")

    def _converters(self, elf: ElfFile, path: ImagePath) -> None:
        if self._wants_converters:
            return
        for directory in self._libraries.directories(elf):
            found = self._context.tree.resolve(f"{directory}/gconv")
            if found.entry is not None and found.entry.is_directory:
                self._wants_converters = True
                reason = Reason(rule=Rule.ELF, detail="converts with iconv_open", because=path)
                self._keeper.keep_below(found.path, reason)

    def _keep(self, target: str, because: ImagePath, detail: str) -> None:
        self._keeper.keep(target, Reason(rule=Rule.ELF, detail=detail, because=because))


def _converts_seldom(name: str) -> bool:
    """Whether iconv_open is there for a corner of the program that is not worth 8 MB.

    A shell converts for escapes in printf, the C++ library in a template that hardly anybody uses.
    """
    return name in SHELLS or name.startswith("libstdc++.so")


def _may_be_elf(entry: Entry) -> bool:
    name = entry.path.name
    return ".so" in name or entry.path.suffix not in _NEVER_ELF
