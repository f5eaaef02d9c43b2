import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from jettison.edge import http
from jettison.errors import TransportError
from jettison.transport.registry_auth import Challenge, parse_challenges
from jettison.transport.registry_write import open_access
from jettison.transport.schemes import parse_target
from jettison.transport.sinks import write_sink
from support.registry import FakeRegistry, always, fake_registry, logins, once
from support.transports import opened, read_layers, typical_image

IMAGE = typical_image()
LOGIN = ("me", "pass:word")


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRegistry]:
    """One that has the image and wants a login."""
    monkeypatch.setattr(http, "pause", lambda _: None)
    with fake_registry() as registry:
        registry.put("team/app", IMAGE)
        registry.login = LOGIN
        yield registry


def _log_in(registry: FakeRegistry, login: tuple[str, str] = LOGIN) -> Path:
    path = Path(os.environ["HOME"]) / ".docker/config.json"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(logins({registry.web.host: login}))
    return path


def _read(registry: FakeRegistry, directory: Path) -> bytes:
    with opened(parse_target(registry.target("team/app")), directory / "work") as source:
        read_layers(source)
        return source.image.raw_manifest


@pytest.mark.parametrize("tokens", [False, True])
def test_who_has_logged_in_may_read_and_write(
    registry: FakeRegistry, tmp_path: Path, tokens: bool
) -> None:
    registry.tokens = tokens
    _log_in(registry)
    assert _read(registry, tmp_path) == IMAGE.raw_manifest
    target = parse_target(registry.target("team/new", "2"))
    write_sink(target, IMAGE.write_layout(tmp_path / "layout"), overwrite=False)
    assert registry.manifests["team/new"]["2"][1] == IMAGE.raw_manifest


def test_a_token_is_asked_for_what_is_done_with_it(registry: FakeRegistry, tmp_path: Path) -> None:
    registry.tokens = True
    _log_in(registry)
    _read(registry, tmp_path)
    tokens = [item for item in registry.web.asked if item.path == "/token"]
    assert len(tokens) == 1
    assert tokens[0].query == {
        "service": ["fake"],
        "scope": ["repository:team/app:pull"],
        "account": ["me"],
    }
    target = parse_target(registry.target("team/new"))
    access = open_access(target, others=("team/app",))
    with access.connect() as client:
        client.find_digest("latest")
    assert registry.web.asked[-2].query["scope"] == [
        "repository:team/new:pull,push",
        "repository:team/app:pull",
    ]


def test_an_identity_token_is_exchanged(registry: FakeRegistry, tmp_path: Path) -> None:
    registry.tokens, registry.identity_token = True, "refresh-me"
    path = _log_in(registry)
    path.write_text(json.dumps({"auths": {registry.web.host: {"identitytoken": "refresh-me"}}}))
    assert _read(registry, tmp_path) == IMAGE.raw_manifest
    asked = next(item for item in registry.web.asked if item.path == "/token")
    assert asked.method == "POST"
    assert b"grant_type=refresh_token" in asked.body


def test_a_public_image_is_read_without_a_login(registry: FakeRegistry, tmp_path: Path) -> None:
    registry.login, registry.tokens = None, True
    assert _read(registry, tmp_path) == IMAGE.raw_manifest
    asked = next(item for item in registry.web.asked if item.path == "/token")
    assert "authorization" not in asked.headers


def test_a_token_that_runs_out_is_renewed(registry: FakeRegistry, tmp_path: Path) -> None:
    registry.tokens = True
    _log_in(registry)
    with opened(parse_target(registry.target("team/app")), tmp_path / "work") as source:
        registry.granted.clear()
        registry.granted.add("somebody's")
        assert len(read_layers(source)) == 3
    assert len([path for path in registry.paths() if path.endswith("/token")]) == 2


@pytest.mark.parametrize("tokens", [False, True])
def test_who_has_not_logged_in_is_told_how(
    registry: FakeRegistry, tmp_path: Path, tokens: bool
) -> None:
    registry.tokens = tokens
    with pytest.raises(TransportError, match="401") as caught:
        _read(registry, tmp_path)
    assert caught.value.hint == f"no login was found for it; try: docker login {registry.web.host}"


@pytest.mark.parametrize("tokens", [False, True])
def test_a_login_that_is_not_accepted(registry: FakeRegistry, tmp_path: Path, tokens: bool) -> None:
    registry.tokens = tokens
    path = _log_in(registry, ("me", "wr0ng"))
    with pytest.raises(TransportError, match="401") as caught:
        _read(registry, tmp_path)
    assert str(path) in caught.value.hint
    assert "wr0ng" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"<html>", "answers without a token"),
        (b"[]", "answers without a token"),
        (b"[" * 100_000, "answers without a token"),
        (b'{"token": "x\\r\\nEvil: 1"}', "answers without a token"),
    ],
)
def test_what_is_no_token_is_refused(
    registry: FakeRegistry, tmp_path: Path, answer: bytes, said: str
) -> None:
    registry.tokens = True
    registry.before.append(always("/token", lambda handler: handler.send(200, answer)))
    with pytest.raises(TransportError, match=said):
        _read(registry, tmp_path)


def test_a_login_is_not_sent_over_plain_http_elsewhere(
    registry: FakeRegistry, tmp_path: Path
) -> None:
    _log_in(registry)
    asked = {"WWW-Authenticate": 'Bearer realm="http://auth.example/token"'}
    registry.before.append(once("manifests", lambda handler: handler.send(401, b"", asked)))
    with pytest.raises(TransportError, match=r"http://auth\.example/token: plain HTTP"):
        _read(registry, tmp_path)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", []),
        ("Basic", [("basic", {})]),
        ('Basic realm="a b"', [("basic", {"realm": "a b"})]),
        (
            'Bearer realm="https://x/token?a=b",service="s",scope="repository:a:pull,push"',
            [
                (
                    "bearer",
                    {
                        "realm": "https://x/token?a=b",
                        "service": "s",
                        "scope": "repository:a:pull,push",
                    },
                )
            ],
        ),
        (
            'bearer realm=plain , error="invalid \\"token\\"", Basic realm="x"',
            [
                ("bearer", {"realm": "plain", "error": 'invalid "token"'}),
                ("basic", {"realm": "x"}),
            ],
        ),
    ],
)
def test_challenges_are_read(header: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    assert parse_challenges(header) == tuple(
        Challenge(scheme=scheme, parameters=values) for scheme, values in expected
    )
