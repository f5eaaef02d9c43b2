from __future__ import annotations

from jettison.lint.rules import jt4004_chmod_777
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt4004_chmod_777.RULE
    CAUGHT = (
        """\
FROM python:3.13-slim
RUN mkdir /data && chmod 777 /data
""",
        """\
FROM python:3.13-slim
RUN chmod -R a+rwx /app
""",
        """\
FROM python:3.13-slim
COPY --chmod=0777 a /a
""",
        """\
FROM python:3.13-slim
RUN sudo chmod -R ugo+rwx /x
""",
    )
    CLEAN = (
        """\
FROM python:3.13-slim
RUN mkdir /data && chown app /data && chmod 755 /data
""",
        """\
FROM python:3.13-slim
RUN chmod +x /entrypoint.sh
""",
        """\
FROM python:3.13-slim
COPY --chmod=755 a /a
""",
    )
