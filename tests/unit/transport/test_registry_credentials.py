import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from conftest import FakeCommandFactory
from jettison.errors import UsageError
from jettison.image.reference import Reference
from jettison.transport.registry_credentials import Credentials, Lookup, find_credentials
from support.registry import logins

HUB = Reference.parse("python:3")
TEAM = Reference.parse("hub.example/team/app:1")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A user who has logged in nowhere."""
    return {
        "HOME": str(tmp_path / "home"),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
        "PATH": os.environ["PATH"],
    }


def _write(path: Path, content: bytes | Mapping[str, object]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def _pair(lookup: Lookup) -> tuple[str, str] | None:
    found = lookup.credentials
    return None if found is None else (found.username, found.password)


def test_who_has_not_logged_in_has_no_credentials(environ: dict[str, str]) -> None:
    assert find_credentials(TEAM, environ) == Lookup()


def test_each_place_is_looked_into_in_its_order(environ: dict[str, str], tmp_path: Path) -> None:
    places = [
        tmp_path / "home/.docker/config.json",
        tmp_path / "home/.config/containers/auth.json",
        tmp_path / "run/containers/auth.json",
        tmp_path / "named.json",
    ]
    for number, place in enumerate(places):
        _write(place, logins({"hub.example": (f"user{number}", "pw:with:colons")}))
        if place.name == "named.json":
            environ["REGISTRY_AUTH_FILE"] = str(place)
        assert _pair(find_credentials(TEAM, environ)) == (f"user{number}", "pw:with:colons")


def test_a_place_without_this_host_is_passed_by(environ: dict[str, str], tmp_path: Path) -> None:
    _write(tmp_path / "run/containers/auth.json", logins({"other.example": ("x", "y")}))
    environ["DOCKER_CONFIG"] = str(tmp_path / "docker")
    origin = _write(tmp_path / "docker/config.json", logins({"hub.example": ("me", "pw")}))
    found = find_credentials(TEAM, environ).credentials
    assert found == Credentials(username="me", password="pw", origin=str(origin))
    assert "pw" not in repr(found)


@pytest.mark.parametrize(
    "key", ["https://index.docker.io/v1/", "docker.io", "index.docker.io", "registry-1.docker.io"]
)
def test_docker_hub_has_several_names(environ: dict[str, str], tmp_path: Path, key: str) -> None:
    _write(tmp_path / "home/.docker/config.json", logins({key: ("me", "pw")}))
    assert _pair(find_credentials(HUB, environ)) == ("me", "pw")
    assert _pair(find_credentials(TEAM, environ)) is None


@pytest.mark.parametrize("key", ["https://hub.example", "https://hub.example/v2/", "hub.example"])
def test_hosts_may_be_written_as_urls(environ: dict[str, str], tmp_path: Path, key: str) -> None:
    _write(tmp_path / "home/.docker/config.json", logins({key: ("me", "pw")}))
    assert _pair(find_credentials(TEAM, environ)) == ("me", "pw")
    assert _pair(find_credentials(Reference.parse("hub.example:5000/app"), environ)) is None


def test_the_nearest_login_is_used(environ: dict[str, str], tmp_path: Path) -> None:
    content = {"hub.example": ("host", "1"), "hub.example/team": ("team", "2")}
    _write(tmp_path / "run/containers/auth.json", logins(content))
    assert _pair(find_credentials(TEAM, environ)) == ("team", "2")
    assert _pair(find_credentials(Reference.parse("hub.example/x"), environ)) == ("host", "1")


def test_tokens_and_plain_entries_are_read(environ: dict[str, str], tmp_path: Path) -> None:
    place = tmp_path / "home/.docker/config.json"
    _write(place, {"auths": {"hub.example": {"identitytoken": "t0k"}}})
    found = find_credentials(TEAM, environ).credentials
    assert found is not None
    assert found.identity_token == "t0k"
    _write(place, {"auths": {"hub.example": {"username": "me", "password": "pw"}}})
    assert _pair(find_credentials(TEAM, environ)) == ("me", "pw")


def _helper(fake_command: FakeCommandFactory, name: str, username: str, secret: str) -> None:
    answer = json.dumps({"ServerURL": "hub.example", "Username": username, "Secret": secret})
    # Answers for the one host, as a keychain would.
    fake_command(
        f"docker-credential-{name}",
        script=f"""[ "$(cat)" = hub.example ] && printf '%s' '{answer}' && exit 0
echo 'credentials not found in native keychain'; exit 1""",
    )


def test_a_helper_for_the_host_is_asked(
    environ: dict[str, str], tmp_path: Path, fake_command: FakeCommandFactory
) -> None:
    _helper(fake_command, "vault", "me", "s3cret")
    config = {"credHelpers": {"hub.example": "vault"}, "auths": {"hub.example": {}}}
    _write(tmp_path / "home/.docker/config.json", config)
    assert _pair(find_credentials(TEAM, environ)) == ("me", "s3cret")
    assert find_credentials(HUB, environ) == Lookup()


def test_a_store_is_asked_for_what_has_no_entry(
    environ: dict[str, str], tmp_path: Path, fake_command: FakeCommandFactory
) -> None:
    _helper(fake_command, "store", "<token>", "refresh")
    _write(tmp_path / "home/.docker/config.json", {"credsStore": "store"})
    found = find_credentials(TEAM, environ).credentials
    assert found is not None
    assert (found.username, found.identity_token) == ("", "refresh")
    assert find_credentials(HUB, environ) == Lookup()


def test_a_helper_that_fails_is_told_without_what_it_said(
    environ: dict[str, str], tmp_path: Path, fake_command: FakeCommandFactory
) -> None:
    fake_command("docker-credential-vault", stdout="s3cret", stderr="s3cret", status=1)
    config = {"credHelpers": {"hub.example": "vault", "other.example": "none"}}
    _write(tmp_path / "home/.docker/config.json", config)
    lookup = find_credentials(TEAM, environ)
    assert lookup.credentials is None
    assert lookup.failures == ("docker-credential-vault get hub.example: status 1",)
    missing = find_credentials(Reference.parse("other.example/x"), environ)
    assert missing.failures == ("docker-credential-none was not found",)


def test_a_helper_is_no_path(environ: dict[str, str], tmp_path: Path) -> None:
    _write(tmp_path / "home/.docker/config.json", {"credsStore": "x/../../evil"})
    (told,) = find_credentials(TEAM, environ).failures
    assert "cannot be the name of a credential helper" in told


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b'{"auths": [1]}',
        b'{"credHelpers": "x"}',
        b'{"auths": {"hub.example": {"auth": "%%%"}}}',
        json.dumps(
            {"auths": {"hub.example": {"auth": base64.b64encode(b"\xff").decode()}}}
        ).encode(),
    ],
)
def test_damaged_logins_are_named_and_not_shown(
    environ: dict[str, str], tmp_path: Path, content: bytes
) -> None:
    path = _write(tmp_path / "home/.docker/config.json", content)
    with pytest.raises(UsageError, match="logins in") as caught:
        find_credentials(TEAM, environ)
    assert str(path) in caught.value.message
    assert "%%%" not in caught.value.message


def test_a_named_file_has_to_be_there(environ: dict[str, str], tmp_path: Path) -> None:
    environ["REGISTRY_AUTH_FILE"] = str(tmp_path / "none.json")
    with pytest.raises(UsageError, match="which is not there"):
        find_credentials(TEAM, environ)
