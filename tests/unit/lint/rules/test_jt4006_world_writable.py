from __future__ import annotations

from jettison.lint.rules import jt4006_world_writable
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt4006_world_writable.RULE
    CAUGHT = (
        """\
FROM python:3.13-slim
RUN chmod 666 /app/config.ini
""",
        """\
FROM python:3.13-slim
RUN chmod o+w /app
""",
        """\
FROM python:3.13-slim
COPY --chmod=757 a /a
""",
    )
    CLEAN = (
        """\
FROM python:3.13-slim
RUN chmod 640 /app/config.ini
""",
        """\
FROM python:3.13-slim
RUN chmod 1777 /scratch && chmod +x /a
""",
        """\
FROM python:3.13-slim
RUN chmod u+w,g-w /a
""",
    )
