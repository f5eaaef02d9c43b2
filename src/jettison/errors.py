"""The one tree of errors. Each class carries the exit code that the terminal face ends with.

Exit codes: 0 done, 1 the check found something, 2 wrong usage, 3 this host cannot or there is
nothing to scan, 4 the image or container failed, 70 a bug in jettison.
"""

from typing import ClassVar


class JettisonError(Exception):
    """What failed, on which thing, and what was found; `hint` says what to do about it."""

    exit_code: ClassVar[int] = 70

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def is_bug(self) -> bool:
        """Whether jettison itself is at fault: no kind of failure that was foreseen."""
        return self.exit_code == JettisonError.exit_code

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross the pipe between the isolated child and its parent, so the
        # keyword-only hint must survive pickling.
        return (_rebuild, (type(self), self.message, self.hint))


def _rebuild(kind: type[JettisonError], message: str, hint: str) -> JettisonError:
    return kind(message, hint=hint)


class CheckFailedError(JettisonError):
    """The run worked and its verdict is no: a verification or a gate that failed."""

    exit_code: ClassVar[int] = 1


class UsageError(JettisonError):
    """The command line, a probe file or `jettison.toml` asks for something that cannot be meant."""

    exit_code: ClassVar[int] = 2


class HostError(JettisonError):
    """The host lacks something jettison needs: runc, a kernel feature, disk, an engine."""

    exit_code: ClassVar[int] = 3


class ImageError(JettisonError):
    """Something about an image."""

    exit_code: ClassVar[int] = 4


class ImageNotFoundError(ImageError):
    """No such image, or no such platform in it."""


class InvalidImageError(ImageError):
    """An image whose bytes contradict themselves or the specification, or exceed a bound."""


class TransportError(ImageError):
    """An image could not be read from or written to the place that was named."""


class TagExistsError(TransportError):
    """The destination already has this name and overwriting was not asked for."""


class StoreError(HostError):
    """The local store of unpacked layers could not be read or written."""


class AdvisoryDataError(HostError):
    """The database of advisories is missing or damaged, or could not be fetched or written."""


class NothingToScanError(JettisonError):
    """No package was found that could be tested, so "no vulnerabilities" would say nothing."""

    exit_code: ClassVar[int] = 3


class ContainerError(ImageError):
    """The container did not start, exited at once, or failed; `log_tail` has its last output."""

    def __init__(self, message: str, *, hint: str = "", log_tail: str = "") -> None:
        super().__init__(message, hint=hint)
        self.log_tail = log_tail

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild_container, (type(self), self.message, self.hint, self.log_tail))


def _rebuild_container(
    kind: type[ContainerError], message: str, hint: str, log_tail: str
) -> ContainerError:
    return kind(message, hint=hint, log_tail=log_tail)


class NotReadyError(ContainerError):
    """The app never listened, never answered, or answered only with errors."""


class TraceLossError(ContainerError):
    """The tracer cannot vouch that it saw everything, so its log must not be used."""
