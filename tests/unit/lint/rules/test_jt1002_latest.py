from __future__ import annotations

from jettison.lint.rules import jt1002_latest
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt1002_latest.RULE
    CAUGHT = (
        "FROM python:latest\n",
        """\
FROM node:latest AS assets
FROM python:3.13-slim
""",
        "FROM a:1\nCOPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/\n",
        "FROM a:1\nRUN --mount=type=bind,from=ghcr.io/astral-sh/uv:latest,target=/u /u/uv\n",
    )
    CLEAN = (
        "FROM a:1\nCOPY --from=ghcr.io/astral-sh/uv:0.9.2 /uv /bin/\n",
        "FROM python:3.13-slim\n",
        "FROM python:latest@sha256:abababababababababababababababababababababababababababababababab\n",
    )
