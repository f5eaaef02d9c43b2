from __future__ import annotations

from jettison.lint.rules import jt2011_apt_lists
from support.linting import Fixed, RuleContract


class TestRule(RuleContract):
    RULE = jt2011_apt_lists.RULE
    CAUGHT = (
        """\
FROM python:3.13-slim
RUN apt-get update && apt-get install -y --no-install-recommends libpq5
""",
        """\
FROM python:3.13-slim
RUN apt-get update \\
    && apt-get install -y curl \\
    && apt-get clean
""",
    )
    CLEAN = (
        """\
FROM python:3.13-slim
RUN apt-get update && apt-get install -y --no-install-recommends libpq5 && rm -rf /var/lib/apt/lists/*
""",
        """\
FROM python:3.13-slim
RUN --mount=type=cache,target=/var/lib/apt,sharing=locked apt-get update && apt-get install -y libpq5
""",
        """\
FROM python:3.13-slim
RUN pip install --no-cache-dir x==1
""",
    )
    FIXED = (
        Fixed(
            """\
FROM python:3.13-slim
RUN apt-get update && \\
    # the client
    apt-get install -y --no-install-recommends libpq5
USER 1
""",
            """\
FROM python:3.13-slim
RUN apt-get update && \\
    # the client
    apt-get install -y --no-install-recommends libpq5 && rm -rf /var/lib/apt/lists/*
USER 1
""",
        ),
    )
