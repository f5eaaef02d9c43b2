from __future__ import annotations

import pytest

from jettison.paths import ImagePath
from jettison.report.columns import fitted
from jettison.report.container_report import make_container_report
from jettison.report.explain import explain_path
from jettison.report.removed import make_removed_report
from jettison.report.slim_document import Verification
from jettison.report.text import (
    comparison_rows,
    render_comparison,
    render_explanation,
    render_slim_text,
    verification_lines,
)
from jettison.report.units import human_size
from support.reports import facts, sample, slim_document, slimmed_facts


@pytest.mark.parametrize(
    ("size_bytes", "shown"),
    [
        (0, "0B"),
        (999, "999B"),
        (1000, "1kB"),
        (9_690_000, "9.69MB"),
        (125_400_000, "125MB"),
        (999_400_000, "999MB"),
        (999_600_000, "1GB"),
        (1_020_000_000, "1.02GB"),
        (5 * 10**15, "5e+03TB"),
    ],
)
def test_sizes_are_shown_as_docker_does(size_bytes: int, shown: str) -> None:
    assert human_size(size_bytes) == shown


def test_table_has_every_row_of_the_comparison() -> None:
    rows = {
        row.label: (row.original, row.slimmed, row.ratio)
        for row in comparison_rows(facts(), slimmed_facts())
    }
    assert rows == {
        "size": ("125MB", "25.1MB", "5.0x"),
        "compressed size": ("47MB", "9.4MB", "5.0x"),
        "files": ("9,414", "1,023", "9.2x"),
        "OS packages": ("105", "12", "8.8x"),
        "Python packages": ("9", "8", "1.1x"),
        "setuid files": ("8", "0", "-"),
        "shells": ("2", "0", "-"),
        "exec layers": ("3", "0", "-"),
    }


@pytest.mark.parametrize("width", [40, 80, 200])
def test_text_is_plain_and_fits(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    text = render_comparison(facts(), slimmed_facts(), width=width)
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= width
    assert text.splitlines()[0].split() == ["original", "slimmed", "ratio"]
    assert text.splitlines()[1].split() == ["size", "125MB", "25.1MB", "5.0x"]


def test_whole_text_names_outputs_artifacts_and_notices() -> None:
    text = render_slim_text(slim_document())
    assert text.endswith(
        "verification: passed; 7 requests, 1 round\n"
        "  not compared: GET /: header x-token\n"
        "image: docker:app.slim\n"
        "seccomp: jettison-report/app/seccomp.json\n"
        "note: /site/x.py: it has no byte code, so its source is kept\n"
    )


def test_failure_shows_the_first_differences() -> None:
    lines = verification_lines(
        Verification(
            verdict="failed",
            rounds=3,
            requests=1,
            differences=tuple(f"GET /{number}: status: 200 → 500" for number in range(25)),
        )
    )
    assert lines[0] == "verification: failed; 1 request, 3 rounds"
    assert lines[1] == "  differs: GET /0: status: 200 → 500"
    assert lines[-1] == "  and 5 more"


def test_skipped_proof_is_not_dressed_up() -> None:
    (line,) = verification_lines(Verification(verdict="skipped"))
    assert "skipped" in line


def explained(path: str) -> str:
    made = sample()
    return render_explanation(
        explain_path(
            ImagePath.parse(path),
            make_container_report(made.run, made.slimmed),
            make_removed_report(made.run, made.slimmed),
        )
    )


def test_explanation_of_a_kept_path() -> None:
    assert explained("/site/flask/app.py") == (
        "/site/flask/app.py: kept in the dependencies layer, 60B, of python flask 2.3.3\n"
        "  python: import flask, because of /app/main.py\n"
        "    yours\n"
    )


def test_explanation_of_a_dropped_path_behind_a_link() -> None:
    assert explained("/bin/perl") == (
        "/bin is a link\n"
        "/usr/bin/perl: dropped (deb perl-base 5.36.0-7+deb12u3): "
        "nothing that runs was seen to need it\n"
    )


def test_explanation_of_directories_and_of_nothing() -> None:
    assert explained("/var/log") == (
        "/var/log: dropped with all that was in it\n  dropped below it: 1 path, 1B\n"
    )
    assert explained("/nowhere") == "/nowhere: neither image has it\n"


def test_an_engine_s_layers_have_no_compressed_size() -> None:
    plain = facts(is_compressed=False, compressed_size_bytes=125_400_000)
    rows = {row.label: row for row in comparison_rows(plain, slimmed_facts())}
    assert (rows["compressed size"].original, rows["compressed size"].ratio) == ("-", "-")
    assert rows["size"].ratio == "5.0x"


def test_long_lines_are_broken_at_spaces() -> None:
    lines = fitted(["  not compared: " + "word " * 20, "note: short"], 80).splitlines()
    assert lines[0].startswith("  not compared: word")
    assert lines[1].startswith("    word")
    assert lines[2] == "note: short"
    assert max(map(len, lines)) <= 80
