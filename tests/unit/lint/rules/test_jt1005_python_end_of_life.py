from __future__ import annotations

from jettison.lint.rules import jt1005_python_end_of_life
from support.linting import RuleContract


class TestRule(RuleContract):
    RULE = jt1005_python_end_of_life.RULE
    CAUGHT = (
        "FROM python:3.9-slim\n",
        "FROM python:2\n",
        "FROM python:3.10.4-slim-bookworm\n",
        "FROM ghcr.io/astral-sh/uv:python3.8-bookworm-slim\n",
    )
    CLEAN = (
        "FROM python:3.13-slim\n",
        "FROM python:3-slim\n",
        "FROM python:3.11.9-slim\n",
        "FROM node:18\n",
    )
