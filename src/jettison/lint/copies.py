"""COPY and ADD: what goes where, and which file of the context a path in the image is."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from jettison.dockerfile import Instruction, Stage
from jettison.lint.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One COPY or ADD.

    Shape: `sources` as written; `target` absolute; `into_directory` says that the target is one,
    below which files keep their names; `origin` is what `--from` names, empty for the context.
    """

    item: Instruction
    sources: tuple[str, ...]
    target: str
    into_directory: bool
    origin: str

    @property
    def is_from_context(self) -> bool:
        """Whether it copies from the build context."""
        return not self.origin

    @property
    def takes_everything(self) -> bool:
        """Whether it copies the context as a whole."""
        return self.is_from_context and any(
            posixpath.normpath(source.lstrip("/") or ".") in (".", "*") for source in self.sources
        )


def copies(view: View, stage: Stage) -> Iterator[Copy]:
    """What a stage copies, in order; here-documents are no sources."""
    for item in stage.find_all("COPY", "ADD"):
        *sources, target = item.arguments
        documents = {doc.name for doc in item.heredocs}
        origin = item.flag("from")
        named = tuple(
            view.expanded(source, stage, item)
            for source in sources
            if not (source.startswith("<<") and source.strip("<-'\"") in documents)
        )
        word = view.expanded(target, stage, item)
        yield Copy(
            item=item,
            sources=named,
            target=view.resolved(target, stage, item),
            into_directory=word.endswith(("/", "/.")) or word in (".", "..") or len(named) > 1,
            origin=view.expanded(origin.value, stage, item) if origin is not None else "",
        )


def is_directory(view: View, source: str) -> bool:
    """Whether a source in the context is a directory, or looks like one where it is not there."""
    path = posixpath.normpath(source.lstrip("/") or ".")
    if path in view.context.paths:
        return False
    return view.context.is_directory(path) or path == "." or source.endswith("/")


def brings(view: View, copy: Copy, path: str) -> str | None:
    """The file of the context that a copy puts at `path`; None where it puts nothing there."""
    if not copy.is_from_context:
        return None
    for source in copy.sources:
        plain = posixpath.normpath(source.lstrip("/") or ".")
        if is_directory(view, source):
            relative = posixpath.relpath(path, copy.target)
            if not relative.startswith(".."):
                return posixpath.normpath(posixpath.join(plain, relative))
        elif copy.into_directory or copy.target == posixpath.dirname(path):
            name = posixpath.basename(path)
            if posixpath.basename(plain) == name or _matches(plain, name):
                return posixpath.join(posixpath.dirname(plain), name)
        elif copy.target == path:
            return plain
    return None


def _matches(pattern: str, name: str) -> bool:
    last = posixpath.basename(pattern)
    head, star, tail = last.partition("*")
    return bool(star) and name.startswith(head) and name.endswith(tail)


def find_file(view: View, stage: Stage, path: str, before: Instruction | None) -> str | None:
    """The file of the context that stands at `path` when `before` runs."""
    for copy in reversed([*copies(view, stage)]):
        if before is not None and copy.item.span.start > before.span.start:
            continue
        found = brings(view, copy, path)
        if found is not None:
            return found
    return None
