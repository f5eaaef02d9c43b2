"""The growing set of kept paths. It knows links and parents; what to keep is the rules' matter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import Final

from jettison.filetree import Entry, FileTree
from jettison.paths import ROOT, ImagePath
from jettison.selection.model import Reason, Rule

# More reasons than these help nobody and would fill memory for paths such as libc's.
_MAX_REASONS: Final = 8


class Keeper:
    """Paths of one tree with why each is kept.

    `dropped` are paths that the user does not want: they are refused, whatever rule asks for
    them, and remembered in `refused`. The `journal` lists every kept path once, in the order in
    which they came; a rule remembers how far it has read.
    """

    def __init__(self, tree: FileTree, *, dropped: Set[str] = frozenset()) -> None:
        self.tree: Final = tree
        self.journal: Final[list[ImagePath]] = []
        self.refused: Final[dict[ImagePath, Reason]] = {}
        self._dropped = dropped
        self._reasons: dict[str, list[Reason]] = {}
        self._released: dict[str, tuple[Reason, ...]] = {}
        self._programs: list[ImagePath] = []
        self._known_programs: set[str] = set()

    def keep(self, path: str, reason: Reason) -> ImagePath | None:
        """Keep what a look-up of `path` leads to, every link on the way, and all parents.

        Returns the real path reached; None if nothing is there or the user dropped it. Links
        passed by a look-up that fails are kept too: they may lead out of the image at run time,
        as `/var/log/app.log -> /dev/stdout` does.
        """
        entry = self.tree.find(path)
        if entry is None or entry.is_symlink:
            found = self.tree.resolve(path)
            real = found.path if found.entry is not None else None
            for link in found.links:
                if real is None:
                    self._add(link, reason)
                else:
                    self._add(link, Reason(rule=Rule.LINK, detail="leads there", because=real))
            if real is None:
                return None
        else:
            real = entry.path
        return real if self._add(real, reason) else None

    def keep_exact(self, path: ImagePath, reason: Reason) -> bool:
        """Keep the entry at this real path itself; if it is a link, where it leads as well."""
        if not self._add(path, reason):
            return False
        if self.tree[path].is_symlink:
            self.keep(path, Reason(rule=Rule.LINK, detail="target of a kept link", because=path))
        return True

    def keep_below(self, directory: ImagePath, reason: Reason) -> None:
        """Keep everything in a directory, and where links in it lead (a directory: its entry)."""
        for entry in self.tree.walk(directory):
            self.keep_exact(entry.path, reason)

    def keep_program(self, path: str, reason: Reason) -> ImagePath | None:
        """Keep a file that will be executed; `programs` then lists it for its interpreter."""
        real = self.keep(path, reason)
        if real is not None and real not in self._known_programs and self.tree[real].is_file:
            self._known_programs.add(real)
            self._programs.append(real)
        return real

    def release(self, path: ImagePath) -> tuple[Reason, ...]:
        """Take a path out again, for what is stored in another form; gives its reasons."""
        reasons = tuple(self._reasons.pop(path, ()))
        self._released[path] = reasons or self._released.get(path, ())
        return self._released[path]

    def reasons(self, path: str) -> tuple[Reason, ...]:
        """Why it is kept, or was before it was released; empty otherwise."""
        found = self._reasons.get(path)
        return self._released.get(path, ()) if found is None else tuple(found)

    def items(self) -> Iterator[tuple[ImagePath, tuple[Reason, ...]]]:
        """Everything kept, in path order."""
        for path in sorted(self._reasons):
            yield self.tree[path].path, tuple(self._reasons[path])

    def new_entries(self, since: int) -> list[Entry]:
        """Entries kept since the journal had this length and not released."""
        return [self.tree[path] for path in self.journal[since:] if path in self._reasons]

    @property
    def programs(self) -> Sequence[ImagePath]:
        """Files that will be executed, in the order in which they came."""
        return self._programs

    def __contains__(self, path: object) -> bool:
        return path in self._reasons

    def __len__(self) -> int:
        return len(self._reasons)

    def _add(self, path: ImagePath, reason: Reason) -> bool:
        reasons = self._reasons.get(path)
        if reasons is not None:
            if len(reasons) < _MAX_REASONS and reason not in reasons and reason.because != path:
                reasons.append(reason)
            return True
        if path in self._dropped:
            self.refused.setdefault(path, reason)
            return False
        self._reasons[path] = [reason]
        self.journal.append(path)
        child, parent = path, path.parent
        while parent not in self._reasons and child != ROOT:
            self._reasons[parent] = [Reason(rule=Rule.PARENT, because=child)]
            self.journal.append(parent)
            child, parent = parent, parent.parent
        return True
