from __future__ import annotations

from jettison.lint.rules import jt2010_stage_without_name
from support.linting import Fixed, RuleContract


class TestRule(RuleContract):
    RULE = jt2010_stage_without_name.RULE
    CAUGHT = (
        """\
FROM python:3.13-slim
RUN python -m venv /v
FROM python:3.13-slim
COPY --from=0 /v /v
""",
    )
    CLEAN = (
        """\
FROM python:3.13-slim AS build
RUN python -m venv /v
FROM python:3.13-slim
COPY --from=build /v /v
""",
        "FROM python:3.13-slim\n",
    )
    FIXED = (
        Fixed(
            """\
FROM python:3.13-slim
FROM b
""",
            """\
FROM python:3.13-slim AS build
FROM b
""",
        ),
        Fixed(
            """\
FROM a:1
FROM b:1 AS build
FROM c:1
COPY --from=0 --chown=1 /v /v
""",
            """\
FROM a:1 AS stage-0
FROM b:1 AS build
FROM c:1
COPY --from=stage-0 --chown=1 /v /v
""",
        ),
    )
