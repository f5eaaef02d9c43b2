"""Our reading of Dockerfiles against BuildKit's own parser, which the package `dockerfile` wraps.

The package runs in a process of its own: it brings a Go runtime with it. Where it is not built
for a machine, there is nothing to compare with.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Sequence

import pytest

from jettison.dockerfile.model import Instruction
from jettison.dockerfile.parsing import parse

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="BuildKit's parser is packaged for x86-64 only"
)

ORACLE = """
import json, sys, dockerfile
out = []
for text in json.load(sys.stdin):
    try:
        out.append([
            [c.cmd.upper(), c.start_line, c.end_line, c.json, list(c.flags), list(c.value),
             [[h.name, h.content] for h in c.heredocs]]
            for c in dockerfile.parse_string(text)
        ])
    except dockerfile.GoParseError as err:
        out.append(str(err))
json.dump(out, sys.stdout)
"""

TEXTS = (
    "FROM a\n",
    "from a as b\nrun x\n",
    "\ufeffFROM a\r\nRUN x \\\r\n  y\r\n\r\n# c\r\nCMD z\r\n",
    "# escape=`\nFROM a\nRUN x `\n y\nRUN a\\\nRUN b\n",
    "# syntax=x\n# escape=`\nFROM a\nRUN x `\n y\n",
    "\n# escape=`\nFROM a\nRUN x \\\n y\n",
    "# Escape = `\nFROM a\nRUN x `\n y\n",
    "FROM a\nRUN a \\\n# c\n\n  # d\n b\n",
    "FROM a\nRUN a \\   \n b\n",
    "FROM a\nRUN a \\\\\nRUN b\n",
    "FROM a\nRUN a \\",
    "FROM a\nENV a=1 b=\"x y\"  c='z' \\\n d=4\n",
    "FROM a\nENV k v  w\nLABEL x=y\n",
    'FROM a\nARG X Y=2\nEXPOSE 1 2/udp\nVOLUME /a /b\nVOLUME ["/a b"]\n',
    'FROM a\nCMD ["a", "b"]\nCMD [\'a\']\nCMD []\nENTRYPOINT exec x\nCMD [ "a",]\n',
    "FROM a\nHEALTHCHECK --interval=3s --timeout=2s CMD curl -f x || exit 1\nHEALTHCHECK NONE\n",
    'FROM a\nHEALTHCHECK CMD ["a", "b"]\n',
    "FROM a\nRUN --mount=type=cache,target=/x --network=none pip install\n",
    'FROM a\nCOPY --from=b --chown="1:2" x y /z/\n',
    "FROM a\nRUN <<EOF\nx\n # y\nEOF\nRUN <<-T cat && z\n\tq\n\tT\n",
    "FROM a\nCOPY <<a <<'b' /d/\n1\na\n2\nb\nUSER 1\n",
    "FROM a\nRUN echo '<<EOF'\nRUN x <<EOF\n1\nEOF\nRUN echo $((1<<2))\n",
    "FROM a\nRUN <<EOF\nnever ends\n",
    "FROM a\nENV x\n",
    "FROM a\nENV x=1 y\n",
    "FROM a\nCMD [1]\n",
    "# escape=x\nFROM a\n",
    "# escape=`\n# escape=`\nFROM a\n",
    "FROM --platform=$BUILDPLATFORM a AS b\nWORKDIR /a b\nSTOPSIGNAL 9\nMAINTAINER me you\n",
    "FROM a\n\tRUN\tx\ty\n  USER  1:2  \n",
    "FROM a\nRUN x \\\nUSER 1\n",
    'FROM a\nSHELL ["/bin/bash", "-c"]\nRUN ["x"]\nADD --checksum=sha256:0 u /v\n',
)


@pytest.fixture(scope="module")
def readings() -> list[object]:
    done = subprocess.run(
        [sys.executable, "-c", ORACLE],
        input=json.dumps(TEXTS),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert isinstance(found, list)
    return found


def reading(item: Instruction) -> Sequence[object]:
    values = [part for pair in item.pairs for part in pair] if item.pairs else list(item.arguments)
    return [
        item.name,
        item.span.line,
        item.span.end_line,
        item.is_exec,
        [f"--{flag.name}={flag.value}" for flag in item.flags],
        values,
        [[doc.name, doc.content] for doc in item.heredocs],
    ]


@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_the_same_instructions_on_the_same_lines(number: int, readings: list[object]) -> None:
    theirs = readings[number]
    if isinstance(theirs, str):
        with pytest.raises(Exception, match=r"^line "):
            parse(TEXTS[number])
        return
    assert [reading(item) for item in parse(TEXTS[number]).instructions()] == theirs
