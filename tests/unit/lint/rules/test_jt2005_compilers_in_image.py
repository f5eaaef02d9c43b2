from __future__ import annotations

from jettison.lint.rules import jt2005_compilers_in_image
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt2005_compilers_in_image.RULE
    CAUGHT = (
        """\
FROM python:3.13-slim
RUN apt-get update && apt-get install -y --no-install-recommends gcc libpq-dev && rm -rf /var/lib/apt/lists/*
""",
        """\
FROM python:3.13-alpine
RUN apk add --no-cache musl-dev
""",
        """\
FROM python:3.13-slim
RUN apt-get install -y build-essential
""",
        # What was asked for by name stays, however much is purged.
        """\
FROM python:3.13-slim
RUN apt-get update && apt-get install -y libpq-dev \\
    && apt-get purge -y --auto-remove -o APT::AutoRemove::RecommendsImportant=false
""",
    )
    CLEAN = (
        """\
FROM debian:trixie-slim
RUN apt-get update && apt-get install -y gcc && make && apt-mark auto '.*' \\
    && apt-get purge -y --auto-remove -o APT::AutoRemove::RecommendsImportant=false
""",
        """\
FROM python:3.13-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libpq-dev
RUN python -m venv /opt/venv
FROM python:3.13-slim
RUN apt-get update && apt-get install -y --no-install-recommends libpq5 && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/venv /opt/venv
""",
        """\
FROM python:3.13-alpine
RUN apk add --no-cache --virtual .build gcc && pip install x==1 && apk del .build
""",
    )
