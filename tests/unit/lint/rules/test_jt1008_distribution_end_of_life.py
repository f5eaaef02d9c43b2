from __future__ import annotations

from jettison.lint.rules import jt1008_distribution_end_of_life
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt1008_distribution_end_of_life.RULE
    CAUGHT = (
        "FROM python:3.13-slim-buster\n",
        "FROM debian:10\n",
        "FROM alpine:3.16.2\n",
        """\
FROM ubuntu:18.04 AS build
FROM scratch
""",
    )
    CLEAN = (
        "FROM python:3.13-slim-trixie\n",
        "FROM debian:12-slim\n",
        "FROM alpine:3.22\n",
    )
