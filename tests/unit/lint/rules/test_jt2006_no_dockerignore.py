from __future__ import annotations

from jettison.lint.rules import jt2006_no_dockerignore
from support.linting import Fixed, RuleContract


class TestRule(RuleContract):
    RULE = jt2006_no_dockerignore.RULE
    CAUGHT = (
        {
            "Dockerfile": """\
FROM python:3.13-slim
WORKDIR /app
COPY . .
""",
            "main.py": "\n",
        },
    )
    CLEAN = (
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
COPY main.py /app/
""",
            "main.py": "\n",
        },
        """\
FROM python:3.13-slim
COPY --from=other / /
""",
    )
    FIXED = (
        Fixed(
            {
                "Dockerfile": """\
FROM python:3.13-slim
WORKDIR /app
COPY . .
""",
            },
            {
                ".dockerignore": """\
.git
**/.env
.venv
venv
**/__pycache__
**/*.py[cod]
.pytest_cache
.mypy_cache
.ruff_cache
*.egg-info
""",
            },
        ),
    )
