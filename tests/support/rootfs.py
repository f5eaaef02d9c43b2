"""A root file system of a few megabytes: the host's own shell and tools with their libraries."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_TOOLS: Final = "sh cat chmod chown env grep head id ls mkdir readlink rm sleep stat touch true wc"
_PASSWD: Final = """\
root:x:0:0:root:/root:/bin/sh
app:x:999:998:App,,,:/home/app:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
"""
_GROUP: Final = "root:x:0:\nadm:x:4:app\napp:x:998:\ntape:x:26:app,nobody\nnogroup:x:65534:\n"


def make_small_rootfs(directory: Path, programs: Sequence[str] = ()) -> Path:
    """Fill `directory`; users are root, app (999:998, also in adm and tape) and nobody."""
    for name in ("etc", "usr/bin", "root", "tmp", "var/lib", "proc", "sys", "dev"):
        (directory / name).mkdir(parents=True)
    (directory / "tmp").chmod(0o1777)
    (directory / "bin").symlink_to("usr/bin")
    (directory / "etc/passwd").write_text(_PASSWD)
    (directory / "etc/group").write_text(_GROUP)
    for program in (*_TOOLS.split(), *programs):
        found = shutil.which(program)
        assert found is not None, f"{program} is not installed"
        shutil.copy(Path(found).resolve(), directory / "usr/bin" / program)
        for library in _libraries(found):
            target = directory / library.relative_to("/")
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(library.resolve(), target)
    directory.chmod(0o755)
    return directory


def _libraries(program: str) -> list[Path]:
    """Where the loader finds what a program needs; only for programs of the host itself."""
    said = subprocess.run(("ldd", program), capture_output=True, text=True, check=True).stdout
    return [Path(item) for item in re.findall(r"(/[^ )\n]+) \(0x", said)]
