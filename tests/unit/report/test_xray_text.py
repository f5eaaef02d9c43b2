from __future__ import annotations

import msgspec
import pytest
from rich.cells import cell_len

from jettison.report.xray_diff_text import render_xray_diff_text
from jettison.report.xray_document import Part, XrayDocument
from jettison.report.xray_text import render_xray_text
from support.xray_documents import xray_diff_document, xray_document

ALL = frozenset(Part)


def test_the_summary_tells_of_every_part() -> None:
    text = render_xray_text(xray_document(), ALL)
    for told in (
        "docker:shop  linux/amd64  2026-11-28",
        "size        112MB in 2 layers, 5,000 files; 2MB hidden by later layers",
        "efficiency  98.2%, 4MB wasted (33.3% of what follows the first layer)",
        "duplicates  2MB in 1 content",
        "packages    1 deb, 1 python; 2.1MB in 12 files of no package",
        "runs as     root (0:0): no USER is set",
        "risks       1 high, 1 medium",
        "slimming    would save about 70MB (64%)",
        "RUN pip install flask",
        "2MB  /usr/share/doc/x  layers 0, 1",
        "2MB  2x  /app/big.bin  /app/copy.bin",
        "8MB  deb     perl-base",
        "high    secret  1  AWS access key, deleted in layer 1 (/root/.env",
        "20MB  documentation  900 files",
        "gate size: FAILED; found 112MB, allowed 100MB",
        "note: a notice",
        "next: jettison slim docker:shop",
    ):
        assert told in text, told


@pytest.mark.parametrize("width", [60, 80, 120])
def test_it_fits_and_is_plain(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    for text in (
        render_xray_text(xray_document(), ALL, width=width),
        render_xray_diff_text(xray_diff_document(), width=width),
    ):
        assert "\x1b" not in text
        assert not [line for line in text.splitlines() if line != line.rstrip()]
        long = [line for line in text.splitlines() if cell_len(line) > width]
        assert all(line.startswith(("gate", "note")) for line in long)


@pytest.mark.parametrize("part", Part)
def test_each_part_can_be_shown_alone(part: Part) -> None:
    text = render_xray_text(xray_document(), frozenset({part}))
    assert "next:" not in text
    shown = {
        Part.LAYERS: "its largest files",
        Part.PACKAGES: "PACKAGES (2)",
        Part.FILES: "LARGEST FILES",
        Part.WASTE: "WASTED MOST",
        Part.DUPLICATES: "DUPLICATES",
        Part.CONFIG: "env          API_KEY=***",
        Part.RISKS: "RISKS",
        Part.DOCKERFILE: "RUN pip install flask && rm -r /usr/share/doc",
        Part.ESTIMATE: "SLIMMING WOULD TAKE AWAY ABOUT",
    }
    assert shown[part] in text


def test_nothing_is_missing_of_what_is_shown_in_full() -> None:
    small = xray_document()
    assert small.risks is not None
    detail = "history, line 4: " + "signed JSON web token " * 5 + "at its end"
    risks = (msgspec.structs.replace(small.risks[0], detail=detail),)
    document = msgspec.structs.replace(small, risks=risks)
    words = " ".join(render_xray_text(document, frozenset({Part.RISKS})).split())
    assert detail in words
    assert detail not in " ".join(render_xray_text(document, ALL).split())


def test_a_user_that_does_not_exist_is_told_whole() -> None:
    small = xray_document()
    assert small.config is not None
    problem = "user 'ghost' is not in the image's /etc/passwd: the container does not start"
    user = msgspec.structs.replace(small.config.user, problem=problem)
    config = msgspec.structs.replace(small.config, user=user)
    text = render_xray_text(msgspec.structs.replace(small, config=config), ALL)
    assert problem in " ".join(text.split())


def test_the_dockerfile_alone_is_fit_for_a_file() -> None:
    document = xray_document()
    assert document.dockerfile is not None
    text = "FROM scratch\nRUN <<EOF\n\tx\x1b[2J\u2028y\nEOF\n"
    row = msgspec.structs.replace(document.dockerfile, text=text)
    shown = render_xray_text(
        msgspec.structs.replace(document, dockerfile=row), frozenset({Part.DOCKERFILE})
    )
    assert shown == "FROM scratch\nRUN <<EOF\n\tx\\x1b[2J\\u2028y\nEOF\n"


def test_packed_sizes_are_shown_where_layers_are_packed() -> None:
    document = xray_document()
    assert "packed" not in render_xray_text(document, ALL)
    base, app = document.layers or ()
    packed = (msgspec.structs.replace(base, compressed_size_bytes=33_000_000), app)
    text = render_xray_text(msgspec.structs.replace(document, layers=packed), ALL)
    assert "100MB    33MB  4,500" in text
    assert "12MB       -    900" in text


def test_slimming_is_proposed_where_it_saves_something() -> None:
    document = xray_document()
    assert document.estimate is not None
    small = msgspec.structs.replace(document.estimate, saved_bytes=1_000_000)
    text = render_xray_text(msgspec.structs.replace(document, estimate=small), ALL)
    assert "jettison slim" not in text
    assert "next: jettison xray --only PART" in text


def test_a_document_without_any_part_still_says_what_it_is_of() -> None:
    document = XrayDocument(image=xray_document().image)
    text = render_xray_text(document, ALL)
    assert text.startswith("docker:shop")
    assert "efficiency" not in text


def test_names_of_the_image_cannot_act_on_the_terminal() -> None:
    document = xray_document()
    image = msgspec.structs.replace(document.image, reference="a\x1b[2J\nb")
    text = render_xray_text(msgspec.structs.replace(document, image=image), ALL)
    assert "\x1b" not in text
    assert text.startswith("a\\x1b[2J\\nb")


def test_the_difference_in_one_view() -> None:
    text = render_xray_diff_text(xray_diff_document())
    for told in (
        "size     112MB  100MB     -12MB",
        "SETTINGS (1)",
        "user  -  →  app",
        "PACKAGES (1 changed)",
        "~  python  flask  2.3.3 → 3.0.0  +50kB",
        "PATHS (1 removed, 1 changed), the largest",
        "-   2MB  /app/big.bin",
        "~  120B  /app/main.py  content, mode",
        "note: a notice",
    ):
        assert told in text, told


def test_one_path_is_one_path() -> None:
    document = xray_diff_document()
    [row] = document.directories
    one = msgspec.structs.replace(row, path="/one", file_count=1)
    text = render_xray_diff_text(msgspec.structs.replace(document, directories=(row, one)))
    assert "2 paths  /app" in text
    assert "1 path  /one" in text


def test_images_that_do_not_differ_say_so() -> None:
    document = xray_diff_document()
    same = msgspec.structs.replace(
        document, after=document.before, files=(), directories=(), packages=(), config=()
    )
    assert "nothing differs but times" in render_xray_diff_text(same)
