"""Rule 4: files that the image's author added. Ballast is what others shipped."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import Final

from jettison.filetree import Entry
from jettison.paths import ImagePath
from jettison.selection.context import Context
from jettison.selection.model import LayerRole, Policy, Reason, Rule

# Where authors put apps by custom. Below these a file counts as the author's in any layer, since
# an image may have been flattened into one.
_APP_ROOTS: Final = (
    "/app",
    "/apps",
    "/application",
    "/code",
    "/django",
    "/flask",
    "/function",
    "/home",
    "/opt/app",
    "/opt/application",
    "/project",
    "/src",
    "/srv",
    "/usr/app",
    "/usr/src/app",
    "/var/task",
    "/var/www",
    "/workspace",
)
# In a layer that installed OS packages, what is unowned here was made by their scripts.
_SYSTEM_ROOTS: Final = ("/bin", "/boot", "/etc", "/lib", "/run", "/sbin", "/usr", "/var")
_AUTHORS_IN_SYSTEM: Final = ("/usr/local", "/usr/src", "/usr/app", "/var/www", "/var/task")

# (pattern over whole paths, why it is left out)
_BALLAST: Final = (
    (r"/(?:root|home/[^/]+)/\.cache", "a cache of the build"),
    (r"/(?:root|home/[^/]+)/\.(?:bashrc|profile|bash_logout|bash_history)", "for shells only"),
    (r"/(?:root|home/[^/]+)/\.(?:wget-hsts|python_history|lesshst)", "left by a build step"),
    (r"/var/cache", "a cache of the package manager"),
    (r"/var/lib/(?:apt|dpkg|rpm|dnf|yum|pacman)", "a record of the package manager"),
    (r"/(?:usr/)?lib/(?:apk|sysimage/rpm)", "a record of the package manager"),
    (r"/etc/apk", "a record of the package manager"),
    (r"/var/log", "a log of the build"),
    (r"/(?:var/)?tmp", "temporary"),
    (r"/run", "temporary"),
    (r"/(?:proc|sys|dev)", "shown by the runtime"),
    (r"/etc/(?:passwd|group|shadow|gshadow|subuid|subgid)-", "a backup of the accounts"),
    (r"/etc/(?:shadow|gshadow)-?", "passwords, which nothing asked for"),
    (r"/etc/\.pwd\.lock", "a lock of the build"),
    (r"/usr/(?:local/)?share/(?:man|info|doc)", "documentation"),
    (r".*/__pycache__", "byte code, which the Python rule places"),
    (r".*/\.(?:git|hg|svn|bzr)", "a version control system's data"),
    (r".*/\.(?:pytest_cache|mypy_cache|ruff_cache|tox|nox|ipynb_checkpoints)", "a tool's cache"),
)
_BALLAST_PATTERN: Final = re.compile("|".join(f"({pattern})" for pattern, _ in _BALLAST))
# A link to `/usr/share` means no more than that directory; one to `/usr/share/x/y` all of it.
_MIN_DEPTH: Final = 3
_MAX_LINKED_BYTES: Final = 64 << 20
# A layer with more OS-owned files than this installed packages; fewer were copied over.
_MAX_COPIED_OVER: Final = 4


class YoursRule:
    """What no OS or Python package owns and the author's layers added stays, whole.

    The author's files are listed in `context.yours` under every policy, since other rules and the
    layers of the slimmed image go by them; kept by this rule they are under `closure` and
    `package`.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._tree = context.tree
        self._is_done = False

    def apply(self) -> None:
        """Go through the tree, once."""
        if self._is_done:
            return
        self._is_done = True
        reason = Reason(rule=Rule.YOURS, detail="added by your layers")
        keeps = self._context.options.policy is not Policy.OBSERVED
        for entry in self._candidates():
            self._context.yours.add(entry.path)
            if keeps:
                self._context.keeper.keep_exact(entry.path, reason)
                if entry.is_symlink:
                    self._follow(entry)

    def finish(self) -> None:
        """The author's files go into the last layer."""
        for path in self._context.yours:
            if path in self._context.keeper:
                self._context.roles.setdefault(path, LayerRole.APP)

    def _follow(self, link: Entry) -> None:
        """A link of the author's to a directory of somebody else's means what is in it."""
        target = self._tree.resolve(link.path).entry
        if target is None or not target.is_directory or target.path.count("/") < _MIN_DEPTH:
            return
        size = sum(entry.size_bytes for entry in self._tree.walk(target.path))
        if size <= _MAX_LINKED_BYTES:
            reason = Reason(rule=Rule.YOURS, detail="your link leads there", because=link.path)
            self._context.keeper.keep_below(target.path, reason)

    def _candidates(self) -> Iterator[Entry]:
        base = self._context.last_base_layer
        roots = tuple(f"{root}/" for root in self._app_roots)
        skipped: set[str] = set()
        for path, entry in self._tree.items():
            if path.rpartition("/")[0] in skipped:
                skipped.add(path)
                continue
            in_root = path.startswith(roots)
            is_others = entry.layer <= base and not in_root
            # A layer that adds files need not list the directories above them again, so those of
            # the base tell too what is in them.
            if is_others and not entry.is_directory:
                continue
            if path in self._context.python_areas:
                skipped.add(path)
            elif (ballast := _ballast(path)) and path not in self._on_the_way:
                if not is_others:
                    self._context.dropped[path] = ballast
                skipped.add(path)
            elif not is_others and self._is_yours(entry, in_root=in_root):
                yield entry

    def _is_yours(self, entry: Entry, *, in_root: bool) -> bool:
        # Directories of an app may be empty and looked into all the same; elsewhere a layer lists
        # each directory on the way to its files.
        if entry.is_directory:
            return in_root
        # Byte code beside its source, as Python 2 placed it.
        if entry.path.endswith(".pyc") and self._tree.find(entry.path[:-1]) is not None:
            return False
        return (in_root or self._is_added(entry)) and not self._is_owned(entry)

    def _is_added(self, entry: Entry) -> bool:
        """Whether the author put it there, rather than a package's installation script."""
        if entry.layer not in self._system_layers:
            return True
        path = entry.path
        return not _is_in(path, _SYSTEM_ROOTS) or _is_in(path, _AUTHORS_IN_SYSTEM)

    def _is_owned(self, entry: Entry) -> bool:
        if self._context.ownership.find_owner(entry.path) is not None:
            # A configuration file that a later layer replaced is the author's version of it.
            is_replaced = entry.layer > self._context.last_base_layer
            return not (
                is_replaced
                and entry.path.startswith("/etc/")
                and entry.layer not in self._system_layers
            )
        return entry.path in self._context.python_scripts

    @cached_property
    def _app_roots(self) -> tuple[str, ...]:
        context = self._context
        roots = {*_APP_ROOTS, str(context.working_dir)}
        roots.update(context.env.get("PYTHONPATH", "").split(":"))
        resolved = {str(self._tree.resolve(root).path) for root in roots if root.startswith("/")}
        return tuple(
            sorted(
                root
                for root in resolved
                if _is_in(root, _APP_ROOTS) or not (root == "/" or _is_in(root, _SYSTEM_ROOTS))
            )
        )

    @cached_property
    def _on_the_way(self) -> frozenset[str]:
        """The app's directories and those they stand in, which no pattern may cut off."""
        roots = [ImagePath(root) for root in self._app_roots]
        return frozenset(str(path) for root in roots for path in (root, *root.parents))

    @cached_property
    def _system_layers(self) -> frozenset[int]:
        """Layers that installed OS packages."""
        counts: Counter[int] = Counter()
        found: set[int] = set()
        for package in self._context.ownership.packages:
            if package.listing is not None:
                found.add(self._tree[package.listing].layer)
            else:
                counts.update(self._tree[path].layer for path in package.files)
        found.update(layer for layer, count in counts.items() if count > _MAX_COPIED_OVER)
        return frozenset(found)


def _ballast(path: ImagePath) -> str:
    match = _BALLAST_PATTERN.fullmatch(path)
    return _BALLAST[(match.lastindex or 1) - 1][1] if match else ""


def _is_in(path: str, roots: tuple[str, ...]) -> bool:
    return any(path == root or path.startswith(f"{root}/") for root in roots)
