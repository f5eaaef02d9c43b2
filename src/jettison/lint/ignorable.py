"""What never belongs into a build context."""

from __future__ import annotations

from typing import Final

ENVIRONMENTS: Final[str] = "virtual environments"
# A name to say, a path to try, and the pattern that keeps it out.
NEVER: Final[tuple[tuple[str, str, str], ...]] = (
    (".git", ".git/HEAD", ".git"),
    (".env", ".env", "**/.env"),
    (ENVIRONMENTS, ".venv/bin/python", ".venv"),
    (ENVIRONMENTS, "venv/bin/python", "venv"),
)
PATTERNS: Final = (
    *(".git", "**/.env", ".venv", "venv", "**/__pycache__", "**/*.py[cod]", ".pytest_cache"),
    *(".mypy_cache", ".ruff_cache", "*.egg-info"),
)
