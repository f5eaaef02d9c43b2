"""JT3005: a secret in ARG or ENV."""

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
    r"(?i)(?:_file|_path|_dir|_url|_name|_id|_ttl|_length|_expir\w*|_timeout|_algorithm|_header)$"
)
# `scheme://user:password@host`, the password in so many words.
_IN_URL: Final = re.compile(r"\w://[^\s/:@]*:[^\s/:@${}<>*]+@")


def check(view: View) -> Iterator[Problem]:
    """Each ARG and ENV named like a secret, or with a password in a URL: the history has both."""
    for item in view.dockerfile.instructions():
        if item.name == "ARG":
            for argument in item.arguments:
                name, _, value = argument.partition("=")
                if is_secret_name(name):
                    message = f"ARG {name}: what a build is given stands in the image's history"
                    yield view.at(item.span, f"{message}; RUN --mount=type=secret leaves none")
                elif _IN_URL.search(value):
                    message = f"ARG {name}: its address has a password, for all to read"
                    yield view.at(item.span, f"{message}; RUN --mount=type=secret leaves none")
        elif item.name == "ENV":
            for name, value in item.pairs:
                if is_secret_name(name) and value.strip("\"'"):
                    message = f"ENV {name}: everyone who has the image has it"
                    yield view.at(item.span, f"{message}; hand it in when the container starts")
                elif _IN_URL.search(value):
                    message = f"ENV {name}: its address has a password, for whoever has the image"
                    yield view.at(item.span, f"{message}; hand it in when the container starts")


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
