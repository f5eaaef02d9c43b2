from __future__ import annotations

from jettison.lint.rules import jt3002_debugging_switched_on
from support.linting import Fixed, RuleContract


class TestRule(RuleContract):
    RULE = jt3002_debugging_switched_on.RULE
    CAUGHT = (
        """\
FROM python:3.13-slim
ENV FLASK_DEBUG=1
CMD ["gunicorn", "a:b"]
""",
        """\
FROM python:3.13-slim
CMD ["uvicorn", "a:b", "--host", "0.0.0.0", "--reload"]
""",
        """\
FROM python:3.13-slim
ENV FLASK_ENV=development X=1
""",
    )
    CLEAN = (
        """\
FROM python:3.13-slim
ENV FLASK_DEBUG=0
CMD ["gunicorn", "a:b"]
""",
        """\
FROM python:3.13-slim
CMD ["uvicorn", "a:b", "--host", "0.0.0.0"]
""",
    )
    FIXED = (
        Fixed(
            """\
FROM python:3.13-slim
# all
ENV A=1 \\
    FLASK_DEBUG=1 \\
    B=2
""",
            """\
FROM python:3.13-slim
# all
ENV A=1 \\
    FLASK_DEBUG=0 \\
    B=2
""",
        ),
    )
