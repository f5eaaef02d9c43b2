"""Which user an instruction or an image means, in every spelling."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.dockerfile import Instruction, Stage
from jettison.lint.view import View


def user_part(text: str) -> str:
    """The user of `USER user:group`."""
    return text.strip().strip("\"'").partition(":")[0].strip()


def is_root(text: str) -> bool:
    """Whether a user is root: by name, by number in any spelling, or by saying nothing."""
    user = user_part(text)
    return user in ("", "root") or (user.isascii() and user.isdigit() and int(user) == 0)


def user_at(view: View, stage: Stage, before: Instruction | None = None) -> str | None:
    """The USER in force at an instruction, or at the stage's end; None where none was set."""
    parent = view.dockerfile.parent_of(stage)
    current = user_at(view, parent) if parent is not None else None
    for item in stage.instructions:
        if item is before:
            break
        if item.name == "USER":
            current = view.expanded(item.arguments[0], stage, item)
    return current


def unprivileged(view: View) -> Iterator[tuple[Stage, Instruction, str]]:
    """The image's instructions that are carried out after a USER other than root."""
    for stage in view.chain:
        for item in stage.instructions:
            user = user_at(view, stage, item)
            if user is not None and not is_root(user):
                yield stage, item, user
