from __future__ import annotations

from jettison.lint.rules import jt2004_unhashed_requirements
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt2004_unhashed_requirements.RULE
    CAUGHT = (
        {
            "Dockerfile": """\
FROM python:3.13-slim
COPY requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt
""",
            "requirements.txt": "flask==3.1.0\n",
        },
    )
    CLEAN = (
        {
            "Dockerfile": """\
FROM python:3.13-slim
COPY requirements.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
""",
            "requirements.txt": """\
flask==3.1.0 \\
    --hash=sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
""",
        },
        {
            "Dockerfile": """\
FROM python:3.13-slim
COPY requirements.txt ./
RUN pip install -r requirements.txt
""",
            "requirements.txt": "flask\n",
        },
    )
