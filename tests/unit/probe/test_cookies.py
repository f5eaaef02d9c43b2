import pytest

from jettison.probe.cookies import CookieJar, parse_set_cookie

NOW = 1_800_000_000.0


def jar_of(*values: str, path: str = "/") -> CookieJar:
    jar = CookieJar()
    jar.take([("Set-Cookie", value) for value in values], path)
    return jar


def test_cookies_go_where_their_path_covers() -> None:
    jar = jar_of("a=1; Path=/", "b=2; Path=/shop", "c=3")
    assert jar.header("/shop/cart?x=1") == "b=2; a=1; c=3"
    assert jar.header("/shopping") == "a=1; c=3"


def test_default_path_is_the_directory_of_the_request() -> None:
    jar = jar_of("a=1", path="/deep/page?x")
    assert jar.header("/deep/other") == "a=1"
    assert jar.header("/") == ""


def test_newer_value_replaces_and_expired_one_is_forgotten() -> None:
    jar = jar_of("a=1", "a=2")
    assert jar.find("a") == "2"
    jar.take([("set-cookie", "a=; Max-Age=0")], "/")
    assert jar.find("a") is None
    assert not jar


@pytest.mark.parametrize(
    ("text", "is_expired"),
    [
        ("a=1; Max-Age=10", False),
        ("a=1; Max-Age=-1", True),
        ("a=1; max-age=nonsense", False),
        ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", True),
        ("a=1; Expires=Thu, 01-Jan-1970 00:00:00 GMT", True),
        ("a=1; Expires=Fri, 01 Jan 2100 00:00:00 GMT", False),
        ("a=1; Expires=nonsense", False),
        ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=10", False),
    ],
)
def test_expiry(text: str, is_expired: bool) -> None:
    cookie = parse_set_cookie(text, "/", now_s=NOW)
    assert cookie is not None
    assert cookie.is_expired is is_expired


@pytest.mark.parametrize("text", ["", "novalue", "=x", "; Path=/", "a=" + "x" * 10_000])
def test_what_is_no_cookie_is_passed_over(text: str) -> None:
    assert parse_set_cookie(text, "/", now_s=NOW) is None
    assert parse_set_cookie("a=b=c", "/", now_s=NOW) is not None


def test_jar_is_bounded() -> None:
    jar = jar_of(*(f"c{number}=1" for number in range(1000)))
    assert jar.header("/").count(";") == 199
