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
    )
    CLEAN = (
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
