import errno
import json
import os
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from jettison.digest import Digest
from jettison.errors import (
    HostError,
    InvalidImageError,
    TagExistsError,
    TransportError,
)
from jettison.image import Compression
from jettison.transport import sinks
from jettison.transport.layout_image import LayoutImage
from jettison.transport.schemes import parse_target
from jettison.transport.sinks import check_sink, write_sink
from support.accounts import Account
from support.images import make_image, make_index, write_tar_of
from support.transports import opened, typical_image

FORMS = pytest.mark.parametrize(
    "form", ["oci:{}/out:1", "oci-archive:{}/out.tar:1", "docker-archive:{}/out.tar:app:1"]
)


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    """A layout of one image, apart from where is written."""
    return typical_image().write_layout(tmp_path / "layout")


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """An empty directory to write into."""
    made = tmp_path / "room"
    made.mkdir()
    return made


def _names(directory: Path) -> list[str]:
    return sorted(str(item.relative_to(directory)) for item in directory.rglob("*"))


@FORMS
def test_the_same_image_is_written_as_the_same_bytes(form: str, room: Path, layout: Path) -> None:
    trees = []
    for name in ("first", "second"):
        (room / name).mkdir()
        write_sink(parse_target(form.format(room / name)), layout, overwrite=False)
        files = [item for item in (room / name).rglob("*") if item.is_file()]
        trees.append({str(item.relative_to(room / name)): item.read_bytes() for item in files})
        assert all(item.stat().st_mode & 0o777 == 0o644 for item in files)
    assert trees[0] == trees[1]
    assert trees[0]


@FORMS
def test_nothing_of_this_host_is_in_an_archive(form: str, room: Path, layout: Path) -> None:
    if not form.startswith("oci:"):
        write_sink(parse_target(form.format(room)), layout, overwrite=False)
        with tarfile.open(room / "out.tar") as archive:
            members = archive.getmembers()
        assert members
        assert {(m.uid, m.gid, m.uname, m.gname, m.mtime, m.mode) for m in members} == {
            (0, 0, "", "", 0, 0o644)
        }


@FORMS
def test_a_directory_that_is_not_there_is_refused_before_the_work(form: str, room: Path) -> None:
    target = parse_target(form.format(room / "deep" / "deeper"))
    with pytest.raises(TransportError, match="is no directory") as caught:
        check_sink(target, overwrite=False)
    assert caught.value.hint == "make it first"


@FORMS
def test_what_is_no_place_for_an_image_is_kept_even_if_forced(
    form: str, room: Path, layout: Path
) -> None:
    if form.startswith("oci:"):
        (room / "out").mkdir()
        (room / "out" / "precious").write_text("mine")
        said = "other things than an OCI layout"
    else:
        (room / "out.tar").mkdir()
        said = "no regular file"
    before = _names(room)
    for forced in (False, True):
        with pytest.raises(TransportError, match=said):
            check_sink(parse_target(form.format(room)), overwrite=forced)
        with pytest.raises(TransportError, match=said):
            write_sink(parse_target(form.format(room)), layout, overwrite=forced)
    assert _names(room) == before


def test_a_file_where_a_layout_should_be_is_kept(room: Path) -> None:
    (room / "out").write_text("mine")
    with pytest.raises(TransportError, match="is a file"):
        check_sink(parse_target(f"oci:{room}/out:1"), overwrite=True)
    assert (room / "out").read_text() == "mine"


@pytest.mark.parametrize("content", [b"", b"my thesis", b"\x1f\x8b\x08"])
def test_a_file_that_is_no_archive_is_replaced_only_if_asked(
    room: Path, layout: Path, content: bytes
) -> None:
    (room / "out.tar").write_bytes(content)
    target = parse_target(f"oci-archive:{room}/out.tar:1")
    with pytest.raises(TagExistsError):
        check_sink(target, overwrite=False)
    assert (room / "out.tar").read_bytes() == content
    write_sink(target, layout, overwrite=True)
    with opened(target, room / "work") as source:
        assert source.digest == typical_image().digest


def test_an_archive_with_other_images_beside_ours_is_not_replaced(room: Path, layout: Path) -> None:
    made = make_image(extra={"history": [{"created_by": "jettison slim: app layer"}]})
    files = made.files("1")
    index = json.loads(files["index.json"])
    index["manifests"].append({**index["manifests"][0], "annotations": {"x": "y"}})
    files["index.json"] = json.dumps(index).encode()
    (room / "out.tar").write_bytes(write_tar_of(files))
    with pytest.raises(TagExistsError):
        check_sink(parse_target(f"oci-archive:{room}/out.tar:1"), overwrite=False)


def test_an_empty_directory_becomes_a_layout(room: Path, layout: Path) -> None:
    (room / "out").mkdir()
    target = parse_target(f"oci:{room}/out:1")
    write_sink(target, layout, overwrite=False)
    with opened(target, room / "work") as source:
        assert source.digest == typical_image().digest


