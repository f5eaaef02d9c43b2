from __future__ import annotations

from jettison.analysis.inventory_read import find_unowned, read_inventory
from jettison.scan.installed import Installed, find_code_without_record, installed_of
from support.layers import Content, File
from support.trees import make_rootfs

SITE = "/usr/local/lib/python3.12/site-packages"


def dist(name: str, version: str, *requires: str, asked: bool = False, at: str = SITE) -> Content:
    info = f"{at}/{name}-{version}.dist-info"
    lines = "".join(f"Requires-Dist: {text}\n" for text in requires)
    return {
        f"{info}/METADATA": f"Name: {name}\nVersion: {version}\n{lines}".encode(),
        f"{info}/RECORD": f"{name}/__init__.py,,\n{name}-{version}.dist-info/METADATA,,\n".encode(),
        f"{at}/{name}/__init__.py": b"#\n",
        **({f"{info}/REQUESTED": b""} if asked else {}),
    }


def chains(*parts: Content) -> dict[str, list[str]]:
    installed = installed_of(read_inventory(make_rootfs(*parts)))
    return {
        item.name: [" > ".join(chain) for chain in item.introduced_through]
        for item in installed.components
        if item.type == "python"
    }


def test_requires_dist_gives_chains() -> None:
    assert chains(
        dist("flask", "2.2.2", "Jinja2>=3; python_version > '3'", asked=True),
        dist("jinja2", "3.1.2", "markupsafe", "babel; extra == 'i18n'"),
        dist("markupsafe", "2.0"),
        dist("babel", "2.0", asked=True),
    ) == {
        "babel": ["babel 2.0"],
        "flask": ["flask 2.2.2"],
        "jinja2": ["flask 2.2.2 > jinja2 3.1.2"],
        "markupsafe": ["flask 2.2.2 > jinja2 3.1.2 > markupsafe 2.0"],
    }


def test_an_extra_counts_where_somebody_asks_for_it() -> None:
    found = chains(
        dist("shop", "1", "jinja2[i18n]", asked=True),
        dist("jinja2", "3.1.2", "babel; extra == 'i18n'"),
        dist("babel", "2.0"),
    )
    assert found["babel"] == ["shop 1 > jinja2 3.1.2 > babel 2.0"]


def test_without_notes_what_nothing_needs_was_asked_for() -> None:
    found = chains(dist("a", "1", "b"), dist("b", "1"))
    assert found == {"a": ["a 1"], "b": ["a 1 > b 1"]}


def test_environments_are_apart() -> None:
    other = "/srv/venv/lib/python3.12/site-packages"
    found = installed_of(read_inventory(make_rootfs(dist("a", "1", "b"), dist("b", "1", at=other))))
    assert [item.introduced_through for item in found.components] == [(("a 1",),), (("b 1",),)]


def system(*, with_files: bool) -> Installed:
    status = (
        b"Package: python3-flask\nStatus: install ok installed\nVersion: 2.2.2-3\n"
        b"Architecture: all\n"
    )
    at = "/usr/lib/python3/dist-packages"
    listing = f"/.\n{at}/flask-2.2.2.dist-info/METADATA\n/usr/bin/flask\n".encode()
    content: Content = {
        "/etc/os-release": b"ID=debian\nVERSION_ID=12\n",
        "/var/lib/dpkg/status": status,
        "/var/lib/dpkg/info/python3-flask.list": listing,
    }
    files = dist("flask", "2.2.2", at=at) if with_files else {}
    return installed_of(read_inventory(make_rootfs({**content, **files})))


def test_a_python_package_of_the_system_is_said_to_be_one() -> None:
    owners = {item.type: item.owner for item in system(with_files=True).components}
    assert owners == {"deb": "", "python": "deb python3-flask 2.2.2-3"}
    assert system(with_files=True).without_files == ()


def test_a_record_without_files_is_named() -> None:
    assert system(with_files=False).without_files == ("deb python3-flask 2.2.2-3",)


def test_code_that_no_record_lists() -> None:
    rootfs = make_rootfs(
        {
            **dist("flask", "2.2.2"),
            f"{SITE}/stray.py": b"#\n",
            f"{SITE}/__pycache__/other.cpython-312.pyc": b"x",
            "/usr/local/bin/tool": File(data=b"\x7fELF", mode=0o755),
            "/usr/local/bin/notes": File(data=b"text", mode=0o644),
            "/opt/x/libodd.so.1.2": b"\x7fELF",
            "/opt/x/empty.so": b"",
            "/etc/ld.so.cache": b"x",
            "/srv/app.py": b"#\n",
        }
    )
    inventory = read_inventory(rootfs)
    found = find_code_without_record(rootfs.tree, find_unowned(rootfs.tree, inventory))
    assert sorted(found) == [
        "/opt/x/libodd.so.1.2",
        "/usr/local/bin/tool",
        f"{SITE}/stray.py",
    ]
