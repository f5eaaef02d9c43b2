from __future__ import annotations

import pytest

from jettison.xray.users import find_user

PASSWD = """\
root:x:0:0:root:/root:/bin/sh
# a comment:x:5:5::
broken
toor:x:0:0::/:/bin/sh
app:x:1000:1001:the app:/home/app:/bin/sh
"""
GROUP = "root:x:0:\napp:x:1001:\nstaff:x:50:app\n"
STARTS_NOT = "the container does not start"


@pytest.mark.parametrize(
    ("configured", "name", "uid", "gid", "is_root"),
    [
        ("", "root", 0, 0, True),
        ("0", "root", 0, 0, True),
        ("0:0", "root", 0, 0, True),
        ("root", "root", 0, 0, True),
        ("root:root", "root", 0, 0, True),
        (":50", "root", 0, 50, True),
        ("toor", "toor", 0, 0, True),
        ("app", "app", 1000, 1001, False),
        ("app:staff", "app", 1000, 50, False),
        ("1000", "app", 1000, 1001, False),
        ("4711", "", 4711, 0, False),
        ("4711:12", "", 4711, 12, False),
    ],
)
def test_all_spellings(
    configured: str, name: str, uid: int, gid: int, is_root: bool
) -> None:  # a parameter of the test
    user = find_user(configured, PASSWD, GROUP)
    assert (user.name, user.uid, user.gid, user.is_root) == (name, uid, gid, is_root)
    assert bool(user.problem) == is_root


@pytest.mark.parametrize(
    ("configured", "problem"),
    [
        ("nobody-here", f"user 'nobody-here' is not in the image's /etc/passwd: {STARTS_NOT}"),
        ("nobody-here:app", "user 'nobody-here' is not in"),
        ("app:wheel", f"group 'wheel' is not in the image's /etc/group: {STARTS_NOT}"),
        ("9999999999", f"user 9999999999 is over 2147483647: {STARTS_NOT}"),
        ("app:9999999999", "group 9999999999 is over"),
        ("", "no USER is set"),
        ("0:0", "USER is root"),
    ],
)
def test_what_is_wrong_is_said(configured: str, problem: str) -> None:
    assert find_user(configured, PASSWD, GROUP).problem.startswith(problem)


def test_a_name_that_is_not_there_is_not_root() -> None:
    user = find_user("ghost", PASSWD, GROUP)
    assert (user.name, user.uid, user.gid, user.is_root) == ("ghost", None, None, False)


def test_an_image_without_account_files() -> None:
    assert find_user("root:root", "", "").is_root
    assert find_user("1000:1000", "", "").uid == 1000
    assert STARTS_NOT in find_user("app", "", "").problem
