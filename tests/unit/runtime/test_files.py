from __future__ import annotations

from pathlib import Path

from jettison.paths import ImagePath
from jettison.runtime.files import read_host_file, render_hosts, write_generated_files


def test_hosts_knows_localhost_and_the_container() -> None:
    lines = render_hosts("web").splitlines()
    assert lines[0] == "127.0.0.1\tlocalhost"
    assert lines[-1] == "127.0.0.1\tweb"


def test_each_file_is_written_and_can_be_replaced(tmp_path: Path) -> None:
    found = write_generated_files(tmp_path, "web", {"resolv.conf": "nameserver 127.0.0.11\n"})
    assert Path(found[ImagePath("/etc/hostname")]).read_text() == "web\n"
    assert "web" in Path(found[ImagePath("/etc/hosts")]).read_text()
    assert "127.0.0.11" in Path(found[ImagePath("/etc/resolv.conf")]).read_text()


def test_a_host_file_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert read_host_file("hosts", str(tmp_path)) == ""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/hosts").write_text("127.0.0.1 db\n")
    assert read_host_file("hosts", str(tmp_path)) == "127.0.0.1 db\n"
