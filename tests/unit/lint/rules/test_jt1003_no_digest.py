from __future__ import annotations

from jettison.lint.model import Severity
from jettison.lint.rules import jt1003_no_digest
from support.linting import Fixed, RuleContract, lint


class TestRule(RuleContract):
    RULE = jt1003_no_digest.RULE
    CAUGHT = (
        "FROM python:3.13-slim\n",
        """\
ARG V=3.13
FROM python:${V}-slim
""",
    )
    CLEAN = (
        "FROM python:3.13-slim@sha256:abababababababababababababababababababababababababababababababab\n",
        "FROM scratch\n",
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
