from __future__ import annotations

from jettison.lint.rules import jt1006_python_prerelease
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt1006_python_prerelease.RULE
    CAUGHT = (
        "FROM python:3.15-rc-slim\n",
        "FROM python:3.15.0b3\n",
        "FROM python:3.15.0rc1-slim-bookworm\n",
    )
    CLEAN = (
        "FROM python:3.14-slim\n",
        "FROM python:3.13-slim-bookworm\n",
    )
