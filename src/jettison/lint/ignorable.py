"""What never belongs into a build context."""

from __future__ import annotations

from typing import Final

# A name to say, a path to try, and the pattern that keeps it out.
NEVER: Final = (
    (".git", ".git/HEAD", ".git"),
    (".env", ".env", "**/.env"),
    ("virtual environments", ".venv/bin/python", ".venv"),
    ("virtual environments", "venv/bin/python", "venv"),
)
PATTERNS: Final = (
    *(".git", "**/.env", ".venv", "venv", "**/__pycache__", "**/*.py[cod]", ".pytest_cache"),
    *(".mypy_cache", ".ruff_cache", "*.egg-info"),
)
