"""Small Pythons as literal trees: just enough of an installation for what reads trees alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from support.elf import make_elf
from support.layers import Content, Node, Symlink

STDLIB: Final[Mapping[str, str]] = {
    "os.py": "import abc, stat\n",
    "abc.py": "try:\n    from _abc import _abc_init\nexcept ImportError:\n    import _py_abc\n",
    "_py_abc.py": "",
    "stat.py": "",
    "site.py": "import os\ndef prompt():\n    import readline, rlcompleter\n",
    "encodings/__init__.py": "import codecs\nfrom . import aliases\n",
    "encodings/aliases.py": "",
    "encodings/utf_8.py": "import codecs\n",
    "encodings/shift_jis.py": "import _codecs_jp, codecs\n",
    "codecs.py": "",
    "json/__init__.py": "from .decoder import JSONDecoder\n",
    "json/decoder.py": "import re\ntry:\n    from _json import scan\nexcept ImportError: pass\n",
    "json/tool.py": "import argparse\n",
    "re.py": "",
    "argparse.py": "import gettext\n",
    "gettext.py": "",
    "heapq.py": "if __name__ == '__main__':\n    import doctest\n",
    "doctest.py": "import pdb, unittest\n",
    "pdb.py": "import bdb, cmd\n",
    "bdb.py": "",
    "cmd.py": "",
    "pydoc.py": "",
    "unittest/__init__.py": "from .case import TestCase\n",
    "unittest/case.py": "",
    "xmlrpc/__init__.py": "",
    "xmlrpc/server.py": "import pydoc\n",
    "sqlite3/__init__.py": "from sqlite3.dbapi2 import *\n",
    "sqlite3/dbapi2.py": "from _sqlite3 import *\n",
    "sqlite3/dump.py": "",
    "sysconfig.py": "",
    "_sysconfigdata__linux_x86_64-linux-gnu.py": "build_time_vars = {}\n",
    "rlcompleter.py": "",
    "random.py": "def _test():\n    from statistics import fmean\n",
    "statistics.py": "",
    "shutil.py": "import os\ndef make_archive():\n    import tarfile\n",
    "tarfile.py": "import gzip\n",
    "gzip.py": "",
    "zipapp.py": "import shutil\nshutil.make_archive\n",
    "_compat_pickle.py": "NAMES = 'ProcessPoolExecutor'\n",
    "concurrent/__init__.py": "",
    "concurrent/futures/__init__.py": "__all__ = ['ProcessPoolExecutor']\n",
    "concurrent/futures/process.py": "class ProcessPoolExecutor: pass\n",
    "concurrent/futures/thread.py": "",
    "importlib/__init__.py": "from . import _bootstrap\n",
    "importlib/_bootstrap.py": "",
    "test/__init__.py": "",
    "test/test_os.py": "import os\n",
}
EXTENSIONS: Final = ("_json", "_codecs_jp", "_sqlite3", "readline", "_unused")


def make_python(prefix: str = "/usr/local", version: str = "3.11") -> Content:
    """An installation under `prefix`, laid out as the official images have it: no byte code."""
    stdlib = f"{prefix}/lib/python{version}"
    tag = f"cpython-{version.replace('.', '')}-x86_64-linux-gnu"
    found: dict[str, bytes | Node] = {
        f"{prefix}/bin/python{version}": make_elf(),
        f"{prefix}/bin/python3": Symlink(target=f"python{version}"),
        f"{prefix}/bin/python": Symlink(target="python3"),
        f"{stdlib}/site-packages/README.txt": b"",
    }
    for name, source in STDLIB.items():
        found[f"{stdlib}/{name}"] = source.encode()
    for name in EXTENSIONS:
        found[f"{stdlib}/lib-dynload/{name}.{tag}.so"] = make_elf()
    return found


def make_distribution(
    site: str,
    name: str,
    files: Mapping[str, str | bytes],
    *,
    version: str = "1.0",
    metadata: str = "",
    requested: bool = False,
    entry_points: str = "",
    installer: str = "pip",
) -> dict[str, bytes]:
    """What pip would have installed into `site`; `files` are relative to it and may climb."""
    info = f"{name}-{version}.dist-info"
    written: dict[str, str | bytes] = {
        **files,
        f"{info}/METADATA": f"Name: {name}\nVersion: {version}\n{metadata}\n",
        f"{info}/INSTALLER": f"{installer}\n",
    }
    if requested:
        written[f"{info}/REQUESTED"] = ""
    if entry_points:
        written[f"{info}/entry_points.txt"] = entry_points
    record = "".join(f"{path},sha256=x,1\n" for path in sorted(written)) + f"{info}/RECORD,,\n"
    written[f"{info}/RECORD"] = record
    return {
        f"{site}/{path}": text.encode() if isinstance(text, str) else text
        for path, text in written.items()
    }
