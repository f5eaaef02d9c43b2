"""JT4002: USER root, in every spelling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.image import ImageView
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.users import is_root, user_part
from jettison.lint.view import View


def check(view: View) -> Iterator[Problem]:
    """The last USER of the image, where it is root."""
    found = list(view.in_chain("USER"))
    if not found:
        return
    stage, item = found[-1]
    user = view.expanded(item.arguments[0], stage, item)
    if is_root(user):
        yield view.at(item.span, f"USER {item.arguments[0]} is root: the app runs as root")


def check_image(view: ImageView) -> Iterator[Problem]:
    """The user of the image's config, names looked up in its own passwd."""
    user = view.config.user
    if not user:
        return
    name = user_part(user)
    uid = name if name.isdigit() else _find_uid(view, name)
    if uid is None:
        yield view.problem(f"the user {name[:80]!r} is not in the image's /etc/passwd")
    elif is_root(uid):
        yield view.problem(f"the user {user[:80]!r} is root: the app runs as root")


def _find_uid(view: ImageView, name: str) -> str | None:
    text = view.text("/etc/passwd").decode("utf-8", "replace")
    for line in text.splitlines():
        fields = line.split(":")
        if len(fields) > 2 and fields[0] == name:
            return fields[2]
    return "0" if name == "root" else None


RULE: Final = Rule(
    code="JT4002",
    title="Runs as root",
    remedy="USER 999:999, by number, so that Kubernetes can check it",
    severity=Severity.ERROR,
    check=check,
    check_image=check_image,
)
