from __future__ import annotations

from jettison.lint.model import Severity
from jettison.lint.rules import jt1003_no_digest
from support.linting import Fixed, RuleContract, lint

PINNED = f"python:3.13-slim@sha256:{'ab' * 32}"


class TestRule(RuleContract):
    RULE = jt1003_no_digest.RULE
    CAUGHT = (
        "FROM python:3.13-slim\n",
        """\
ARG V=3.13
FROM python:${V}-slim
""",
        f"FROM {PINNED}\nCOPY --from=ghcr.io/astral-sh/uv:0.9.2 /uv /bin/\n",
        f"FROM {PINNED}\nRUN --mount=from=ghcr.io/astral-sh/uv:0.9.2,source=/uv,target=/uv /uv sync\n",
    )
    CLEAN = (
        "FROM python:3.13-slim@sha256:abababababababababababababababababababababababababababababababab\n",
        "FROM scratch\n",
        f"FROM {PINNED} AS build\nFROM {PINNED}\nCOPY --from=build /a /a\nCOPY --from=0 /b /b\n"
        "RUN --mount=type=bind,from=build,target=/a true\nRUN --mount=type=cache,target=/c true\n",
        f"FROM {PINNED}\nCOPY --from={PINNED} /a /a\n",
    )
    FIXED = (
        Fixed(
            """\
# the base
FROM  python:3.13-slim   AS run
""",
            """\
# the base
FROM  python:3.13-slim@sha256:abababababababababababababababababababababababababababababababab   AS run
""",
        ),
    )
    DIGESTS = {
        "python:3.13-slim": "sha256:abababababababababababababababababababababababababababababababab"
    }


def test_it_is_a_warning_where_the_registry_was_asked() -> None:
    (remark,) = [item for item in lint("FROM python:3.13-slim\n") if item.rule == "JT1003"]
    assert remark.severity is Severity.INFO
    digests = {"python:3.13-slim": "sha256:" + "ab" * 32}
    found = [item for item in lint("FROM python:3.13-slim\n", digests) if item.rule == "JT1003"]
    assert [item.severity for item in found] == [Severity.WARNING]
