"""Rule 8: what the user asked to keep and to drop, and what verification found missing."""

from __future__ import annotations

from collections.abc import Mapping

from jettison.filetree import FileTree
from jettison.paths import ROOT, ImagePath
from jettison.selection.context import Context
from jettison.selection.globs import find_matches, specificity
from jettison.selection.model import Reason, Rule, SelectionOptions

_SHOWN = 3


def find_dropped(tree: FileTree, options: SelectionOptions) -> Mapping[ImagePath, str]:
    """Each path that `--drop-path` names, with the pattern.

    Shape: a dropped directory takes everything below with it. Where a `--keep-path` matches too,
    the pattern with more characters before its first wildcard wins, and of equals the keeping one.
    """
    dropped: dict[ImagePath, str] = {}
    patterns = [(specificity(pattern), 0, pattern) for pattern in options.drop_paths]
    patterns += [(specificity(pattern), 1, pattern) for pattern in options.keep_paths]
    if not options.drop_paths:
        return dropped
    for _, keeps, pattern in sorted(patterns):
        for match in find_matches(pattern, tree):
            if match == ROOT:
                continue
            for entry in tree.walk(match):
                if keeps:
                    dropped.pop(entry.path, None)
                else:
                    dropped[entry.path] = pattern
    return dropped


class UserRule:
    """`--keep-path`, `--keep-package` for OS packages, and repaired paths.

    Python distributions among `--keep-package`, and `--keep-module`, are the Python rule's matter;
    whatever no rule finds is told to the user.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._is_done = False

    def apply(self) -> None:
        """Keep it, once."""
        if self._is_done:
            return
        self._is_done = True
        context, options = self._context, self._context.options
        for pattern in options.keep_paths:
            matches = find_matches(pattern, context.tree)
            reason = Reason(rule=Rule.USER, detail=f"--keep-path {pattern}")
            for path in matches:
                if context.tree[path].is_executable:
                    context.keeper.keep_program(path, reason)
                context.keeper.keep_below(path, reason)
            if not matches:
                context.notices.append(f"--keep-path {pattern} matches nothing in the image")
        for name in options.keep_packages:
            package = context.ownership.find_package(name)
            if package is not None:
                context.matched.add(name)
                reason = Reason(rule=Rule.USER, detail=f"--keep-package {name}")
                for path in package.files:
                    context.keeper.keep_exact(path, reason)
        for path in options.repaired:
            reason = Reason(rule=Rule.REPAIR, detail="missed while verifying")
            entry = context.tree.resolve(path).entry
            if entry is not None and entry.is_executable:
                context.keeper.keep_program(path, reason)
            else:
                context.keeper.keep(path, reason)

    def finish(self) -> None:
        """Tell what could not be done as asked."""
        context, options = self._context, self._context.options
        for flag, names in (
            ("--keep-package", options.keep_packages),
            ("--keep-module", options.keep_modules),
        ):
            context.notices.extend(
                f"{flag} {name} is not in the image"
                for name in names
                if name not in context.matched
            )
        wanted = [
            path
            for path, reason in context.keeper.refused.items()
            if reason.rule in (Rule.OBSERVED, Rule.REPAIR) and not context.tree[path].is_directory
        ]
        if wanted:
            shown = ", ".join(wanted[:_SHOWN])
            more = f" and {len(wanted) - _SHOWN} more" if len(wanted) > _SHOWN else ""
            context.notices.append(f"--drop-path leaves out what the app looked up: {shown}{more}")
