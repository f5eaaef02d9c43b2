import email.utils
import gzip
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jettison.edge import http
from jettison.edge.http import HttpClient, HttpError, HttpOptions, Request
from jettison.edge.process import run
from support.web import Handler, Web, serve


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was waited for; nothing waits in these tests."""
    waited: list[float] = []
    monkeypatch.setattr(http, "pause", waited.append)
    return waited


@pytest.fixture
def client() -> Iterator[HttpClient]:
    """A client as it is made by default."""
    with HttpClient() as client:
        yield client


def _get(client: HttpClient, url: str, **headers: str) -> tuple[int, bytes]:
    with client.open(Request(method="GET", url=url, headers=headers)) as response:
        return response.status, response.read_all(1000)


def test_a_body_is_read_in_pieces_and_whole(client: HttpClient) -> None:
    with serve(lambda handler: handler.send(200, b"abcdef")) as web:
        with client.open(Request(method="GET", url=web.url)) as response:
            assert [response.read(4), response.read(4), response.read(4)] == [b"abcd", b"ef", b""]
        assert _get(client, web.url) == (200, b"abcdef")
        assert web.asked[0].headers["user-agent"].startswith("jettison/")


def test_an_answer_over_the_bound_is_refused(client: HttpClient) -> None:
    with serve(lambda handler: handler.send(200, b"x" * 1001)) as web:
        with pytest.raises(HttpError, match="over 1000 bytes"):
            _get(client, web.url)
        bomb = gzip.compress(bytes(1 << 20))
    with (
        serve(lambda handler: handler.send(200, bomb, {"Content-Encoding": "gzip"})) as web,
        pytest.raises(HttpError, match="over 1000 bytes"),
    ):
        _get(client, web.url)


def test_a_body_that_is_cut_off_is_no_body(client: HttpClient) -> None:
    with (
        serve(lambda handler: handler.break_off(b"abc", promised=10)) as web,
        client.open(Request(method="GET", url=f"{web.url}/x?signature=s3cret")) as response,
        pytest.raises(HttpError) as caught,
    ):
        while response.read(2):
            pass
    assert f"{web.url}/x: " in caught.value.message
    assert "s3cret" not in caught.value.message


def test_pieces_are_sent_anew_for_each_attempt(client: HttpClient, pauses: list[float]) -> None:
    answers = iter([503, 201])
    with serve(lambda handler: handler.send(next(answers))) as web:
        request = Request(
            method="PUT", url=web.url, body=lambda: iter([b"one", b"two"]), size_bytes=6
        )
        with client.open(request) as response:
            assert response.status == 201
        assert [item.body for item in web.asked] == [b"onetwo", b"onetwo"]
    assert pauses == [0.4]


def test_what_is_temporary_is_tried_again(client: HttpClient, pauses: list[float]) -> None:
    answers = iter([500, 502, 504, 429, 200])
    with serve(lambda handler: handler.send(next(answers), b"ok")) as web:
        assert _get(client, web.url) == (200, b"ok")
    assert pauses == [0.4, 0.8, 1.6, 3.2]


def test_the_last_answer_is_the_answer(client: HttpClient, pauses: list[float]) -> None:
    with serve(lambda handler: handler.send(500, b"broken")) as web:
        assert _get(client, web.url) == (500, b"broken")
        assert len(web.asked) == 5
    with serve(lambda handler: handler.send(404)) as web:
        assert _get(client, web.url) == (404, b"")
        assert len(web.asked) == 1


def test_a_server_that_asks_for_a_pause_gets_it(client: HttpClient, pauses: list[float]) -> None:
    date = email.utils.formatdate(time.time() + 60, usegmt=True)
    answers = iter([(429, "7"), (503, date), (200, "")])

    def respond(handler: Handler) -> None:
        status, asked = next(answers)
        handler.send(status, b"ok", {"Retry-After": asked} if asked else {})

    with serve(respond) as web:
        assert _get(client, web.url) == (200, b"ok")
    assert pauses[0] == 7
    assert 30 < pauses[1] <= 61


def test_nobody_waits_for_hours(client: HttpClient, pauses: list[float]) -> None:
    with serve(lambda handler: handler.send(429, b"", {"Retry-After": "21600"})) as web:
        assert _get(client, web.url)[0] == 429
        assert len(web.asked) == 1
    assert pauses == []


def test_nobody_listens(client: HttpClient, pauses: list[float]) -> None:
    with serve(lambda handler: handler.send(200)) as web:
        pass
    with pytest.raises(HttpError, match="Connection refused"):
        _get(client, web.url)
    assert pauses == [0.4]


def test_who_hangs_up_without_an_answer_is_asked_again(
    client: HttpClient, pauses: list[float]
) -> None:
    answers = iter([0, 0, 200])

    def respond(handler: Handler) -> None:
        status = next(answers)
        if status:
            handler.send(status, b"ok")
        else:
            handler.close_connection = True

    with serve(respond) as web:
        assert _get(client, web.url) == (200, b"ok")
    assert pauses == [0.4, 0.8]


def test_credentials_stay_with_their_host(client: HttpClient) -> None:
    with serve(lambda handler: handler.send(200, b"blob")) as other:
        moved = {"Location": f"{other.url}/blob?sig=1"}
        with serve(
            lambda handler: (
                handler.send(307, b"", moved)
                if handler.asked.path == "/a"
                else handler.send(302, b"", {"Location": "/a"})
            )
        ) as web:
            assert _get(client, f"{web.url}/", Authorization="Bearer t") == (200, b"blob")
            assert [item.headers.get("authorization") for item in web.asked] == ["Bearer t"] * 2
        assert "authorization" not in other.asked[0].headers
        assert other.asked[0].query == {"sig": ["1"]}


def test_redirects_end(client: HttpClient) -> None:
    with (
        serve(lambda handler: handler.send(302, b"", {"Location": "/again"})) as web,
        pytest.raises(HttpError, match="over 8 redirects"),
    ):
        _get(client, web.url)


def test_an_upload_is_not_redirected(client: HttpClient) -> None:
    with (
        serve(lambda handler: handler.send(302, b"", {"Location": "/x"})) as web,
        client.open(Request(method="POST", url=web.url, body=b"")) as response,
    ):
        assert response.status == 302


@pytest.mark.parametrize("url", ["http://registry.example/v2/", "http://192.0.2.1:80/"])
def test_plain_http_is_for_this_host_alone(client: HttpClient, url: str) -> None:
    with pytest.raises(HttpError, match="plain HTTP") as caught:
        _get(client, url)
    assert "--insecure" in caught.value.hint


def test_a_redirect_leads_to_no_plain_host(client: HttpClient) -> None:
    with (
        serve(lambda h: h.send(302, b"", {"Location": "http://192.0.2.1/x"})) as web,
        pytest.raises(HttpError, match=r"http://192\.0\.2\.1/x: plain HTTP"),
    ):
        _get(client, web.url)


@pytest.mark.parametrize("url", ["ftp://x/", "file:///etc/passwd", "http:///x", "http://[::1"])
def test_what_is_no_url_of_the_web(client: HttpClient, url: str) -> None:
    with pytest.raises(HttpError, match=r"is no URL|is not an http"):
        _get(client, url)


def test_plain_http_where_tls_was_expected(client: HttpClient, pauses: list[float]) -> None:
    with serve(lambda handler: handler.send(200)) as web, pytest.raises(HttpError) as caught:
        _get(client, web.url.replace("http:", "https:"))
    assert caught.value.is_tls
    assert not caught.value.is_untrusted
    assert pauses == []


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """A server's certificate for 127.0.0.1 that nobody vouches for, and the certificate."""
    directory = tmp_path_factory.mktemp("tls")
    subject = ("-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1")
    argv = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject)
    key, certificate = directory / "key.pem", directory / "certificate.pem"
    run([*argv, "-keyout", str(key), "-out", str(certificate)], timeout_s=60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate


@pytest.mark.needs("openssl")
def test_a_certificate_is_believed_if_the_user_says_so(
    client: HttpClient, tls: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, certificate = tls
    with serve(lambda handler: handler.send(200, b"ok"), tls=context) as web:
        with pytest.raises(HttpError, match="its certificate is not trusted") as caught:
            _get(client, web.url)
        assert caught.value.is_untrusted
        assert "SSL_CERT_FILE" in caught.value.hint
        with HttpClient(HttpOptions(insecure=True)) as careless:
            assert _get(careless, web.url) == (200, b"ok")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with HttpClient() as trusting:
            assert _get(trusting, web.url) == (200, b"ok")


@pytest.mark.needs("openssl")
def test_nobody_is_led_from_https_to_plain_http(
    tls: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, certificate = tls
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serve(lambda handler: handler.send(200, b"plain")) as plain:
        moved = {"Location": f"{plain.url}/x"}
        with (
            serve(lambda handler: handler.send(302, b"", moved), tls=context) as web,
            HttpClient() as client,
            pytest.raises(HttpError, match="it redirects to plain http://127"),
        ):
            _get(client, web.url)
        assert plain.asked == []


def _proxied(monkeypatch: pytest.MonkeyPatch, proxy: Web) -> None:
    monkeypatch.setenv("http_proxy", f"http://me:pa%20ss@{proxy.host}")


def test_a_proxy_of_the_environment_is_asked(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    with (
        serve(lambda handler: handler.send(200, b"proxied")) as proxy,
        HttpClient(HttpOptions(insecure=True)) as client,
    ):
        _proxied(monkeypatch, proxy)
        assert _get(client, "http://registry.example/v2/") == (200, b"proxied")
        assert proxy.asked[0].headers["host"] == "registry.example"
        assert proxy.asked[0].headers["proxy-authorization"] == "Basic bWU6cGEgc3M="


def test_this_host_and_excepted_ones_are_asked_directly(
    monkeypatch: pytest.MonkeyPatch, client: HttpClient
) -> None:
    with (
        serve(lambda handler: handler.send(500)) as proxy,
        serve(lambda handler: handler.send(200, b"direct")) as web,
    ):
        _proxied(monkeypatch, proxy)
        assert _get(client, web.url) == (200, b"direct")
        assert proxy.asked == []
    monkeypatch.setenv("https_proxy", "socks5://192.0.2.1:1080")
    with pytest.raises(HttpError, match="only HTTP proxies"):
        _get(client, "https://registry.example/")
    monkeypatch.setenv("no_proxy", ".invalid")
    with pytest.raises(HttpError, match="only HTTP proxies"):
        _get(client, "https://registry.example/")


@pytest.mark.parametrize("target", ["http://[", "http://127.0.0.1:99999/", "http://127.0.0.1:x/"])
def test_a_redirect_to_what_is_no_url(client: HttpClient, target: str) -> None:
    with (
        serve(lambda handler: handler.send(302, b"", {"Location": target})) as web,
        pytest.raises(HttpError, match="no URL"),
    ):
        client.open(Request(method="GET", url=web.url))


def test_digits_that_are_none_ask_for_no_pause() -> None:
    assert http.retry_after_s(" 3 ") == 3.0
    assert http.retry_after_s("\xb2") == 0.0
