"""All risks of an image. Each kind is found in a module of its own."""

from __future__ import annotations

from jettison.xray.risk_accounts import find_account_risks
from jettison.xray.risk_command import find_command_risks
from jettison.xray.risk_config import find_config_risks
from jettison.xray.risk_files import find_file_risks
from jettison.xray.risk_model import Risks, Subject, sort_key
from jettison.xray.risk_secrets import SecretSearch


def find_risks(subject: Subject) -> Risks:
    """What could be used against whoever runs the image, and what it gives away.

    Raises: StoreError for a file that cannot be read.
    """
    secrets = SecretSearch(subject)
    found = [
        *find_config_risks(subject),
        *find_command_risks(subject),
        *find_file_risks(subject),
        *find_account_risks(subject),
        *secrets.config(),
        *secrets.files(),
    ]
    return Risks(found=tuple(sorted(found, key=sort_key)), notices=tuple(secrets.notices))
