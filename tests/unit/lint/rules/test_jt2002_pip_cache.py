from __future__ import annotations

from jettison.lint.rules import jt2002_pip_cache
from support.linting import Fixed, RuleContract


class TestRule(RuleContract):
    RULE = jt2002_pip_cache.RULE
    CAUGHT = (
        """\
FROM python:3.13-slim
RUN pip install flask==3.1.0
""",
        """\
FROM python:3.13-slim
RUN python -m venv /v && /v/bin/pip3 install -r r.txt
""",
        """\
FROM python:3.13-slim
RUN python -m pip install flask==3.1.0
""",
        """\
FROM python:3.13-slim
RUN uv pip install --system flask==3.1.0
""",
    )
    CLEAN = (
        """\
FROM python:3.13-slim
RUN pip install --no-cache-dir flask==3.1.0
""",
        """\
FROM python:3.13-slim
RUN --mount=type=cache,target=/root/.cache/pip pip install flask==3.1.0
""",
        """\
FROM python:3.13-slim
ENV PIP_NO_CACHE_DIR=1
RUN pip install flask==3.1.0
""",
        """\
FROM python:3.13-slim
RUN pip --version
""",
    )
    FIXED = (
        Fixed(
            """\
FROM python:3.13-slim
RUN  pip install \\
    # why
    flask==3.1.0
""",
            """\
FROM python:3.13-slim
RUN  pip install --no-cache-dir \\
    # why
    flask==3.1.0
""",
        ),
        Fixed(
            """\
FROM python:3.13-slim
RUN pip install a==1 && pip install b==2
""",
            """\
FROM python:3.13-slim
RUN pip install --no-cache-dir a==1 && pip install --no-cache-dir b==2
""",
        ),
    )
