from __future__ import annotations

from jettison.digest import Digest
from jettison.dockerfile.parsing import parse
from jettison.image import History, ImageConfig, Platform
from jettison.xray.instructions import Reconstruction, reconstruct

NOP = "/bin/sh -c #(nop) "


def config(*history: tuple[str, bool], layers: int = -1, comment: str = "") -> ImageConfig:
    count = sum(makes for _, makes in history) if layers < 0 else layers
    return ImageConfig(
        platform=Platform(os="linux", architecture="amd64"),
        diff_ids=tuple(Digest.of(bytes([number])) for number in range(count)),
        history=tuple(
            History(created_by=text, empty_layer=not makes, comment=comment)
            for text, makes in history
        ),
        env=(("A", "1"),),
    )


def names(made: Reconstruction) -> list[list[str]]:
    """The instructions of each stage, as the parser reads the text."""
    return [[item.name for item in stage.instructions] for stage in parse(made.text).stages]


BASE = (
    (f"{NOP}ADD file:{'0' * 64} in / ", True),
    (f'{NOP} CMD ["bash"]', False),
    ("RUN /bin/sh -c apt-get install python3 # buildkit", True),
    ('ENTRYPOINT ["python3"]', False),
    ('CMD ["-i"]', False),
)
OWN = (
    ("ENV A=1", False),
    ("COPY . /app # buildkit", True),
    ("USER 1000", False),
    ('CMD ["python3" "app.py"]', False),
)


def test_the_author_s_part_is_the_last_stage() -> None:
    made = reconstruct(config(*BASE, *OWN), 1)
    assert names(made) == [
        ["ADD", "CMD", "RUN", "ENTRYPOINT", "CMD"],
        ["ENV", "COPY", "USER", "CMD"],
    ]
    assert [(item.name, item.layer) for item in made.lines if not item.is_base] == [
        *(("FROM", None), ("ENV", None), ("COPY", 2)),
        *(("USER", None), ("CMD", None)),
    ]
    assert [item.layer for item in made.lines if item.is_base] == [None, 0, None, 1, None, None]
    guessed = [item for item in made.lines if item.is_guessed]
    assert [item.text for item in guessed] == ["ADD rootfs.tar /", "FROM base"]
    assert made.text.count("# Guessed: ") == 2


def test_an_own_command_without_own_layers_is_not_the_base_s() -> None:
    made = reconstruct(config(*BASE, ("WORKDIR /x", False), ('CMD ["y"]', False)), 1)
    assert names(made)[1] == ["WORKDIR", "CMD"]
    made = reconstruct(config(*BASE, ('CMD ["y"]', False)), 1)
    assert names(made)[1] == ["CMD"]


def test_a_base_image_alone_is_one_stage() -> None:
    made = reconstruct(config(*BASE), 1)
    assert names(made) == [["ADD", "CMD", "RUN", "ENTRYPOINT", "CMD"]]
    assert all(line.is_base for line in made.lines)


def test_without_a_base_all_is_the_author_s() -> None:
    made = reconstruct(config(("COPY app /app # buildkit", True), ('CMD ["/app"]', False)), -1)
    assert names(made) == [["COPY", "CMD"]]
    assert not any(line.is_base for line in made.lines)


def test_instructions_that_share_a_layer_name_it() -> None:
    made = reconstruct(
        config(
            (f"{NOP}COPY file:{'1' * 64} in /a", False),
            (f"{NOP}ENV A=1", False),
            ("/bin/sh -c make", False),
            (f"{NOP}CMD x", True),
        ),
        -1,
    )
    assert [(line.name, line.layer) for line in made.lines[1:]] == [
        *(("COPY", 0), ("ENV", None)),
        *(("RUN", 0), ("CMD", 0)),
    ]
    assert all(line.is_guessed for line in made.lines if line.name == "RUN")


def test_a_history_that_does_not_fit_leaves_the_layers_to_guesses() -> None:
    made = reconstruct(config(*OWN, layers=3), 0)
    assert [line.layer for line in made.lines if line.name == "COPY"] == [None]
    added = [line for line in made.lines if line.name == "ADD"]
    assert [line.layer for line in added] == [0, 1, 2]
    assert all("does not tell" in line.reason for line in added)
    none = reconstruct(config(layers=1), 0)
    assert names(none) == [["ADD"]]


def test_scripts_of_several_lines_become_here_documents() -> None:
    script = "pip install x\ncat <<EOF >/y\n# $HOME\nEOF\n"
    made = reconstruct(config((f"RUN /bin/sh -c {script} # buildkit", True)), -1)
    (run,) = parse(made.text).final_stage.instructions
    assert run.script.rstrip() == script.rstrip()


def test_long_lines_are_continued_where_the_author_did() -> None:
    script = "apt-get update &&     apt-get install -y 'a    b' &&     rm -rf \"/x    y\""
    made = reconstruct(config((f"/bin/sh -c {script}", True)), -1)
    (run,) = parse(made.text).final_stage.instructions
    assert "RUN apt-get update && \\\n    apt-get install" in made.text
    assert run.script.split() == script.split()
    assert "'a    b'" in run.script
    assert '"/x    y"' in run.script


def test_hostile_entries_never_break_the_dockerfile() -> None:
    entries = (
        *("RUN /bin/sh -c a \\", "ENV \x00=\x1b[31m", "FOO bar", "CMD [1, 2]", "COPY"),
        *("ONBUILD FROM x", "HEALTHCHECK &{[] }", "ENV", 'LABEL "', "RUN <<EOF"),
        *("USER a\nRUN evil", "# a\nb"),
        *("/bin/sh -c #(nop) \n\nFROM evil", "WORKDIR \u2028RUN x", "RUN " + "a" * 200_000),
        *("ARG a=\nUSER root", "SHELL []", "EXPOSE map[", "# \nUSER root"),
    )
    for entry in entries:
        made = reconstruct(config((entry, True)), -1)
        (stage,) = parse(made.text).stages
        assert len(stage.instructions) == 1, entry
        assert "\x1b" not in made.text
        assert all("\n\n" not in line.text for line in made.lines)


def test_buildah_s_note_names_the_base() -> None:
    made = reconstruct(config(*BASE, *OWN, comment="FROM docker.io/library/python:3.12"), 1)
    assert "# The base image: docker.io/library/python:3.12\n" in made.text
    made = reconstruct(config(*BASE, *OWN, comment="FROM 0db5609f6ea4"), 1)
    assert "# The base image.\n" in made.text
