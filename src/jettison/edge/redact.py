"""Take secrets out of what is shown, logged or reported."""

import re
from typing import Final

_URL_CREDENTIALS: Final = re.compile(r"(?<=://)[^/\s@]+@")
_ASSIGNMENT: Final = re.compile(
    r"(?i)\b([A-Z0-9_]*(?:PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY)[A-Z0-9_]*)=(\S+)"
)


def redact(text: str) -> str:
    """Hide credentials in URLs and in assignments whose name says that they are secret."""
    return _ASSIGNMENT.sub(r"\1=***", _URL_CREDENTIALS.sub("***@", text))
