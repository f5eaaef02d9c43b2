from __future__ import annotations

from jettison.lint.rules import jt2007_leaky_dockerignore
from support.linting import Fixed, RuleContract


class TestRule(RuleContract):
    RULE = jt2007_leaky_dockerignore.RULE
    CAUGHT = (
        {
            "Dockerfile": """\
FROM python:3.13-slim
WORKDIR /app
COPY . .
""",
            ".dockerignore": "*.pyc\n",
        },
        {
            "Dockerfile": """\
FROM python:3.13-slim
COPY . /app
""",
            ".dockerignore": """\
.git
**/.env
.venv
venv
!.env
""",
        },
        {
            "Dockerfile": """\
FROM python:3.13-slim
COPY a /app
""",
            ".dockerignore": "[a\n",
        },
    )
    CLEAN = (
        # Nothing here makes virtual environments.
        {
            "Dockerfile": """\
FROM node:22-slim
COPY . /app
""",
            ".dockerignore": """\
.git
**/.env
""",
        },
        {
            "Dockerfile": """\
FROM python:3.13-slim
WORKDIR /app
COPY . .
""",
            ".dockerignore": """\
.git
**/.env
.venv
venv
""",
        },
        {
            "Dockerfile": """\
FROM python:3.13-slim
COPY . /app
""",
            ".dockerignore": """\
*
!app
""",
        },
        {
            "Dockerfile": """\
FROM python:3.13-slim
COPY app /app
""",
            ".dockerignore": "*.pyc\n",
        },
    )
    FIXED = (
        Fixed(
            {
                "Dockerfile": """\
FROM python:3.13-slim
COPY . /app
""",
                ".dockerignore": """\
# mine
*.pyc
.git""",
            },
            {
                ".dockerignore": """\
# mine
*.pyc
.git
**/.env
.venv
venv
""",
            },
        ),
    )
