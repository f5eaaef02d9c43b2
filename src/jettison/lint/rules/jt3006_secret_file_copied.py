"""JT3006: a file with secrets copied into the image."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.copies import copies
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.view import View

_SECRET: Final = re.compile(
    r"(?:\.env(?:\.(?!example|sample|template|dist)\w+)?|id_(?:rsa|dsa|ecdsa|ed25519)|.+\.(?:pem|key|p12|pfx)"
    r"|\.netrc|\.pypirc|\.npmrc|\.pgpass|credentials(?:\.json)?|secrets?\.(?:json|ya?ml|toml|env)"
    r"|\.dockerconfigjson|service-account.*\.json)\Z"
)


def check(view: View) -> Iterator[Problem]:
    """Each COPY that names such a file."""
    for stage in view.chain:
        for copy in copies(view, stage):
            if not copy.is_from_context:
                continue
            for source in copy.sources:
                name = posixpath.basename(source)
                if _SECRET.match(name):
                    message = f"{name} is in the image for whoever has it, deleted later or not"
                    yield view.at(copy.item.span, message)


RULE: Final = Rule(
    code="JT3006",
    title="File with secrets copied",
    remedy="keep it in .dockerignore and mount it at start",
    severity=Severity.ERROR,
    check=check,
)
