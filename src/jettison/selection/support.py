"""What a program that nobody has run needs of its package: configuration, data, helpers."""

from __future__ import annotations

import re
from typing import Final

from jettison.analysis.os_packages import OsPackage
from jettison.analysis.programs import parse_shebang
from jettison.paths import ImagePath
from jettison.selection.context import Context
from jettison.selection.model import Reason, Rule

# Files of packages that no program reads to do its work.
_NO_SUPPORT: Final = re.compile(
    r"/usr/share/(?:doc|man|info|locale|lintian|bash-completion|bug|menu|applications|icons|pixmaps"
    r"|help|gtk-doc|zsh|fish|metainfo|appdata|doc-base|reportbug|initramfs-tools|apport|polkit-1"
    r"|common-licenses|licenses|base-files|debhelper|aclocal|pkgconfig)/.*"
    r"|/usr/include/.*|.*\.a|.*/(?:pkgconfig|cmake)/.*|/(?:usr/)?lib/(?:systemd|udev|tmpfiles\.d"
    r"|sysusers\.d|modules-load\.d)/.*"
    r"|/usr/share/(?:gcc|gdb|X11/locale)/.*"
    r"|/etc/(?:cron|init|logrotate|pam|skel|apt|kernel|bash_completion|dpkg|emacs|X11|systemd)[^/]*"
    r"/.*"
)
# Other programs of the same package are kept only if something names them too.
_COMMANDS: Final = re.compile(r"/(?:usr/|usr/local/)?s?bin/[^/]+")
# Packages for installing others, and Python, which has a rule of its own.
_NO_DATA: Final = re.compile(r"debconf.*|dpkg.*|ucf|(?:lib)?python3.*|.*-dev|.*-doc")


class SupportFiles:
    """Keeps the files around programs, once per package.

    Of the package that owns the program and of those built from the same source: all but
    documentation, other commands and files for development. Of the other packages that these depend
    on: data (fonts, dictionaries, scripts), as libraries are found through ELF needs; packages that
    every system has are passed over.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: set[str] = set()

    def keep(self, program: ImagePath) -> None:
        """Keep what belongs to the program at this real path."""
        ownership = self._context.ownership
        owner = ownership.find_owner(program)
        if owner is None or owner.name in self._known or self._is_python(program):
            return
        self._known.add(owner.name)
        self._keep_files(owner, owner, program)
        # Basic tools need no more than their libraries, and depend on how systems are installed.
        if owner.is_base:
            return
        for package in ownership.dependencies([owner]):
            if not package.is_base and not _NO_DATA.fullmatch(package.name):
                self._keep_files(package, owner, program)

    def _keep_files(self, package: OsPackage, owner: OsPackage, program: ImagePath) -> None:
        areas = tuple(f"{area}/" for area in self._context.python_areas)
        reason = Reason(rule=Rule.PROGRAM, detail=f"of its package {package.name}", because=program)
        for path in package.files:
            if _NO_SUPPORT.fullmatch(path) or _COMMANDS.fullmatch(path) or path.startswith(areas):
                continue
            if package.source == owner.source or ".so" not in path.name:
                self._context.keeper.keep_exact(path, reason)

    def _is_python(self, program: ImagePath) -> bool:
        words = parse_shebang(self._context.read(program, limit=256) or b"")
        return any("python" in word for word in (program.name, *words))
