from __future__ import annotations

from jettison.lint.rules import jt1004_full_image
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt1004_full_image.RULE
    CAUGHT = (
        """\
FROM python:3.13
CMD ["python"]
""",
        "FROM python:3.13-bookworm\n",
        "FROM python\n",
        "FROM docker.io/library/python:3.13\n",
        "FROM mirror.example/library/python:3.13\n",
        "FROM public.ecr.aws/docker/library/python:3.13\n",
        """\
FROM python:3.13 AS base
FROM base
""",
    )
    CLEAN = (
        "FROM python:3.13-slim\n",
        """\
FROM python:3.13 AS build
FROM python:3.13-slim
COPY --from=build /opt/venv /opt/venv
""",
        "FROM python:3.13-alpine3.21\n",
        "FROM example.com/own/base:1\n",
        # Of others, and without a slim variant.
        "FROM public.ecr.aws/lambda/python:3.13\n",
        "FROM cgr.dev/chainguard/python:latest\n",
        "FROM mcr.microsoft.com/devcontainers/python:3.13\n",
        "FROM cimg/python:3.13\n",
    )
