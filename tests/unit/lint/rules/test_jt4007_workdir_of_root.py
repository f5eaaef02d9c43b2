from __future__ import annotations

from jettison.lint.rules import jt4007_workdir_of_root
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt4007_workdir_of_root.RULE
    CAUGHT = (
        """\
FROM python:3.13-slim
RUN useradd --uid 999 app
USER 999
WORKDIR /srv/app
COPY --chown=999 . .
""",
        {
            "Dockerfile": """\
FROM python:3.13-slim
WORKDIR /srv
COPY . .
USER 999
CMD ["python", "m.py"]
""",
            "m.py": """\
import sqlite3
sqlite3.connect('app.db')
""",
        },
        {
            "Dockerfile": """\
FROM python:3.13-slim
WORKDIR /srv
COPY . .
USER 999
""",
            "m.py": """\
with open('out.log', 'a') as f:
    f.write('x')
""",
        },
    )
    CLEAN = (
        """\
FROM python:3.13-slim
RUN useradd --uid 999 app && mkdir /srv/app && chown 999 /srv/app
USER 999
WORKDIR /srv/app
COPY --chown=999 . .
""",
        {
            "Dockerfile": """\
FROM python:3.13-slim
WORKDIR /srv
COPY . .
USER 999
""",
            "m.py": """\
open('/tmp/x', 'w')
open('config.ini')
""",
        },
        {
            "Dockerfile": """\
FROM python:3.13-slim
WORKDIR /srv
COPY . .
RUN chown -R app /srv
USER app
""",
            "m.py": "open('x', 'w')\n",
        },
    )
