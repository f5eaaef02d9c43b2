import pytest

from jettison.edge.urls import is_loopback, is_same_origin, origin_of, shown_url


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("[::1]", True),
        ("::1", True),
        ("localhost.example", False),
        ("10.0.0.1", False),
        ("0.0.0.0", False),
        ("127.0.0.1.example", False),
    ],
)
def test_which_hosts_are_this_one(host: str, is_ours: bool) -> None:
    assert is_loopback(host) is is_ours


def test_urls_are_shown_without_what_is_secret() -> None:
    assert shown_url("https://me:pw@hub:5000/v2/?sig=1#x") == "https://hub:5000/v2/"
    assert shown_url("https://hub/v2/a@b") == "https://hub/v2/a@b"


def test_an_origin_is_the_same_however_its_port_is_written() -> None:
    assert origin_of("https://Hub/v2/") == origin_of("https://hub:443/x")
    assert origin_of("https://hub/") != origin_of("http://hub/")
    assert origin_of("https://hub/") != origin_of("https://hub:5000/")


def test_what_is_no_url_has_no_origin() -> None:
    assert is_same_origin("https://hub/v2/", "https://HUB:443/x")
    assert not is_same_origin("https://hub/", "https://other/")
    for broken in ("https://[", "https://hub:99999/", "https://hub:x/"):
        assert not is_same_origin(broken, broken)
