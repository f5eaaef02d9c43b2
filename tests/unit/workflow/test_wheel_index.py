from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from jettison.analysis.locked_files import LockedFiles
from jettison.edge.http import HttpClient, HttpOptions
from jettison.feed.package_index import find_index_url
from jettison.workflow.wheel_index import WheelIndex
from support.web import Handler, Web, serve

FILES = (
    *("Foo_Bar-1.0-py3-none-any.whl", "foo_bar-1.0.tar.gz", "foo_bar-1.1-py3-none-any.whl"),
    *("not a file", "foo_bar-1.0-cp312-cp312-linux_x86_64.whl.metadata"),
)
JSON = "application/vnd.pypi.simple.v1+json"


def respond(handler: Handler) -> None:
    match handler.asked.path:
        case "/simple/foo-bar/":
            files = [{"filename": name, "url": f"../{name}", "hashes": {}} for name in FILES]
            page = {"meta": {"api-version": "1.0"}, "name": "foo-bar", "files": files}
            handler.send(200, json.dumps(page).encode(), {"Content-Type": JSON})
        case "/simple/old/":
            name = "old-2.0-py3-none-any.whl"
            page_ = f'<a href="../../f/{name}#sha256=1">{name}</a><a>no link</a>'
            handler.send(200, page_.encode(), {"Content-Type": "text/html"})
        case "/simple/odd/":
            handler.send(200, b"[]", {"Content-Type": JSON})
        case _:
            handler.send(404)


@pytest.fixture
def web() -> Iterator[Web]:
    with serve(respond) as web:
        yield web


@pytest.fixture
def index(web: Web) -> Iterator[WheelIndex]:
    with HttpClient(HttpOptions(attempts=1)) as client:
        yield WheelIndex(f"{web.url}/simple/", client)


def unlisted(name: str, version: str) -> LockedFiles:
    return LockedFiles(name=name, version=version, is_listed=False)


def test_files_of_the_version_are_listed(index: WheelIndex) -> None:
    (found,) = index.list_files([unlisted("foo-bar", "1.0.0")])
    assert found.wheels == ("Foo_Bar-1.0-py3-none-any.whl",)
    assert found.is_listed
    assert index.failures == []


def test_an_index_that_speaks_html(index: WheelIndex) -> None:
    (found,) = index.list_files([unlisted("old", "2")])
    assert found.wheels == ("old-2.0-py3-none-any.whl",)


def test_what_is_listed_already_is_not_asked(index: WheelIndex, web: Web) -> None:
    known = LockedFiles(name="foo-bar", version="1.0")
    assert index.list_files([known]) == (known,)
    assert web.asked == []


@pytest.mark.parametrize(
    ("package", "why"),
    [
        (unlisted("missing", "1"), "404"),
        (unlisted("odd", "1"), "no list of files"),
        (unlisted("foo-bar", "9"), "no file of 9"),
    ],
)
def test_what_the_index_does_not_tell_stays_unknown(
    index: WheelIndex, package: LockedFiles, why: str
) -> None:
    assert index.list_files([package]) == (package,)
    (failure,) = index.failures
    assert why in failure


def test_no_index_at_all(web: Web) -> None:
    with HttpClient(HttpOptions(attempts=1)) as client:
        index = WheelIndex("http://127.0.0.1:1/simple", client)
        package = unlisted("foo-bar", "1.0")
        assert index.list_files([package]) == (package,)
    assert index.failures


def test_the_index_is_the_one_that_pip_or_uv_use(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".config/pip").mkdir(parents=True)
    assert find_index_url({"PIP_CONFIG_FILE": "/dev/null"}, home) == _of_this_host()
    (home / ".config/pip/pip.conf").write_text("[global]\nindex-url = https://one.example/simple\n")
    assert find_index_url({}, home) == "https://one.example/simple"
    other = tmp_path / "pip.conf"
    other.write_text("[global]\nindex-url: https://two.example/simple\n")
    assert find_index_url({"PIP_CONFIG_FILE": str(other)}, home) == "https://two.example/simple"
    other.write_text("no configuration [")
    assert find_index_url({"PIP_CONFIG_FILE": str(other)}, home) == "https://one.example/simple"
    variables = {"UV_DEFAULT_INDEX": "https://uv.example", "PIP_INDEX_URL": "https://pip.example"}
    assert find_index_url(variables, home) == "https://pip.example"


def _of_this_host() -> str:
    """What /etc/pip.conf says here, if there is one."""
    return find_index_url({}, Path("/nonexistent"))
