"""Rule 6: what any program needs without naming it; directories with owners and modes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Final

from jettison.analysis import essentials
from jettison.analysis.essentials import Account, Essential
from jettison.analysis.library_data import find_library_data
from jettison.filetree import Entry
from jettison.paths import ImagePath
from jettison.selection.context import Context
from jettison.selection.model import Reason, Rule

# Modules through which programs read time zones: the standard library's, dateutil's, Debian's
# pytz, and those built on them.
_ZONE_MODULE: Final = re.compile(
    r".*/(?:zoneinfo|dateutil/tz|dateutil/zoneinfo|pytz|tzlocal|pendulum/tz|whenever)"
    r"/(?:__pycache__/)?__init__\.[^/]*pyc?"
)
# glibc itself reads zones for TZ, and these do by name.
_ZONE_PROGRAM: Final = re.compile(r".*/(?:libicui18n|libboost_date_time|libabsl_time_zone)\.so.*")

# localedef can put every locale of the world into one file of 200 MB.
_MAX_ARCHIVE_BYTES: Final = 32 << 20
_LOCALE_VARIABLES: Final = re.compile(r"LC_\w+|LANG|LANGUAGE")

# Empty directories here belong to packages' own upkeep.
_UPKEEP: Final = re.compile(
    r"/(?:usr(?!/local/|/src/)|var/(?:cache|lib/(?:dpkg|apt|rpm|apk))|etc/apt|lib|proc|sys|dev)/.*"
)


class EssentialRule:
    """Accounts, names, trust, zones, locales, the directories that are written into, volumes."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._keeper = context.keeper
        self._seen = 0
        self._has_started = False
        self._has_zones = False

    def apply(self) -> None:
        """What is always needed at first; zones and libraries' data once something reads them."""
        if not self._has_started:
            self._has_started = True
            tree, env = self._context.tree, self._context.env
            self._keep_all(essentials.find_files(tree))
            self._keep_all(essentials.find_certificates(tree))
            for prefix in self._context.conda_prefixes:
                self._keep_all(essentials.find_in_prefix(tree, prefix))
            self._keep_all(essentials.find_environment(tree, env))
            self._keep_all(essentials.find_named_zone(tree, env.get("TZ", "")))
            self._locales()
            self._directories()
        entries = self._keeper.new_entries(self._seen)
        self._seen = len(self._keeper.journal)
        if not self._has_zones and (reader := _zone_reader(entries)) is not None:
            self._has_zones = True
            tree = self._context.tree
            self._keep_all(essentials.find_zones(tree), because=reader)
            for prefix in self._context.conda_prefixes:
                zones = essentials.find_zones(tree, directory=f"{prefix}/share/zoneinfo")
                self._keep_all(zones, because=reader)
        if self._context.is_closure:
            for entry in entries:
                if ".so" in entry.path and entry.is_file:
                    data = find_library_data(self._context.tree, entry.path.name)
                    self._keep_all(data, because=entry.path)

    def finish(self) -> None:
        """Nothing depends on the whole."""

    @cached_property
    def _account(self) -> Account:
        return essentials.parse_user(
            self._context.config.user,
            self._context.read("/etc/passwd") or b"",
            self._context.read("/etc/group") or b"",
        )

    def _keep_all(self, items: Iterable[Essential], *, because: ImagePath | None = None) -> None:
        for item in items:
            reason = Reason(rule=Rule.ESSENTIAL, detail=item.why, because=because)
            entry = self._context.tree.resolve(item.path).entry
            if entry is not None and entry.is_executable:
                self._keeper.keep_program(item.path, reason)
                continue
            real = self._keeper.keep(item.path, reason)
            if real is not None and item.whole and self._context.tree[real].is_directory:
                self._keeper.keep_below(real, reason)

    def _locales(self) -> None:
        for item in essentials.find_locales(self._context.tree):
            reason = Reason(rule=Rule.ESSENTIAL, detail=item.why)
            directory = self._context.tree.resolve(item.path).path
            for entry in self._context.tree.walk(directory):
                if entry.size_bytes <= _MAX_ARCHIVE_BYTES or self._asks_for_locale():
                    self._keeper.keep_exact(entry.path, reason)
                else:
                    self._context.dropped[entry.path] = (
                        f"{entry.size_bytes >> 20} MiB of locales that no LANG or LC_… asks for"
                    )

    def _asks_for_locale(self) -> bool:
        return any(
            _LOCALE_VARIABLES.fullmatch(name) and value.partition(".")[0] not in ("", "C", "POSIX")
            for name, value in self._context.env.items()
        )

    def _directories(self) -> None:
        """The frame of the tree: its top level, and whatever is there to be written into."""
        tree, config = self._context.tree, self._context.config
        for name in tree.children("/"):
            entry = tree[f"/{name}"]
            if entry.is_directory or entry.is_symlink:
                self._keeper.keep_exact(entry.path, _reason("the top of the tree"))
        for path in ("/tmp", "/var/tmp", "/run", "/var/run", "/run/lock", "/dev/shm"):  # noqa: S108  # paths of the image
            self._keeper.keep(path, _reason("where programs write"))
        for volume in config.volumes:
            real = self._keeper.keep(volume, _reason("a volume"))
            if real is not None:
                self._keeper.keep_below(real, _reason("what the image puts into a volume"))
        self._keeper.keep(self._context.working_dir, _reason("WORKDIR"))
        for home in (self._account.home, self._context.env.get("HOME", "")):
            if home.startswith("/"):
                self._keeper.keep(home, _reason("the home of the image's user"))
        # Whoever owns a virtual environment may write into each of its directories; that makes
        # none of them needed.
        areas = tuple(f"{area}/" for area in self._context.python_areas)
        for path, entry in tree.items():
            if entry.is_directory and not path.startswith(areas) and not _UPKEEP.fullmatch(path):
                if essentials.is_writable(entry, self._account):
                    self._keeper.keep_exact(path, _reason("writable"))
                elif not tree.children(path):
                    self._keeper.keep_exact(path, _reason("an empty directory"))


def _zone_reader(entries: Iterable[Entry]) -> ImagePath | None:
    for entry in entries:
        if _ZONE_MODULE.fullmatch(entry.path) or _ZONE_PROGRAM.fullmatch(entry.path):
            return entry.path
    return None


def _reason(detail: str) -> Reason:
    return Reason(rule=Rule.ESSENTIAL, detail=detail)
