from __future__ import annotations

from jettison.lint.rules import jt5002_check_without_program
from support.linting import Fixed, RuleContract


class TestRule(RuleContract):
    RULE = jt5002_check_without_program.RULE
    CAUGHT = (
        """\
FROM python:3.13-slim
HEALTHCHECK --interval=30s --timeout=5s CMD curl -f http://localhost:8000/health
CMD ["x"]
""",
        """\
FROM python:3.13-slim
HEALTHCHECK CMD wget -qO- http://localhost/ || exit 1
""",
        """\
FROM python:3.13-alpine
HEALTHCHECK CMD ["curl", "-f", "http://localhost"]
""",
    )
    CLEAN = (
        """\
FROM python:3.13-slim
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
""",
        """\
FROM python:3.13-slim
RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*
HEALTHCHECK CMD curl -f http://localhost/
""",
        """\
FROM python:3.13
HEALTHCHECK CMD curl -f http://localhost/
""",
        """\
FROM python:3.13-alpine
HEALTHCHECK CMD wget -q http://localhost/
""",
        """\
FROM example.com/base:1
HEALTHCHECK CMD curl -f http://localhost/
""",
        """\
FROM python:3.13-slim
HEALTHCHECK NONE
""",
    )
    FIXED = (
        Fixed(
            """\
FROM python:3.13-slim
# asks
HEALTHCHECK --interval=30s \\
    --timeout=5s \\
    CMD curl -fsS http://localhost:8000/health || exit 1
""",
            """\
FROM python:3.13-slim
# asks
HEALTHCHECK --interval=30s \\
    --timeout=5s \\
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://localhost:8000/health', timeout=4)"]
""",
        ),
    )
