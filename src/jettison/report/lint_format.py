"""The forms that lint's result takes. Apart, so that naming one does not load every rule."""

from __future__ import annotations

from enum import StrEnum


class LintFormat(StrEnum):
    """What stdout receives."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    MARKDOWN = "markdown"
    GITHUB = "github"
