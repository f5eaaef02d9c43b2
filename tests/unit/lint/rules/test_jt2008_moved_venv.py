from __future__ import annotations

from jettison.lint.rules import jt2008_moved_venv
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt2008_moved_venv.RULE
    CAUGHT = (
        """\
FROM python:3.13-slim AS build
WORKDIR /srv
RUN python -m venv /srv/env
FROM python:3.13-slim
WORKDIR /srv/env
COPY --from=build /srv/env ./env
""",
        """\
FROM python:3.13-slim AS build
RUN uv venv /opt/venv
FROM python:3.13-slim
COPY --from=build /opt/venv /app/venv
""",
    )
    CLEAN = (
        """\
FROM python:3.13-slim AS build
WORKDIR /srv
RUN python -m venv /srv/env
FROM python:3.13-slim
WORKDIR /srv
COPY --from=build /srv/env ./env
""",
        """\
FROM python:3.13-slim AS build
RUN virtualenv --python python3 /opt/venv
FROM python:3.13-slim
COPY --from=build /opt/venv/ /opt/venv/
COPY --from=build /etc/x /etc/y
""",
    )
