from __future__ import annotations

from jettison.lint.rules import jt4001_no_user
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt4001_no_user.RULE
    CAUGHT = (
        """\
FROM python:3.13-slim
CMD ["gunicorn", "a:b"]
""",
        """\
FROM a:1 AS build
USER 1
FROM a:1
CMD ["x"]
""",
    )
    CLEAN = (
        """\
FROM python:3.13-slim
USER 999:999
CMD ["gunicorn", "a:b"]
""",
        """\
FROM a:1 AS base
USER app
FROM base
CMD ["x"]
""",
        """\
FROM gcr.io/distroless/python3-debian12:nonroot
CMD ["a.py"]
""",
        # Their own USER is no root.
        "FROM cgr.dev/chainguard/python:latest\n",
        "FROM mambaorg/micromamba:2.0.5\n",
        "FROM docker.io/bitnami/python:3.13\n",
        "FROM registry.access.redhat.com/ubi9/python-312\n",
        # Windows has no root, and its accounts have no numbers.
        "FROM mcr.microsoft.com/windows/servercore:ltsc2022\n",
        "FROM python:3.13-windowsservercore-ltsc2022\n",
    )
