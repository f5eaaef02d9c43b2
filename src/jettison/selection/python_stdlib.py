"""What is peculiar about modules of the standard library: who needs them, and what they load.

Tables only. The closure applies them; `docs/python.md` tells users about them.
"""

from __future__ import annotations

from typing import Final

# Parts that people use who write or debug programs. The library itself refers to them from
# functions that no server calls (`help()`, `breakpoint()`, a module's self-test). They stay if they
# were observed, or if anything outside of the library imports them.
DEVELOPER_PARTS: Final[dict[str, str]] = {
    "_pyrepl": "the interactive prompt",
    "antigravity": "opens a web comic",
    "argparse": "command lines of the library's own modules",
    "bdb": "base of the debugger",
    "cProfile": "profiler",
    "cgitb": "shows tracebacks of CGI scripts to visitors",
    "code": "the interactive prompt",
    "codeop": "the interactive prompt",
    "compileall": "compiles trees of sources",
    "curses": "draws on terminals",
    "dis": "shows byte code",
    "distutils": "builds and installs packages",
    "doctest": "runs tests in docstrings",
    "ensurepip": "installs pip",
    "getopt": "command lines of the library's own modules",
    "idlelib": "an editor",
    "lib2to3": "translates Python 2 sources",
    "modulefinder": "finds a script's imports",
    "pdb": "debugger",
    "pickletools": "shows pickles",
    "profile": "profiler",
    "pstats": "shows profiles",
    "pyclbr": "class browser for editors",
    "pydoc": "shows documentation",
    "pydoc_data": "texts of pydoc",
    "readline": "line editing at a prompt",
    "rlcompleter": "completion at the prompt",
    "symtable": "shows the compiler's symbol tables",
    "tabnanny": "checks indentation",
    "test": "the library's own tests",
    "this": "prints a poem",
    "tkinter": "windows on a desktop",
    "trace": "traces and counts lines",
    "turtle": "draws on a desktop",
    "turtledemo": "draws on a desktop",
    "unittest": "runs tests",
    "venv": "makes virtual environments",
    "webbrowser": "opens a browser on a desktop",
    "zipapp": "packs programs",
}

# Imports of the library's own that stand in a self-test, behind another system's name, or in what
# runs only where a module is a program: (who imports, what) and where it stands.
SELF_TESTS: Final[dict[tuple[str, str], str]] = {
    ("cProfile", "optparse"): "only as a program",
    ("os", "ntpath"): "only on Windows",
    ("platform", "plistlib"): "only on macOS",
    ("profile", "optparse"): "only as a program",
    ("random", "statistics"): "only its self-test",
    ("sysconfig", "_aix_support"): "only on AIX",
    ("sysconfig", "_osx_support"): "only on macOS",
}

# Imports of the library's own inside functions that do something only for who spells one of these
# names, be it in a call, an import or a configuration: (who imports, what) and the names.
ONLY_FOR: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("concurrent.futures", "concurrent.futures.process"): ("ProcessPoolExecutor",),
    ("email.message", "email.policy"): ("EmailMessage", "MIMEPart"),
    ("multiprocessing.connection", "xmlrpc.client"): ("XmlClient", "XmlListener", "xmlrpclib"),
    ("shutil", "tarfile"): ("make_archive", "unpack_archive"),
    ("shutil", "zipfile"): ("make_archive", "unpack_archive"),
    ("zipfile", "py_compile"): ("PyZipFile",),
}

# Modules that every CPython has in itself, under the same names in `sys.modules` before any program
# runs: CPython, Lib/importlib/__init__.py.
FROZEN: Final = frozenset({"importlib._bootstrap", "importlib._bootstrap_external"})

# Modules that every CPython from 3.11 on has in itself and does not look for on disk, unless it is
# told to (`-X frozen_modules=off`) or was built for debugging: Tools/build/freeze_modules.py.
# `os` is one as well, but by its file an interpreter finds the library: Modules/getpath.py.
FROZEN_LIBRARY: Final = frozenset(
    {
        *("_collections_abc", "_sitebuiltins", "abc", "codecs", "genericpath", "io", "ntpath"),
        *("importlib.machinery", "importlib.util", "posixpath", "runpy", "site", "stat"),
        "zipimport",
    }
)
FROZEN_SINCE: Final = (3, 11)

# Those that code outside of the library imports for its prompts; where it says in so many words
# (`except ImportError`) that it does without, it may.
PROMPTS: Final = frozenset({"_pyrepl", "readline", "rlcompleter"})

