from __future__ import annotations

from jettison.lint.rules import jt2009_path_nowhere
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt2009_path_nowhere.RULE
    CAUGHT = (
        """\
FROM python:3.13-slim AS build
RUN python -m venv /srv/env
FROM python:3.13-slim
WORKDIR /srv/env
COPY --from=build /srv/env ./env
ENV PATH="/srv/env/bin:$PATH"
""",
        """\
FROM python:3.13-slim
ENV PATH=/opt/tools/bin:$PATH
""",
    )
    CLEAN = (
        """\
FROM python:3.13-slim AS build
RUN python -m venv /srv/env
FROM python:3.13-slim
COPY --from=build /srv/env /srv/env
ENV PATH="/srv/env/bin:$PATH"
""",
        """\
FROM python:3.13-slim
RUN python -m venv /v
ENV PATH=/v/bin:$PATH
""",
        """\
FROM python:3.13-slim
ENV PATH=/opt/tools/bin:$PATH
COPY --from=x /opt/tools /opt/tools
""",
        {
            "Dockerfile": """\
FROM python:3.13-slim
COPY tools /opt/tools
ENV PATH=/opt/tools/bin:$PATH
""",
            "tools/bin/x": "",
        },
        """\
FROM python:3.13-slim
ENV PATH=/root/.local/bin:$PATH
""",
        """\
FROM python:3.13-slim
RUN mkdir -p /opt/x/bin
ENV PATH=$PATH:/opt/x/bin
""",
    )
