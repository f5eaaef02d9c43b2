import pytest

from jettison.edge.redact import redact


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://ci:s3cret@hub/v2/", "https://***@hub/v2/"),
        ("DB_PASSWORD=hunter2 PORT=80", "DB_PASSWORD=*** PORT=80"),
        ("api_key=x, token=y", "api_key=*** token=***"),
        ("https://hub/v2/?page=1", "https://hub/v2/?page=1"),
    ],
)
def test_secrets_are_hidden_and_the_rest_is_not(text: str, shown: str) -> None:
    assert redact(text) == shown
