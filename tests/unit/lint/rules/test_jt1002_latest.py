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
    )
    CLEAN = (
        "FROM python:3.13-slim\n",
        "FROM python:latest@sha256:abababababababababababababababababababababababababababababababab\n",
    )
