from __future__ import annotations

from jettison.paths import ImagePath
from jettison.selection.keeper import Keeper
from jettison.selection.model import Reason, Rule
from support.trees import Directory, Symlink, make_rootfs

_REASON = Reason(rule=Rule.OBSERVED, detail="open")


def _keeper(dropped: frozenset[str] = frozenset()) -> Keeper:
    rootfs = make_rootfs(
        {
            "/lib": Symlink(target="usr/lib"),
            "/usr/lib/libx.so": Symlink(target="libx.so.1"),
            "/usr/lib/libx.so.1": b"x",
            "/usr/lib/other": b"x",
            "/var/log/app.log": Symlink(target="/dev/stdout"),
            "/app/data/a": b"x",
            "/app/data/link": Symlink(target="/usr/lib/other"),
            "/app/data/empty": Directory(),
            "/app/bin/run": b"x",
        }
    )
    return Keeper(rootfs.tree, dropped=dropped)


def test_links_on_the_way_and_parents_are_kept() -> None:
    keeper = _keeper()
    assert keeper.keep("/lib/libx.so", _REASON) == "/usr/lib/libx.so.1"
    kept = dict(keeper.items())
    assert list(kept) == [
        "/",
        "/lib",
        "/usr",
        "/usr/lib",
        "/usr/lib/libx.so",
        "/usr/lib/libx.so.1",
    ]
    assert kept[ImagePath("/usr/lib/libx.so.1")] == (_REASON,)
    assert kept[ImagePath("/lib")][0].rule is Rule.LINK
    assert kept[ImagePath("/lib")][0].because == "/usr/lib/libx.so.1"
    assert kept[ImagePath("/usr")][0].rule is Rule.PARENT
    assert keeper.keep("/usr/lib/nothing", _REASON) is None


def test_a_link_that_leads_out_of_the_image_is_kept_itself() -> None:
    keeper = _keeper()
    assert keeper.keep("/var/log/app.log", _REASON) is None
    assert keeper.reasons("/var/log/app.log") == (_REASON,)
    assert "/var/log" in keeper


def test_everything_below_a_directory() -> None:
    keeper = _keeper()
    keeper.keep_below(ImagePath("/app/data"), _REASON)
    assert {"/app/data/a", "/app/data/empty", "/app/data/link", "/usr/lib/other"} <= set(
        keeper.journal
    )
    assert "/app/bin" not in keeper
    assert keeper.reasons("/usr/lib/other")[0].rule is Rule.LINK


def test_reasons_add_up_without_repeats() -> None:
    keeper = _keeper()
    other = Reason(rule=Rule.ELF, because=ImagePath("/app/bin/run"))
    for reason in (_REASON, other, _REASON):
        keeper.keep("/usr/lib/other", reason)
    assert keeper.reasons("/usr/lib/other") == (_REASON, other)
    for number in range(100):
        keeper.keep("/usr/lib/other", Reason(rule=Rule.ELF, detail=str(number)))
    assert len(keeper.reasons("/usr/lib/other")) == 8
    assert keeper.journal.count(ImagePath("/usr/lib/other")) == 1


def test_what_the_user_dropped_is_refused() -> None:
    keeper = _keeper(frozenset({"/usr/lib/other"}))
    assert keeper.keep("/lib/other", _REASON) is None
    assert "/usr/lib/other" not in keeper
    assert keeper.refused == {"/usr/lib/other": _REASON}
    assert keeper.keep("/lib/libx.so.1", _REASON) is not None


def test_programs_and_the_journal() -> None:
    keeper = _keeper()
    start = len(keeper.journal)
    keeper.keep_program("/app/bin/run", _REASON)
    keeper.keep_program("/app/bin/run", _REASON)
    keeper.keep("/usr/lib/other", _REASON)
    assert list(keeper.programs) == ["/app/bin/run"]
    assert keeper.release(ImagePath("/usr/lib/other")) == (_REASON,)
    new = [entry.path for entry in keeper.new_entries(start)]
    assert "/app/bin/run" in new
    assert "/usr/lib/other" not in new
    assert len(keeper) == len(set(keeper.journal)) - 1
