from __future__ import annotations

from jettison.lint.rules import jt5001_no_healthcheck
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt5001_no_healthcheck.RULE
    CAUGHT = (
        """\
FROM python:3.13-slim
CMD ["gunicorn", "a:b"]
""",
    )
    CLEAN = (
        """\
FROM python:3.13-slim
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
CMD ["gunicorn", "a:b"]
""",
        """\
FROM python:3.13-slim
HEALTHCHECK NONE
CMD ["python", "worker.py"]
""",
        "FROM python:3.13-slim\n",
        """\
FROM a:1 AS b
HEALTHCHECK CMD x
FROM b
CMD ["y"]
""",
    )
