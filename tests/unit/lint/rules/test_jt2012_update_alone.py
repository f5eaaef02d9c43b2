from __future__ import annotations

from jettison.lint.rules import jt2012_update_alone
from support.linting import Fixed, RuleContract


class TestRule(RuleContract):
    RULE = jt2012_update_alone.RULE
    CAUGHT = (
        """\
FROM python:3.13-slim
RUN apt-get update
RUN apt-get install -y --no-install-recommends libpq5
""",
    )
    CLEAN = (
        """\
FROM python:3.13-slim
RUN apt-get update && apt-get install -y --no-install-recommends libpq5 && rm -rf /var/lib/apt/lists/*
""",
    )
    FIXED = (
        Fixed(
            """\
FROM python:3.13-slim
# lists
RUN apt-get update
# install
RUN apt-get install -y \\
    libpq5
""",
            """\
FROM python:3.13-slim
# lists
# install
RUN apt-get update && apt-get install -y \\
    libpq5
""",
        ),
    )
