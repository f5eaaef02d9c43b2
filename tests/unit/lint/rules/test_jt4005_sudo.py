from __future__ import annotations

from jettison.lint.rules import jt4005_sudo
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt4005_sudo.RULE
    CAUGHT = (
        """\
FROM python:3.13-slim
RUN apt-get update && apt-get install -y sudo && rm -rf /var/lib/apt/lists/*
""",
        """\
FROM python:3.13-slim
RUN sudo chown app /x
""",
        """\
FROM python:3.13-slim
CMD sudo -u app gunicorn a:b
""",
    )
    CLEAN = (
        """\
FROM python:3.13-slim
USER root
RUN chown app /x
USER app
""",
        """\
FROM python:3.13-slim
RUN echo no sudo here
""",
    )
