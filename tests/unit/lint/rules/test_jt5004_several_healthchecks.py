from __future__ import annotations

from jettison.lint.rules import jt5004_several_healthchecks
from support.linting import Fixed, RuleContract


class TestRule(RuleContract):
    RULE = jt5004_several_healthchecks.RULE
    CAUGHT = (
        """\
FROM python:3.13-slim
HEALTHCHECK CMD a
HEALTHCHECK CMD b
""",
    )
    CLEAN = (
        """\
FROM python:3.13-slim
HEALTHCHECK CMD b
""",
        """\
FROM a:1 AS x
HEALTHCHECK CMD a
FROM x
HEALTHCHECK CMD b
""",
    )
    FIXED = (
        Fixed(
            """\
FROM python:3.13-slim
# one
HEALTHCHECK CMD a
# two
HEALTHCHECK CMD b
""",
            """\
FROM python:3.13-slim
# one
# two
HEALTHCHECK CMD b
""",
        ),
    )
