import pytest

from jettison.paths import ROOT, ImagePath


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("usr/lib/../bin/env", "/usr/bin/env"),
        ("/usr//bin/./env/", "/usr/bin/env"),
        ("//etc", "/etc"),
        ("../../etc", "/etc"),
        ("", "/"),
        (".", "/"),
        (b"caf\xe9", "/caf\udce9"),
    ],
)
def test_parse_normalizes_without_leaving_the_root(text: str | bytes, path: str) -> None:
    assert ImagePath.parse(text) == path


def test_parse_refuses_nul() -> None:
    with pytest.raises(ValueError, match="NUL"):
        ImagePath.parse("a\0b")


def test_parts() -> None:
    path = ImagePath.parse("/a/b.py")
    assert (path.parent, path.name, path.suffix, path.relative) == ("/a", "b.py", ".py", "a/b.py")
    assert path.parents == ("/a", "/")
    assert ROOT.parent == ROOT
    assert ROOT.parents == ()
    assert path / "../c" == "/a/c"
    assert path / "/x" == "/x"


def test_is_below_needs_a_whole_component() -> None:
    assert ImagePath("/app/x").is_below("/app")
    assert ImagePath("/app").is_below("/app")
    assert ImagePath("/app").is_below("/")
    assert not ImagePath("/application").is_below("/app")
