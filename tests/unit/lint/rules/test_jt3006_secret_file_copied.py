from __future__ import annotations

from jettison.lint.rules import jt3006_secret_file_copied
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt3006_secret_file_copied.RULE
    CAUGHT = (
        """\
FROM python:3.13-slim
COPY .env /app/
""",
        """\
FROM python:3.13-slim
COPY keys/id_rsa /root/.ssh/id_rsa
""",
        """\
FROM python:3.13-slim
ADD ["tls/server.key", "/tls/"]
""",
    )
    CLEAN = (
        """\
FROM python:3.13-slim
COPY .env.example /app/
""",
        """\
FROM python:3.13-slim
COPY keys/id_rsa.pub /root/.ssh/
""",
        """\
FROM a:1 AS build
COPY .netrc /root/
RUN make
FROM a:1
COPY --from=build /x.pem /x.pem
""",
    )
