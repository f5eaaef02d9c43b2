from __future__ import annotations

from jettison.lint.rules import jt4002_user_root
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt4002_user_root.RULE
    CAUGHT = (
        """\
FROM python:3.13-slim
USER root
CMD ["x"]
""",
        """\
FROM python:3.13-slim
USER 0:0
""",
        """\
FROM python:3.13-slim
USER root:root
""",
        """\
FROM python:3.13-slim
USER 00
""",
        """\
FROM python:3.13-slim
ENV U=0
USER $U
""",
        """\
FROM python:3.13-slim
USER app
USER 0:1000
""",
        """\
FROM python:3.13-slim
USER "root"
""",
    )
    CLEAN = (
        """\
FROM python:3.13-slim
USER 999:999
CMD ["x"]
""",
        """\
FROM python:3.13-slim
USER root
RUN x
USER app
""",
        """\
FROM python:3.13-slim
USER rootless
""",
        """\
FROM python:3.13-slim
USER 1000:0
""",
        """\
FROM python:3.13-slim
USER $APP
""",
    )
