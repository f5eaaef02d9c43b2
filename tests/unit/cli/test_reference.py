from pathlib import Path

from jettison.cli.main import app
from jettison.cli.reference import render_reference

REFERENCE = Path(__file__).parents[3] / "docs" / "cli.md"


def test_the_published_reference_is_what_the_program_takes(update_golden: bool) -> None:
    rendered = render_reference(app)
    if update_golden:
        REFERENCE.write_text(rendered)
    assert REFERENCE.read_text() == rendered
    assert "| `--keep-module` |" in rendered
