from __future__ import annotations

from jettison.lint.rules import jt1001_no_tag
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt1001_no_tag.RULE
    CAUGHT = (
        """\
FROM python
CMD ["python"]
""",
        """\
FROM mirror.example:5000/team/python AS build
FROM scratch
COPY --from=build /x /x
""",
        """\
ARG BASE=python
FROM $BASE
""",
        "FROM a:1\nCOPY --from=ghcr.io/astral-sh/uv /uv /bin/\n",
        "FROM a:1\nRUN --mount=type=bind,from=ghcr.io/astral-sh/uv,target=/u /u/uv\n",
    )
    CLEAN = (
        "FROM a:1\nCOPY --from=vendored /uv /bin/\n",
        """\
FROM python:3.13-slim
CMD ["python"]
""",
        "FROM python@sha256:abababababababababababababababababababababababababababababababab\n",
        "FROM scratch\n",
        """\
ARG BASE
FROM $BASE
""",
        """\
FROM debian:12 AS one
FROM one
""",
    )
