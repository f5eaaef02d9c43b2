from __future__ import annotations

import pytest

from jettison.errors import InvalidImageError
from jettison.runtime.users import ContainerUser, limit_user, resolve_user

PASSWD = """\
root:x:0:0:root:/root:/bin/bash
app:x:999:998:App:/home/app:/bin/sh
bare:x:1000:1000
# a comment:x:1:1::/:
broken:x:abc:1::/:
1234:x:77:77::/seven:
"""
GROUP = """\
root:x:0:
adm:x:4:app,other
app:x:998:
docker:x:999:app
nobody-in-it:x:5:
"""


def user(uid: int, gid: int, groups: tuple[int, ...], home: str) -> ContainerUser:
    return ContainerUser(uid=uid, gid=gid, groups=groups, home=home)


# Each line is what `docker run --user` gives for the same files.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", user(0, 0, (0,), "/root")),
        ("root", user(0, 0, (0,), "/root")),
        ("0", user(0, 0, (0,), "/root")),
        ("0:0", user(0, 0, (0,), "/root")),
        ("root:root", user(0, 0, (0,), "/root")),
        (":", user(0, 0, (0,), "/root")),
        (":adm", user(0, 4, (4,), "/root")),
        ("app", user(999, 998, (998, 4, 999), "/home/app")),
        ("999", user(999, 998, (998, 4, 999), "/home/app")),
        ("app:", user(999, 998, (998, 4, 999), "/home/app")),
        ("app:adm", user(999, 4, (4,), "/home/app")),
        ("app:50", user(999, 50, (50,), "/home/app")),
        ("999:999", user(999, 999, (999,), "/home/app")),
        ("12345", user(12345, 0, (0,), "/")),
        ("12345:12345", user(12345, 12345, (12345,), "/")),
        ("00999", user(999, 998, (998, 4, 999), "/home/app")),
        ("bare", user(1000, 1000, (1000,), "/")),
        # A number is an id, also where it is somebody's name.
        ("1234", user(1234, 0, (0,), "/")),
    ],
)
def test_every_spelling_resolves_as_with_docker(text: str, expected: ContainerUser) -> None:
    assert resolve_user(text, PASSWD, GROUP) == expected


def test_an_image_without_the_files_knows_numbers_only() -> None:
    assert resolve_user("", "", "") == user(0, 0, (0,), "/")
    assert resolve_user("65532:65532", "", "") == user(65532, 65532, (65532,), "/")
    with pytest.raises(InvalidImageError, match="'nonroot' is not in the image's /etc/passwd"):
        resolve_user("nonroot", "", "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ghost", "user 'ghost'"),
        ("app:ghosts", "group 'ghosts'"),
        ("broken", "user 'broken'"),
        ("-1", "user '-1'"),
        ("4294967296", "user 4294967296 is over 2147483647"),
        ("0:99999999999", "group 99999999999 is over"),
        ("²", "user '²'"),
    ],
)
def test_what_cannot_be_resolved_is_named(text: str, message: str) -> None:
    with pytest.raises(InvalidImageError, match=message):
        resolve_user(text, PASSWD, GROUP)


def test_users_within_the_ids_are_left_alone() -> None:
    app = user(999, 998, (998, 4), "/home/app")
    assert limit_user(app, "app", 1 << 32) == (app, "")
    assert limit_user(app, "app", 1000) == (app, "")


def test_users_beyond_the_ids_become_root_with_a_notice() -> None:
    app = user(999, 998, (998, 4), "/home/app")
    found, notice = limit_user(app, "app", 999)
    assert found == user(0, 0, (998, 4), "/home/app")
    assert "too few subordinate ids" in notice
    assert "'app' (999:998)" in notice
    found, notice = limit_user(app, "app", 1)
    assert found == user(0, 0, (0,), "/home/app")
    assert "no user but root" in notice


def test_root_of_a_single_id_is_told_what_will_fail() -> None:
    root = user(0, 0, (0,), "/root")
    found, notice = limit_user(root, "", 1)
    assert found == root
    assert "programs that change to another fail" in notice
