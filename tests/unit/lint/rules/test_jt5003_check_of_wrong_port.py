from __future__ import annotations

from jettison.lint.rules import jt5003_check_of_wrong_port
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt5003_check_of_wrong_port.RULE
    CAUGHT = (
        """\
FROM python:3.13-slim
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:5000/health', timeout=4)"]
CMD ["gunicorn", "--bind", "0.0.0.0:8000", "a:b"]
""",
        """\
FROM python:3.13-slim
ENV PORT=8080
HEALTHCHECK CMD curl -f http://localhost/health
""",
    )
    CLEAN = (
        """\
FROM python:3.13-slim
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
CMD ["gunicorn", "--bind", "0.0.0.0:8000", "a:b"]
""",
        """\
FROM python:3.13-slim
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
CMD ["x"]
""",
        """\
FROM python:3.13-slim
ARG P=8000
EXPOSE ${P}/tcp
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
""",
    )
