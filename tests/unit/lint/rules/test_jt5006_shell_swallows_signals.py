from __future__ import annotations

from jettison.lint.rules import jt5006_shell_swallows_signals
from support.linting import Fixed, RuleContract


class TestRule(RuleContract):
    RULE = jt5006_shell_swallows_signals.RULE
    CAUGHT = (
        """\
FROM python:3.13-slim
CMD gunicorn --bind 0.0.0.0:8000 main:app
""",
        """\
FROM python:3.13-slim
ENTRYPOINT cd /x && gunicorn $ARGS a:b
""",
    )
    CLEAN = (
        """\
FROM python:3.13-slim
CMD ["gunicorn", "--bind", "0.0.0.0:8000", "main:app"]
""",
        """\
FROM python:3.13-slim
CMD exec gunicorn $ARGS a:b
""",
        """\
FROM python:3.13-slim
ENTRYPOINT cd /x && exec gunicorn $ARGS a:b
""",
        "FROM python:3.13-slim\n",
    )
    FIXED = (
        Fixed(
            """\
FROM python:3.13-slim
# it
CMD   gunicorn \\
  --bind '0.0.0.0:8000' main:app
""",
            """\
FROM python:3.13-slim
# it
CMD   ["gunicorn", "--bind", "0.0.0.0:8000", "main:app"]
""",
        ),
    )
