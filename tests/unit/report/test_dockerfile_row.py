from __future__ import annotations

from jettison.image import History
from jettison.report.dockerfile_row import dockerfile_row, layer_instructions
from jettison.xray.instructions import reconstruct
from support.trees import make_config

HISTORY = (
    History(created_by="# debian.sh --arch 'amd64' out/ 'bookworm'"),
    History(created_by='CMD ["bash"]', empty_layer=True),
    History(created_by="RUN /bin/sh -c pip install   flask # buildkit"),
    History(created_by="COPY app /app # buildkit"),
)


def test_the_instruction_of_each_layer_on_one_line() -> None:
    config = make_config(layers=3, history=HISTORY)
    assert layer_instructions(reconstruct(config, 0), config) == (
        "# debian.sh --arch 'amd64' out/ 'bookworm'",
        "RUN pip install flask",
        "COPY app /app",
    )


def test_a_history_that_does_not_fit_tells_nothing() -> None:
    config = make_config(layers=2, history=HISTORY)
    assert layer_instructions(reconstruct(config, 0), config) == ("", "")


def test_rows_say_what_is_guessed() -> None:
    config = make_config(layers=3, history=HISTORY)
    row = dockerfile_row(reconstruct(config, 0))
    assert row.text.endswith("COPY app /app\n")
    lines = {line.layer: line for line in row.lines if line.layer is not None}
    assert (lines[0].is_guessed, lines[0].is_base) == (True, True)
    assert lines[0].reason
    assert (lines[2].text, lines[2].is_guessed, lines[2].is_base) == ("COPY app /app", False, False)