def test_other_images_of_a_layout_stay_as_they_are(room: Path, layout: Path) -> None:
    index = make_index([make_image(), make_image([{"/arm": b""}], platform="linux/arm64")])
    index.write_layout(room / "out", "theirs")
    raw = json.loads((room / "out" / "index.json").read_bytes())
    raw["annotations"] = {"kept": "yes"}
    raw["manifests"][0]["unknown"] = [1]
    (room / "out" / "index.json").write_text(json.dumps(raw))
    with pytest.raises(TagExistsError):
        check_sink(parse_target(f"oci:{room}/out:theirs"), overwrite=False)

    for _ in range(2):
        write_sink(parse_target(f"oci:{room}/out:ours"), layout, overwrite=True)
    after = json.loads((room / "out" / "index.json").read_bytes())
    assert after["annotations"] == {"kept": "yes"}
    assert after["manifests"][0] == raw["manifests"][0]
    assert len(after["manifests"]) == 2
    with opened(parse_target(f"oci:{room}/out:theirs"), room / "work") as source:
        assert source.digest == index.images[0].digest


@FORMS
def test_a_full_disk_leaves_nothing_behind(form: str, room: Path, layout: Path) -> None:
    target = parse_target(form.format(room))
    # RLIMIT_FSIZE makes the kernel refuse, as a full disk does; in a child, for it is for good.
    child = os.fork()
    if child == 0:
        import resource
        import signal

        status = 1
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))
            write_sink(target, layout, overwrite=False)
        except (TransportError, HostError):
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert _names(room) == []


def test_no_space_is_the_hosts_fault(
    room: Path, monkeypatch: pytest.MonkeyPatch, layout: Path
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(sinks, "write_layout", full)
    with pytest.raises(HostError, match="No space left") as caught:
        write_sink(parse_target(f"oci:{room}/out:1"), layout, overwrite=False)
    assert caught.value.exit_code == 3


def test_layers_that_were_never_packed_are_taken_as_they_are(room: Path, tmp_path: Path) -> None:
    layers = [{"/app/main.py": b"print(1)"}]
    packed = make_image(layers).write_layout(tmp_path / "packed")
    plain = make_image(layers, compression=Compression.NONE).write_layout(tmp_path / "plain")
    from_packed = parse_target(f"docker-archive:{room}/a.tar:app:1")
    from_plain = parse_target(f"docker-archive:{room}/b.tar:app:1")
    told = write_sink(from_packed, packed, overwrite=False)
    assert replace(told, target=from_plain) == write_sink(
        from_plain, packed, plain=plain, overwrite=False
    )
    assert (room / "a.tar").read_bytes() == (room / "b.tar").read_bytes() != b""


def test_another_image_is_not_taken_for_the_one_to_write(room: Path, tmp_path: Path) -> None:
    packed = make_image([{"/a": b"1"}]).write_layout(tmp_path / "packed")
    other = make_image([{"/a": b"2"}], compression=Compression.NONE)
    plain = other.write_layout(tmp_path / "plain")
    target = parse_target(f"docker-archive:{room}/a.tar:app:1")
    with pytest.raises(InvalidImageError, match=f"not {told_digest(packed)}"):
        write_sink(target, packed, plain=plain, overwrite=False)
    assert _names(room) == []


def told_digest(layout: Path) -> Digest:
    return LayoutImage.open(layout).config_digest


def test_a_layout_with_several_images_is_not_written(room: Path, tmp_path: Path) -> None:
    image = make_image()
    layout = image.write_layout(tmp_path / "several")
    entries = [{**image.root_descriptor(), "annotations": {"n": n}} for n in "ab"]
    (layout / "index.json").write_text(json.dumps({"manifests": entries}))
    with pytest.raises(InvalidImageError, match="has 2 images where one is expected"):
        write_sink(parse_target(f"oci:{room}/out:1"), layout, overwrite=False)
    assert _names(room) == []


def test_two_writers_of_one_layout_do_not_lose_each_other(room: Path, layout: Path) -> None:
    write_sink(parse_target(f"oci:{room}/out:0"), layout, overwrite=False)
    children = []
    for number in range(1, 7):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                write_sink(parse_target(f"oci:{room}/out:{number}"), layout, overwrite=False)
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 6
    index = json.loads((room / "out" / "index.json").read_bytes())
    tags = {item["annotations"]["org.opencontainers.image.ref.name"] for item in index["manifests"]}
    assert tags == {str(number) for number in range(7)}


@pytest.mark.needs("userns")
def test_a_directory_that_may_not_be_written_to_is_refused(account: Account) -> None:
    code = (
        "from jettison.transport.schemes import parse_target\n"
        "from jettison.transport.sinks import check_sink\n"
        "check_sink(parse_target('oci-archive:/usr/out.tar:1'), overwrite=False)"
    )
    done = account.run([account.python, "-c", code], check=False)
    assert "TransportError: oci-archive:/usr/out.tar:1: /usr may not be written to" in done.stderr


def test_an_incomplete_target_is_a_bug_of_ours(layout: Path) -> None:
    with pytest.raises(ValueError, match="no complete target"):
        write_sink(parse_target("app"), layout, overwrite=False)
