"""`jettison xray` and `jettison xray diff` as commands, on images written in code."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import jsonschema
import pytest

from jettison.edge.process import run
from support.accounts import Account
from support.images import make_image, make_index
from support.layers import Content, Directory, File, HardLink, Layer, Symlink, make_layer
from support.slimcase import jettison

pytestmark = pytest.mark.needs("userns")

SCHEMAS = Path(__file__).parents[2] / "docs/schemas"
STATUS = b"Package: shop\nStatus: install ok installed\nVersion: 1.0-1\nArchitecture: all\n\n"
BASE: Content = {
    "/etc/os-release": b"ID=debian\nVERSION_ID=12\nPRETTY_NAME=Debian 12\n",
    "/etc/passwd": b"root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/app:/bin/sh\n",
    "/etc/group": b"root:x:0:\napp:x:1000:\n",
    "/usr/bin/su": File(data=b"\x7fELF" + b"s" * 100, mode=0o4755),
    "/usr/share/shop/big": b"b" * 5000,
    "/usr/share/shop/other-name": HardLink(target="/usr/share/shop/big"),
    "/var/lib/dpkg/status": STATUS,
    "/var/lib/dpkg/info/shop.list": b"/.\n/usr\n/usr/share/shop/big\n/usr/bin/su\n",
    "/var/cache/junk": b"j" * 3000,
}
APP: Content = {
    "/app": Directory(uid=1000, gid=1000),
    "/app/copy": b"b" * 5000,
    "/app/main.py": b"print('hello')\n",
    "/app/link": Symlink(target="main.py"),
    "/var/cache/.wh.junk": b"",
}
HISTORY = [
    {"created_by": "/bin/sh -c #(nop) ADD file:1 in / "},
    {"created_by": '/bin/sh -c #(nop)  CMD ["bash"]', "empty_layer": True},
    {"created_by": "COPY app /app # buildkit"},
    {"created_by": "USER app", "empty_layer": True},
]
CONFIG: dict[str, object] = {
    "User": "app",
    "Env": ["PATH=/usr/bin", "API_TOKEN=hunter2hunter2hunter2"],
    "Cmd": ["python3", "/app/main.py"],
    "ExposedPorts": {"8000/tcp": {}},
    "Healthcheck": {"Test": ["CMD", "true"], "StartInterval": 2_000_000_000},
    "Labels": {"who": "me"},
    "Volumes": {"/data": {}},
    "StopSignal": "SIGINT",
}

Writer = Callable[..., str]


@pytest.fixture
def image(tmp_path: Path) -> Writer:
    """Write an OCI layout and give what the command takes."""

    def write(
        *layers: Content | Layer,
        name: str = "image",
        config: dict[str, object] | None = None,
        **extra: object,
    ) -> str:
        built = make_image(
            layers or (BASE, APP), CONFIG if config is None else config, extra=extra or None
        )
        return f"oci:{built.write_layout(tmp_path / name)}"

    return write


def document(*arguments: str, schema: str = "xray", code: int = 0) -> Any:  # decoded JSON
    done = jettison(*arguments, "--format", "json")
    assert done.returncode == code, done.stderr
    found = json.loads(done.stdout)
    validator = jsonschema.Draft202012Validator(
        json.loads((SCHEMAS / f"{schema}.schema.json").read_bytes())
    )
    validator.validate(found)
    return found


def test_the_whole_document(image: Writer) -> None:
    found = document("xray", image(history=HISTORY))
    base, app = found["layers"]
    assert (base["is_base"], app["is_base"]) == (True, False)
    assert "COPY app /app" in app["instruction"]
    assert base["compressed_size_bytes"] > 0
    assert app["added"]["count"] == 4
    assert app["deleted"] == {"count": 1, "size_bytes": 3000}
    assert app["largest"][0]["path"] == "/app/copy"
    (package,) = found["packages"]
    assert (package["type"], package["name"], package["version"]) == ("deb", "shop", "1.0-1")
    assert (package["size_bytes"], package["file_count"], package["layer"]) == (5104, 2, 0)
    owners = {row["path"]: row["owner"] for row in found["files"]}
    assert owners["/usr/share/shop/big"] == "deb shop 1.0-1"
    assert owners["/app/copy"] == ""
    assert "/app/copy" in {row["path"] for row in found["unowned"]["largest"]}
    assert "/usr/share/shop/other-name" not in {row["path"] for row in found["unowned"]["largest"]}
    assert found["wasted_bytes"] == 3000
    assert found["waste"][0] == {"path": "/var/cache/junk", "size_bytes": 3000, "layers": [0, 1]}
    (group,) = found["duplicates"]
    assert (group["count"], group["wasted_bytes"]) == (2, 5000)
    assert found["image"]["size_bytes"] - found["image"]["visible_size_bytes"] == 3000
    kinds = {(row["kind"], row["path"]) for row in found["risks"]}
    assert ("setuid", "/usr/bin/su") in kinds


def test_the_config_as_it_is_without_its_secrets(image: Writer) -> None:
    target = image()
    config = document("xray", target, "--only", "config")["config"]
    assert config["user"] == {
        "configured": "app",
        "name": "app",
        "uid": 1000,
        "gid": 1000,
        "is_root": False,
        "problem": "",
    }
    assert config["healthcheck"]["start_interval_s"] == 2.0
    assert config["exposed_ports"] == ["8000/tcp"]
    assert config["distro"]["id"] == "debian"
    assert {row["name"]: row["value"] for row in config["env"]} == {
        "PATH": "/usr/bin",
        "API_TOKEN": "***",
    }
    for form in ("text", "json"):
        assert "hunter2" not in jettison("xray", target, "--format", form).stdout


def test_the_same_image_gives_the_same_document_wherever_it_is(tmp_path: Path) -> None:
    built = make_image((BASE, APP), CONFIG, extra={"history": HISTORY})
    layout = built.write_layout(tmp_path / "layout")
    archive = built.write_archive(tmp_path / "image.tar")
    saved = tmp_path / "saved.tar"
    built.write_docker_archive(saved)
    found = [
        document("xray", target)
        for target in (f"oci:{layout}", f"oci-archive:{archive}", f"docker-archive:{saved}")
    ]
    for item in found:
        del item["image"], item["stages"]
        for layer in item["layers"]:
            del layer["digest"], layer["media_type"], layer["compressed_size_bytes"]
    assert found[0] == found[1] == found[2]


def with_parents(content: Content) -> Content:
    """The engine has an entry for every directory, whether the layer names it or not."""
    paths = {str(parent) for path in content for parent in PurePosixPath(path).parents} - {"/"}
    return {**{path: Directory() for path in sorted(paths)}, **content}


@pytest.mark.needs("docker", "root")
def test_an_engines_own_directories_show_the_same(tmp_path: Path) -> None:
    layers = (with_parents(BASE), with_parents(APP))
    built = make_image(layers, CONFIG, extra={"history": HISTORY})
    saved = tmp_path / "saved.tar"
    name = f"jettison-xray-test-{secrets.token_hex(4)}:1"
    built.write_docker_archive(saved, (name,))
    run(("docker", "load", "--quiet", "--input", str(saved)), timeout_s=60)
    try:
        places = (f"docker:{name}", f"docker-archive:{saved}")
        found = [document("xray", place) for place in places]
    finally:
        run(("docker", "image", "rm", "--force", name), timeout_s=60)
    for item in found:
        del item["image"]["reference"], item["stages"]
    assert found[0]["image"]["compressed_size_bytes"] is None
    assert found[0] == found[1]


def test_only_what_is_asked_for(image: Writer) -> None:
    target = image()
    found = document("xray", target, "--only", "packages")
    assert found["packages"]
    assert found["layers"] is None
    assert found["duplicates"] is None
    assert {stage["name"] for stage in found["stages"]} == {"open", "read", "packages"}
    done = jettison("xray", target, "--only", "packages,layers")
    assert "PACKAGES (1)" in done.stdout
    assert "its largest files" in done.stdout
    done = jettison("xray", target, "--only", "package")
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean packages?" in done.stderr


def test_a_summary_for_people(image: Writer) -> None:
    done = jettison("xray", image(history=HISTORY), env={"NO_COLOR": "1", "COLUMNS": "80"})
    assert done.returncode == 0
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    assert "\x1b" not in done.stdout + done.stderr
    for told in ("runs as     app (1000:1000)", "WASTED MOST", "DUPLICATES", "RISKS"):
        assert told in done.stdout


def test_gates_say_what_failed_and_end_with_1(image: Writer, tmp_path: Path) -> None:
    target = image()
    gates = "size=1MB,setuid=0,waste=10%,root=0"
    found = document("xray", target, "--gate", gates, "--only", "layers", code=1)
    assert {row["name"]: row["passed"] for row in found["gates"]} == {
        "size": True,
        "waste": False,
        "root": True,
        "setuid": False,
    }
    assert found["risks"] is None
    done = jettison("xray", target, "--gate", gates)
    assert "setuid is 1, allowed 0" in done.stderr
    assert "waste is " in done.stderr
    assert "size is" not in done.stderr
    (tmp_path / "jettison.toml").write_text('[xray.gate]\nsize = "1kB"\n')
    assert jettison("xray", target, cwd=tmp_path).returncode == 1
    assert jettison("xray", target, "--gate", "size=1MB", cwd=tmp_path).returncode == 0
    done = jettison("xray", target, "--gate", "sise=1")
    assert (done.returncode, done.stdout) == (2, "")


def test_two_images_side_by_side(image: Writer) -> None:
    before = image()
    config = {**CONFIG, "User": "root", "Env": ["PATH=/usr/bin", "API_TOKEN=other-secret-value"]}
    after = image(BASE, {**APP, "/app/main.py": b"print('bye!!')\n"}, name="b", config=config)
    found = document("xray", "diff", before, after, schema="xray-diff")
    assert found["shared_layer_count"] == 1
    assert found["files"] == [
        {
            "path": "/app/main.py",
            "change": "changed",
            "before_bytes": 15,
            "after_bytes": 15,
            "aspects": ["content"],
        }
    ]
    assert found["packages"] == []
    assert {row["name"]: (row["before"], row["after"]) for row in found["config"]} == {
        "env API_TOKEN": ("***", "***"),
        "user": ("app", "root"),
    }
    text = jettison("xray", "diff", before, after).stdout
    assert "PATHS (1 changed)" in text
    assert "nothing differs" in jettison("xray", "diff", before, before).stdout


def test_a_history_that_does_not_fit_is_said_and_not_used(image: Writer) -> None:
    found = document("xray", image(history=HISTORY[:2]))
    assert [row["instruction"] for row in found["layers"]] == ["", ""]
    assert any("history tells of 1 layer" in notice for notice in found["notices"])


def test_names_that_are_no_text(image: Writer) -> None:
    odd = "/app/caf\udce9\x1b[2J"
    target = image(BASE, {odd: b"x" * 9000})
    found = document("xray", target)
    assert found["files"][0]["path"] == "/app/caf\\xe9\x1b[2J"
    done = jettison("xray", target, "--only", "files")
    assert "/app/caf\\xe9\\x1b[2J" in done.stdout


@pytest.mark.needs("root")
def test_an_ordinary_user_sees_the_same(image: Writer, account_without_subids: Account) -> None:
    target = image()
    layout = account_without_subids.home / "image"
    shutil.copytree(target.removeprefix("oci:"), layout)
    account_without_subids.give(layout)
    done = account_without_subids.jettison("xray", f"oci:{layout}", "--format", "json")
    assert done.returncode == 0, done.stderr
    theirs, ours = json.loads(done.stdout), document("xray", target)
    for item in (theirs, ours):
        del item["stages"], item["image"]["reference"]
    assert theirs == ours


def refused(code: int, *arguments: str) -> str:
    done = jettison("xray", *arguments)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_layers_that_are_broken_or_missing(image: Writer, tmp_path: Path) -> None:
    target = image()
    layers = make_image((BASE, APP), CONFIG).layers
    blob = tmp_path / "image/blobs/sha256" / layers[1].digest.hex
    whole = blob.read_bytes()
    blob.write_bytes(whole[: len(whole) // 2])
    assert "layer 1" in refused(4, target)
    blob.unlink()
    assert blob.name in refused(4, target)
    blob.write_bytes(whole)
    assert jettison("xray", target, "--only", "layers").returncode == 0


def test_a_foreign_layer(tmp_path: Path) -> None:
    kind = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    layer = make_layer(BASE)
    foreign = Layer(tar=layer.tar, blob=layer.blob, media_type=kind)
    layout = make_image([foreign]).write_layout(tmp_path / "image")
    told = refused(4, f"oci:{layout}")
    assert "its bytes are not part of the image" in told


def test_a_platform_that_is_not_there(tmp_path: Path) -> None:
    index = make_index([make_image([BASE], platform="linux/arm64")])
    layout = index.write_layout(tmp_path / "index")
    assert "linux/s390x" in refused(4, f"oci:{layout}", "--platform", "linux/s390x")
    found = document("xray", f"oci:{layout}", "--platform", "linux/arm64", "--only", "layers")
    assert found["image"]["platform"] == "linux/arm64"


def test_an_image_that_is_not_there(tmp_path: Path) -> None:
    assert "nowhere" in refused(4, f"oci:{tmp_path / 'nowhere'}")
    assert "diff" in refused(2, "diff")
