from __future__ import annotations

from jettison.lint.rules import jt1007_stale_digest
from support.linting import Fixed, RuleContract


class TestRule(RuleContract):
    RULE = jt1007_stale_digest.RULE
    CAUGHT = (
        "FROM python:3.13-slim@sha256:cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd\n",
    )
    CLEAN = (
        "FROM python:3.13-slim@sha256:abababababababababababababababababababababababababababababababab\n",
        "FROM python@sha256:cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd\n",
        "FROM python:3.13-slim\n",
    )
    FIXED = (
        Fixed(
            "FROM python:3.13-slim@sha256:cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd AS run\n",
            "FROM python:3.13-slim@sha256:abababababababababababababababababababababababababababababababab AS run\n",
        ),
    )
    DIGESTS = {
        "python:3.13-slim": "sha256:abababababababababababababababababababababababababababababababab"
    }
