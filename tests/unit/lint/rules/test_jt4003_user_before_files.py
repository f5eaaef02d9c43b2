from __future__ import annotations

from jettison.lint.rules import jt4003_user_before_files
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt4003_user_before_files.RULE
    CAUGHT = (
        """\
FROM python:3.13-slim
RUN useradd --uid 999 app
USER 999
WORKDIR /srv
COPY . .
""",
        """\
FROM python:3.13-slim
USER app
ADD x /x
""",
    )
    CLEAN = (
        """\
FROM python:3.13-slim
RUN useradd --uid 999 app
WORKDIR /srv
COPY . .
USER 999
""",
        """\
FROM python:3.13-slim
USER 999
COPY --chown=999:999 . .
""",
        """\
FROM python:3.13-slim
USER root
COPY . .
""",
    )
