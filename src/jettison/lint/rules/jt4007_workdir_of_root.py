"""JT4007: a working directory that belongs to root while the app has to write to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.ownership import find_write, is_owned, late_workdirs
from jettison.lint.users import is_root
from jettison.lint.view import View


def check(view: View) -> Iterator[Problem]:
    """WORKDIR behind USER, which is root's all the same; or sources that write into it."""
    late = set[int]()
    for item, path, user in late_workdirs(view):
        late.add(id(item))
        message = f"WORKDIR makes {path} for root, whatever USER says: {user} cannot write there"
        yield view.at(item.span, message)
    workdirs = list(view.in_chain("WORKDIR"))
    last_user = view.last("USER")
    if not workdirs or last_user is None or is_root(last_user.arguments[0]):
        return
    _, item = workdirs[-1]
    path = view.workdir(view.final)
    if id(item) in late or is_owned(view, path):
        return
    place = find_write(view)
    if place is not None:
        message = f"{path} belongs to root, and {place} writes to it as another user"
        yield view.at(item.span, message)


RULE: Final = Rule(
    code="JT4007",
    title="Working directory belongs to root",
    remedy="RUN mkdir and chown it before USER, or write to a volume",
    severity=Severity.WARNING,
    check=check,
)
