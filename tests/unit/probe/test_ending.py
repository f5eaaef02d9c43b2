import pytest

from jettison.errors import UsageError
from jettison.probe.ending import Ending, parse_ending


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("probe", Ending(probe=True)),
        ("exec", Ending(exec=True)),
        ("signal", Ending(signal=True)),
        ("30", Ending(seconds=30.0)),
        ("2.5s", Ending(seconds=2.5)),
        ("probe+exec", Ending(probe=True, exec=True)),
        ("Probe & 10", Ending(probe=True, seconds=10.0)),
        ("5,10", Ending(seconds=10.0)),
    ],
)
def test_parse(text: str, ending: Ending) -> None:
    assert parse_ending(text) == ending


@pytest.mark.parametrize("text", ["", "enter", "-1", "probe+", "1e9", "999999", "٣"])
def test_nonsense_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="--continue-after") as caught:
        parse_ending(text)
    assert "probe" in caught.value.hint


def test_only_probing_needs_http() -> None:
    assert parse_ending("probe+5").needs_http
    assert not parse_ending("exec+5").needs_http
