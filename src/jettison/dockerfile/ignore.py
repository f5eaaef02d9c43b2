"""What .dockerignore keeps out of a build, by Docker's rules (they are not Git's)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jettison.dockerfile.model import DockerfileError

if TYPE_CHECKING:
    from e2b_dockerfile_utils import PatternMatcher


class IgnoreRules:
    """The patterns of one .dockerignore; without any, everything is sent to the build."""

    def __init__(self, text: str = "") -> None:
        """Read the patterns.

        Raises: DockerfileError with the line of a pattern that Docker refuses.
        """
        self._lines = text.removeprefix("\ufeff").splitlines()
        self._matcher = self._read()

    def _read(self) -> PatternMatcher:
        # Imported here: most verbs never read a .dockerignore.
        from e2b_dockerfile_utils import PatternMatcher  # noqa: PLC0415

        try:
            return PatternMatcher(self._lines)
        except ValueError as err:
            for number, line in enumerate(self._lines, start=1):
                try:
                    PatternMatcher([line])
                except ValueError:
                    found = f"line {number}: {str(err)[:200]}"
                    raise DockerfileError(found, line=number) from err
            raise DockerfileError(str(err)[:200]) from err

    @property
    def patterns(self) -> tuple[str, ...]:
        """The patterns in use, cleaned as Docker cleans them."""
        return tuple(self._matcher.patterns)

    def ignores(self, path: str) -> bool:
        """Whether a file, named relative to the context, stays out of the build."""
        return self._matcher.matches(path.strip("/"))
