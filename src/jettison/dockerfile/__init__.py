"""Dockerfiles as values: stages, instructions with their places, edits, and .dockerignore.

The rules of the language are BuildKit's, by way of the package `e2b-dockerfile-utils`.
"""

from jettison.dockerfile.model import (
    Comment,
    Directive,
    Dockerfile,
    DockerfileError,
    Flag,
    Heredoc,
    Instruction,
    Span,
    Stage,
    Word,
)

__all__ = [
    "Comment",
    "Directive",
    "Dockerfile",
    "DockerfileError",
    "Flag",
    "Heredoc",
    "Instruction",
    "Span",
    "Stage",
    "Word",
]
