"""The harness itself: what other tests build on has to be right."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jettison.digest import Digest
from jettison.image import Image
from jettison.image.model import Index
from support.accounts import Account
from support.images import (
    Device,
    Directory,
    File,
    HardLink,
    Symlink,
    make_image,
    make_index,
    make_layer,
)
from support.waiting import wait_until

if TYPE_CHECKING:
    from conftest import FakeCommandFactory

CAPABILITY = b"\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"


def test_layer_holds_what_it_was_told() -> None:
    layer = make_layer(
        {
            "/bin/": Directory(mode=0o700, uid=5),
            "/bin/ping": File(data=b"elf", mode=0o4755, xattrs={"security.capability": CAPABILITY}),
            "/bin/ping6": HardLink(target="/bin/ping"),
            "/bin/sh": Symlink(target="../usr/bin/sh"),
            "/dev/null": Device(major=1, minor=3),
            "/etc/.wh.passwd": b"",
            "../climb": b"x",
        }
    )
    with tarfile.open(fileobj=io.BytesIO(layer.blob), mode="r:gz") as tar:
        members = {member.name: member for member in tar.getmembers()}
    assert members["bin"].mode == 0o700
    assert members["bin"].uid == 5
    assert members["bin/ping"].mode == 0o4755
    stored = members["bin/ping"].pax_headers["SCHILY.xattr.security.capability"]
    assert stored.encode("utf-8", "surrogateescape") == CAPABILITY
    assert members["bin/ping6"].linkname == "bin/ping"
    assert members["bin/sh"].linkname == "../usr/bin/sh"
    assert (members["dev/null"].devmajor, members["dev/null"].devminor) == (1, 3)
    assert {"etc/.wh.passwd", "../climb"} <= set(members)


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_image_parses_as_an_image(compression: str) -> None:
    built = make_image([{"/a": b"1"}, {"/b": b"2"}], {"Env": ["A=b"]}, compression=compression)
    image = Image.parse("x", built.raw_manifest, built.raw_config)
    assert image.config.env == (("A", "b"),)
    assert [layer.digest for layer in image.manifest.layers] == [
        Digest.of(layer.blob) for layer in built.layers
    ]


def test_layout_and_index_hold_every_blob(tmp_path: Path) -> None:
    amd64, arm64 = make_image(), make_image([{"/arm": b"1"}], platform="linux/arm64/v8")
    layout = make_index([amd64, arm64]).write_layout(tmp_path, "both")
    listed = json.loads((layout / "index.json").read_bytes())["manifests"][0]
    assert listed["annotations"] == {"org.opencontainers.image.ref.name": "both"}
    nested = Index.parse((layout / "blobs/sha256" / Digest(listed["digest"]).hex).read_bytes())
    assert [str(item.platform) for item in nested.manifests] == ["linux/amd64", "linux/arm64/v8"]
    for blob in (layout / "blobs/sha256").iterdir():
        assert Digest.of(blob.read_bytes()).hex == blob.name


@pytest.mark.needs("skopeo")
def test_other_tools_read_what_we_write(tmp_path: Path) -> None:
    image = make_image([{"/a": b"1"}], {"Env": ["A=b"]}, compression="zstd")
    sources = (
        f"oci:{image.write_layout(tmp_path / 'layout', 't')}:t",
        f"oci-archive:{image.write_archive(tmp_path / 'a.tar', 't')}:t",
        f"docker-archive:{image.write_docker_archive(tmp_path / 'd.tar', ['n:t'])}",
    )
    for source in sources:
        argv = ["skopeo", "inspect", "--config", source]
        shown = subprocess.run(argv, capture_output=True, check=True, text=True)
        assert json.loads(shown.stdout)["config"]["Env"] == ["A=b"]


def test_fake_command_stands_first_and_records(fake_command: FakeCommandFactory) -> None:
    runc = fake_command("runc", stdout="out\n", stderr="err\n", status=3)
    done = subprocess.run(["runc", "state", "a b\nc", ""], capture_output=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == (b"out\n", b"err\n", 3)
    subprocess.run(["runc"], capture_output=True, check=False)
    assert runc.calls == [("state", "a b\nc", ""), ()]


def test_each_test_has_a_home_of_its_own() -> None:
    assert Path.home() == Path(os.environ["HOME"])
    assert Path.home().is_relative_to("/tmp")
    assert list(Path(os.environ["XDG_CACHE_HOME"]).iterdir()) == []


def test_wait_until_returns_what_it_waited_for_or_fails() -> None:
    answers = iter([0, 0, 7])
    assert wait_until(lambda: next(answers), deadline_s=5) == 7
    with pytest.raises(AssertionError, match=r"still 0 after 0\.05 s"):
        wait_until(lambda: 0, deadline_s=0.05)


@pytest.mark.needs("userns")
def test_accounts_differ_in_sub_ids_and_can_run_jettison(
    account: Account, account_without_subids: Account
) -> None:
    subuid = Path("/etc/subuid").read_text()
    assert f"{account.name}:" in subuid
    assert f"{account_without_subids.name}:" not in subuid
    for user in (account, account_without_subids):
        shown = user.run([user.python, "-c", "import os, jettison; print(os.getuid())"])
        assert int(shown.stdout) == user.uid != 0
