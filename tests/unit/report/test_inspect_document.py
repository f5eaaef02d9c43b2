from pathlib import Path

from jettison.report.copy_document import render_copy_text
from jettison.report.inspect_document import render_inspect_text
from support.inspect_documents import ONE, TWO, copy_document, inspect_document

GOLDEN = Path(__file__).parents[2] / "golden"


def test_an_image_is_shown_within_the_width(update_golden: bool) -> None:
    text = render_inspect_text(inspect_document(), width=80)
    golden = GOLDEN / "inspect.txt"
    if update_golden:
        golden.write_text(text)
    assert text == golden.read_text()
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text


def test_a_copy_says_whether_it_is_the_same() -> None:
    lines = render_copy_text(copy_document()).splitlines()
    assert lines == [
        "registry:hub.example/app:1",
        ONE,
        "the same digest as before",
        "linux/amd64, linux/arm64",
        "blobs: 3 written (12.3MB), 1 there before",
    ]
    lines = render_copy_text(copy_document(digest=TWO, mounted=2)).splitlines()
    assert lines[1:3] == [TWO, f"before: {ONE}"]
    assert lines[-1].endswith("1 there before, 2 out of another repository")