# What an interpreter loads before, beside and after any program, and what C code loads for built-in
# modules: CPython, Python/pylifecycle.c, Modules/main.c, Lib/site.py.
STARTUP: Final = (
    *("encodings", "codecs", "io", "abc", "site", "_sitebuiltins", "os", "stat", "posixpath"),
    *("genericpath", "_collections_abc", "runpy", "pkgutil", "importlib", "importlib.util"),
    *("importlib.machinery", "importlib.abc", "zipimport", "warnings", "linecache", "traceback"),
    *("tokenize", "threading", "signal", "locale", "_strptime", "_pylong", "copyreg"),
    *(
        "_bootlocale",
        "__future__",
        "types",
        "re",
        "contextlib",
        "weakref",
        "sitecustomize",
        "usercustomize",
    ),
)

# Modules that others load by a name put together at run time, or from C.
LOADED_BY_NAME: Final[dict[str, tuple[str, ...]]] = {
    "_asyncio": ("asyncio.base_futures", "asyncio.base_tasks", "asyncio.events", "traceback"),
    "_ctypes": ("ctypes",),
    "_datetime": ("_strptime", "time"),
    "_decimal": ("collections", "numbers"),
    "_elementtree": ("copy", "xml.etree.ElementPath", "pyexpat"),
    "_pickle": ("_compat_pickle", "copyreg"),
    "_sqlite3": ("sqlite3.dump",),
    "_zoneinfo": ("zoneinfo._common", "zoneinfo._tzpath"),
    "concurrent.futures": ("concurrent.futures.process", "concurrent.futures.thread"),
    "ctypes": ("_ctypes",),
    "curses": ("_curses", "_curses_panel"),
    "datetime": ("_strptime",),
    "dbm": ("dbm.dumb", "dbm.gnu", "dbm.ndbm", "dbm.sqlite3"),
    "decimal": ("_decimal",),
    "hashlib": ("_blake2", "_hashlib", "_md5", "_sha1", "_sha2", "_sha256", "_sha3", "_sha512"),
    "multiprocessing": (
        "multiprocessing.forkserver",
        "multiprocessing.popen_fork",
        "multiprocessing.popen_forkserver",
        "multiprocessing.popen_spawn_posix",
        "multiprocessing.queues",
        "multiprocessing.resource_sharer",
        "multiprocessing.resource_tracker",
        "multiprocessing.sharedctypes",
        "multiprocessing.spawn",
        "multiprocessing.synchronize",
    ),
    "sqlite3": ("sqlite3.dump",),
    "time": ("_strptime",),
    "xml.dom.domreg": ("xml.dom.minidom",),
    "xml.sax": ("xml.sax.expatreader",),
    "zoneinfo": ("_zoneinfo", "zoneinfo._zoneinfo"),
}

# Modules that stand in for a C module where an interpreter was built without it; empty for those
# that no CPython is built without.
FALLBACKS: Final = {
    "_py_abc": "",
    "_pydatetime": "",
    "_pydecimal": "_decimal",
    "_pyio": "",
}

# Packages of which everything is loaded by name, as a request may ask for any of it.
WHOLE: Final = ("encodings",)

# C modules behind the codecs of `encodings`.
CODECS: Final = (
    *("_codecs_cn", "_codecs_hk", "_codecs_iso2022", "_codecs_jp", "_codecs_kr", "_codecs_tw"),
    *("_multibytecodec", "zlib", "bz2"),
)

# Distributions that install others. What is asked for by their name is rarely meant for the run.
INSTALLERS: Final = frozenset(
    {
        *("pip", "setuptools", "wheel", "distribute", "uv", "poetry", "poetry-core", "pipenv"),
        *("virtualenv", "pdm", "hatch", "hatchling", "flit", "flit-core", "build", "twine"),
        *("pip-tools", "conda", "mamba", "easy-install"),
    }
)

# Entry point groups that only tools for installing or testing look up.
TOOL_GROUPS: Final = frozenset(
    {
        *("console_scripts", "gui_scripts", "distutils.commands", "distutils.setup_keywords"),
        *("egg_info.writers", "setuptools.finalize_distribution_options", "pytest11"),
        *("setuptools.installation", "setuptools.file_finders", "pip.commands", "flake8.extension"),
    }
)


def developer_part(name: str) -> str:
    """Why servers do without this module; empty for all others."""
    return DEVELOPER_PARTS.get(name.partition(".")[0], "")
