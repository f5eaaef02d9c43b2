"""The user's path globs: `*` and `?` within a name, `**` across directories."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from jettison.filetree import FileTree
from jettison.paths import ImagePath

_WILD: Final = re.compile(r"[*?\[]")


@lru_cache(maxsize=256)
def compile_glob(pattern: str) -> re.Pattern[str]:
    """A pattern for whole paths.

    Shape: a pattern without a leading slash matches at any depth, as `.gitignore` has it;
    `/**/` also matches a single slash, so `/srv/**/x` finds `/srv/x`.
    """
    anchored = pattern if pattern.startswith("/") else f"/**/{pattern}"
    anchored = anchored.rstrip("/") or "/"
    out: list[str] = []
    position = 0
    while position < len(anchored):
        rest = anchored[position:]
        if rest.startswith("/**/"):
            out.append("/(?:.*/)?")
            position += 4
        elif rest.startswith("**"):
            out.append(".*")
            position += 2
        elif rest[0] == "*":
            out.append("[^/]*")
            position += 1
        elif rest[0] == "?":
            out.append("[^/]")
            position += 1
        elif rest[0] == "[" and (end := rest.find("]", 2)) > 0:
            inner = rest[1:end].replace("\\", "\\\\").replace("[", "\\[")
            out.append(f"[{'^' + inner[1:] if inner[0] in '!^' else inner}]")
            position += end + 1
        else:
            out.append(re.escape(rest[0]))
            position += 1
    return re.compile("".join(out), re.DOTALL)


def specificity(pattern: str) -> int:
    """How many characters stand before the first wildcard; the greater wins a conflict."""
    wild = _WILD.search(pattern)
    return wild.start() if wild else len(pattern)


def find_matches(pattern: str, tree: FileTree) -> tuple[ImagePath, ...]:
    """The paths that match, in path order; what is below a matching directory is not listed.

    Shape: a pattern without wildcards is looked up, links included, and gives one path at most.
    """
    if pattern.startswith("/") and not _WILD.search(pattern):
        found = tree.resolve(pattern, follow_last=False)
        return (found.path,) if found.entry is not None else ()
    regex = compile_glob(pattern)
    matches: list[ImagePath] = []
    for path in tree:
        if matches and path.is_below(matches[-1]):
            continue
        if regex.fullmatch(path):
            matches.append(path)
    return tuple(matches)
