from __future__ import annotations

import pytest

from jettison.dockerfile.parsing import parse
from jettison.xray.history_forms import Known, restore

NOP = "/bin/sh -c #(nop) "
HASH = "ab" * 32
KNOWN = Known(
    env={"A": "1", "B": "two words", "GREETING": "x", "P": "/a:$Q"},
    labels={"org.x-y.title": "a b", "z": 'say "hi"'},
)


def line(created_by: str, known: Known = KNOWN) -> str:
    found = restore(created_by, known, made_layer=True, is_first=False)
    assert found is not None
    return f"{found.name} {found.body}".strip()


@pytest.mark.parametrize(
    ("created_by", "expected"),
    [
        # BuildKit
        ("RUN /bin/sh -c make && make install # buildkit", "RUN make && make install"),
        ("RUN |2 A=1 B=two words /bin/sh -c make $A # buildkit", "RUN make $A"),
        ("RUN /usr/bin/make all # buildkit", 'RUN ["/usr/bin/make", "all"]'),
        ("COPY ./app /app # buildkit", "COPY ./app /app"),
        ("COPY --chown=1:2 /venv /venv # buildkit", "COPY --chown=1:2 /venv /venv"),
        ('CMD ["python3" "-m" "app"]', 'CMD ["python3", "-m", "app"]'),
        ('CMD ["/bin/sh" "-c" "exec app --all"]', "CMD exec app --all"),
        ('ENTRYPOINT ["/bin/sh" "-c"]', 'ENTRYPOINT ["/bin/sh", "-c"]'),
        ("EXPOSE map[8000/tcp:{} 9000/udp:{}]", "EXPOSE 8000/tcp 9000/udp"),
        ("EXPOSE [1300/tcp]", "EXPOSE 1300/tcp"),
        ("VOLUME [/data /more]", "VOLUME /data /more"),
        ("SHELL [/bin/bash -o pipefail -c]", 'SHELL ["/bin/bash", "-o", "pipefail", "-c"]'),
        (
            r"""HEALTHCHECK &{["CMD-SHELL" "curl \"x\" || exit 1"] "30s" "3s" "0s" "5s" '\x03'}""",
            "HEALTHCHECK --interval=30s --timeout=3s --start-interval=5s --retries=3"
            ' CMD curl "x" || exit 1',
        ),
        (
            r"""HEALTHCHECK &{["CMD" "python" "-c" "a\nb"] "0s" "0s" "1m0s" '\x00'}""",
            r'HEALTHCHECK --start-period=1m0s CMD ["python", "-c", "a\nb"]',
        ),
        ("""HEALTHCHECK &{["NONE"] "0s" "0s" "0s" '\\x00'}""", "HEALTHCHECK NONE"),
        # the classic builder
        (f"{NOP} ENV A=1 B=two words", 'ENV A=1 B="two words"'),
        (f"{NOP} ENV P=/a:$Q", 'ENV P="/a:\\$Q"'),
        (
            f'{NOP} LABEL org.x-y.title=a b z=say "hi"',
            'LABEL org.x-y.title="a b" z="say \\"hi\\""',
        ),
        (f"{NOP} ARG GREETING=hello", "ARG GREETING=hello"),
        (f"{NOP} ARG GREETING=hello you", 'ARG GREETING="hello you"'),
        (f"{NOP} USER 1:2", "USER 1:2"),
        (f"{NOP}COPY file:{HASH} in /bin/app ", "COPY app /bin/app"),
        (f"{NOP}COPY --chown=1:2dir:{HASH} in /srv/ ", "COPY --chown=1:2 dir-abababab /srv/"),
        (f"{NOP}ADD file:{HASH} in / ", "ADD rootfs.tar /"),
        (f"{NOP}COPY file:{HASH} in /my file ", 'COPY ["my file", "/my file"]'),
        ("|1 GREETING=hello /bin/sh -c echo $GREETING", "RUN echo $GREETING"),
        ("/bin/sh -c [ -e /x ] || exit 1", "RUN [ -e /x ] || exit 1"),
        # Buildah
        (f'{NOP}ENV A=1 B="two words"', 'ENV A=1 B="two words"'),
        (f'{NOP}HEALTHCHECK --interval=5s CMD ["x"]', 'HEALTHCHECK --interval=5s CMD ["x"]'),
        (f'{NOP}SHELL ["/bin/sh", "-c"]', 'SHELL ["/bin/sh", "-c"]'),
        (f"{NOP}CMD echo run", "CMD echo run"),
        ('|1 A=1 /bin/sh -c ["/bin/x", "y z"]', 'RUN ["/bin/x", "y z"]'),
        # others
        ("# debian.sh --arch 'amd64' out/ 'bookworm'", "ADD files.tar /"),
        ("", "ADD files.tar /"),
        ("jettison slim: app layer", "ADD files.tar /"),
    ],
)
def test_each_form_becomes_an_instruction_that_parses(created_by: str, expected: str) -> None:
    assert line(created_by) == expected
    (item,) = parse(f"FROM scratch\n{expected}\n").final_stage.instructions
    assert item.name == expected.partition(" ")[0]


def test_the_shell_of_the_image_is_taken_off() -> None:
    known = Known(env={}, labels={}, shell=("/bin/bash", "-o", "pipefail", "-c"))
    assert line("RUN /bin/bash -o pipefail -c a | b # buildkit", known) == "RUN a | b"
    assert line('CMD ["/bin/bash" "-o" "pipefail" "-c" "run"]', known) == "CMD run"


def test_what_is_guessed_says_why() -> None:
    def reason(created_by: str) -> str:
        found = restore(created_by, KNOWN, made_layer=True, is_first=True)
        assert found is not None
        return found.reason

    assert "digest only" in reason(f"{NOP}COPY dir:{HASH} in /srv ")
    assert "another stage" in reason("COPY /venv /venv # buildkit")
    assert "exec form" in reason("/usr/bin/make all")
    assert "made by: debian.sh" in reason("# debian.sh --arch 'amd64'")
    for maker in ("bazel build ...", "apko", "jib-maven-plugin:3.4.0", "ko build ko://x.io/app"):
        assert f"made by: {maker}" in reason(maker)
    assert "exec form" in reason("bazel-run build")
    assert reason("COPY app /app # buildkit") == ""
    assert reason("RUN /bin/sh -c make # buildkit") == ""


def test_an_empty_entry_without_a_layer_says_nothing() -> None:
    assert restore("", KNOWN, made_layer=False, is_first=False) is None
    assert restore("# a note", KNOWN, made_layer=False, is_first=False) is None
