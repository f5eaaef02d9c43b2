"""JT3005: a secret in ARG or ENV, or in an address that RUN is given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.image import ImageView
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.view import View

_NAME: Final = re.compile(
    r"(?i)(?:^|_)(?:password|passwd|passphrase|secret|token|api_?key|private_?key|access_?key"
    r"|secret_?key|credentials?)(?:_|$)"
)
# Names that only sound like it, and where a secret is found rather than what it is.
_HARMLESS: Final = re.compile(
    r"(?i)(?:_file|_path|_dir|_url|_name|_id|_ttl|_length|_expir\w*|_timeout|_algorithm|_header"
    r"|_hashers|_validators|_lifetime|_audience|_issuer|_type|_backend|_class|_application_credentials)$"
)
# A switch, or the path of a file.
_HARMLESS_VALUE: Final = re.compile(
    r"(?i)(?:true|false|yes|no|on|off|0|1|none"
    r"|/(?:app|etc|home|mnt|opt|root|run|secrets?|srv|tmp|usr|var)/[\w./-]+)\Z"
)
# `scheme://user:password@host`, the password in so many words.
_IN_URL: Final = re.compile(r"\w://[^\s/:@]*:[^\s/:@${}<>*]+@")


def check(view: View) -> Iterator[Problem]:
    """Each ARG and ENV named like a secret, each of them and each RUN with a password in a URL."""
    for item in view.dockerfile.instructions():
        if item.name == "ARG":
            for argument in item.arguments:
                name, _, value = argument.partition("=")
                if is_secret_name(name) and not _is_harmless(value):
                    message = f"ARG {name}: what a build is given stands in the image's history"
                    yield view.at(item.span, f"{message}; RUN --mount=type=secret leaves none")
                elif _IN_URL.search(value):
                    message = f"ARG {name}: its address has a password, for all to read"
                    yield view.at(item.span, f"{message}; RUN --mount=type=secret leaves none")
        elif item.name == "ENV":
            for name, value in item.pairs:
                if is_secret_name(name) and value.strip("\"'") and not _is_harmless(value):
                    message = f"ENV {name}: everyone who has the image has it"
                    yield view.at(item.span, f"{message}; hand it in when the container starts")
                elif _IN_URL.search(value):
                    message = f"ENV {name}: its address has a password, for whoever has the image"
                    yield view.at(item.span, f"{message}; hand it in when the container starts")
        elif item.name == "RUN" and any(
            _IN_URL.search(word) for command in view.commands(item) for word in command
        ):
            message = "an address in RUN has a password, which the image's history keeps"
            yield view.at(item.span, f"{message}; RUN --mount=type=secret leaves none")


def _is_harmless(value: str) -> bool:
    return _HARMLESS_VALUE.match(value.strip("\"'")) is not None


def is_secret_name(name: str) -> bool:
    """Whether a variable is named like a secret."""
    return _NAME.search(name) is not None and _HARMLESS.search(name) is None


def check_image(view: ImageView) -> Iterator[Problem]:
    """Each variable of the image that is named like a secret and whose value looks like one."""
    # Imported here: its matcher takes a while to load, and Dockerfiles need it not.
    from jettison.analysis.secrets import scan_assignment  # noqa: PLC0415

    for name, value in view.config.env:
        if is_secret_name(name) and scan_assignment(name, value) is not None:
            yield view.problem(
                f"the variable {name} holds a secret: everyone who has the image has it"
            )


RULE: Final = Rule(
    code="JT3005",
    title="Secret in ARG or ENV",
    remedy="RUN --mount=type=secret for the build; an environment or a file at start for the app",
    severity=Severity.ERROR,
    check=check,
    check_image=check_image,
)
