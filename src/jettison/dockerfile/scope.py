"""ARG and ENV: which variables an instruction sees, and what a word becomes with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from jettison.dockerfile.model import Dockerfile, Instruction, Stage

NO_VARIABLES: Final[Mapping[str, str]] = MappingProxyType({})


def expand(
    word: str, variables: Mapping[str, str], *, escape: str = "\\", keep_unset: bool = True
) -> str:
    """A word without its quotes, references to variables replaced.

    Shape: references to names that are not set stay as they are where `keep_unset`, otherwise
    they become nothing or their default. A word that cannot be expanded comes back unchanged.
    Source: BuildKit, frontend/dockerfile/shell.
    """
    if "$" not in word and "'" not in word and '"' not in word and escape not in word:
        return word
    # Imported here: most verbs never read a Dockerfile.
    from e2b_dockerfile_utils import ShellLex  # noqa: PLC0415

    lexer = ShellLex(escape, env=variables, skip_unset_env=keep_unset)
    try:
        return lexer.process_word(word)
    except ValueError:
        return word


def global_variables(
    dockerfile: Dockerfile, build_arguments: Mapping[str, str] = NO_VARIABLES
) -> dict[str, str]:
    """The ARG before the first FROM; only FROM sees them without declaring them again."""
    scope = _Scope(escape=dockerfile.escape, given=build_arguments)
    for item in dockerfile.global_arguments:
        scope.take(item)
    return scope.arguments


def base_of(
    dockerfile: Dockerfile, stage: Stage, build_arguments: Mapping[str, str] = NO_VARIABLES
) -> str:
    """The image that a FROM names, its variables replaced.

    Shape: as written where it hangs on an argument without a value.
    """
    variables = global_variables(dockerfile, build_arguments)
    found = expand(stage.base.text, variables, escape=dockerfile.escape)
    if "$" in found:
        found = expand(stage.base.text, variables, escape=dockerfile.escape, keep_unset=False)
        if not found or found.startswith((":", "@")) or found.endswith((":", "@")):
            return stage.base.text
    return found


def variables_at(
    dockerfile: Dockerfile,
    stage: Stage,
    before: Instruction | None = None,
    build_arguments: Mapping[str, str] = NO_VARIABLES,
) -> dict[str, str]:
    """What `before` sees, or what holds at the end of the stage; ENV wins over ARG.

    Shape: without what the base image itself sets; with what the stages below it set.
    """
    return _scope_at(dockerfile, stage, before, build_arguments).variables


def environment_of(
    dockerfile: Dockerfile, stage: Stage, build_arguments: Mapping[str, str] = NO_VARIABLES
) -> dict[str, str]:
    """The ENV that a stage's image carries beyond its base image's own."""
    return _scope_at(dockerfile, stage, None, build_arguments).environment


def _scope_at(
    dockerfile: Dockerfile,
    stage: Stage,
    before: Instruction | None,
    build_arguments: Mapping[str, str],
) -> _Scope:
    parent = dockerfile.parent_of(stage)
    scope = _Scope(
        escape=dockerfile.escape,
        given=build_arguments,
        outer=global_variables(dockerfile, build_arguments),
        environment=environment_of(dockerfile, parent, build_arguments) if parent else {},
    )
    for item in stage.instructions:
        if item is before:
            break
        scope.take(item)
    return scope


@dataclass(slots=True, kw_only=True)
class _Scope:
    """What has been set so far, instruction by instruction."""

    escape: str
    given: Mapping[str, str]
    outer: Mapping[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, str]:
        return self.arguments | self.environment

    def take(self, item: Instruction) -> None:
        """Follow one ARG or ENV; all values of one ENV see what held before it."""
        if item.name == "ARG":
            for argument in item.arguments:
                name, equals, default = argument.partition("=")
                if name in self.given:
                    self.arguments[name] = self.given[name]
                elif equals:
                    self.arguments[name] = self._expand(default)
                elif name in self.outer:
                    self.arguments[name] = self.outer[name]
        elif item.name == "ENV":
            self.environment.update(
                [(self._expand(name), self._expand(value)) for name, value in item.pairs]
            )

    def _expand(self, word: str) -> str:
        return expand(word, self.variables, escape=self.escape)
