from __future__ import annotations

import importlib.util
import marshal
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import CodeType

import pytest

from jettison.build.bytecode import EXCHANGE, Compiled, compile_missing
from jettison.edge import process
from jettison.errors import ContainerError, HostError
from jettison.paths import ImagePath
from jettison.selection import Bytecode, LayerRole, Policy, Selection

PYTHON = ImagePath(sys.executable)

# What made byte code differ between processes: strings that the interpreter uses itself or not,
# sets, and sets whose order hangs on addresses.
SOURCES = {
    "plain": "import os\n\ndef run(self, x=('a', 1.5, None)):\n    return self.os.path + 'self'\n",
    "sets": "def f(x):\n    return x in {'a', 'b', 'c', 'decode', 'utf-8'} or x in {1, 2, None}\n",
    "ellipsis": "def f(x):\n    return x in {None, ..., 'q', ('n', None)}\n",
    "nested": "class A:\n    def g(self):\n        '''doc'''\n        return [lambda y: y]\n",
    "empty": "",
    "latin": "# -*- coding: latin-1 -*-\nx = '\xe9'\n",
    "uses": "decode = 'sitecustomize'; __all__ = ['marshal', 'posix', '_hold', 'encode']\n",
}


class HostCompiler:
    """Runs this interpreter, or another, on the host; the image is the host's own root."""

    def __init__(self, program: str = sys.executable) -> None:
        self.program = program
        self.calls: list[tuple[tuple[str, ...], dict[str, str]]] = []

    def run(self, argv: tuple[str, ...], *, env: Mapping[str, str], exchange: Path) -> None:
        self.calls.append((argv, dict(env)))
        moved = [item.replace(EXCHANGE, str(exchange)) for item in argv[1:]]
        process.run(
            (self.program, *moved), timeout_s=60, options=process.ProcessOptions(env=dict(env))
        )


@pytest.fixture
def modules(tmp_path: Path) -> list[ImagePath]:
    root = tmp_path / "modules"
    root.mkdir()
    for name, text in SOURCES.items():
        (root / f"{name}.py").write_bytes(text.encode("latin-1" if name == "latin" else "utf-8"))
    return [ImagePath(path) for path in sorted(map(str, root.iterdir()))]


def wanted(
    sources: list[ImagePath],
    *,
    interpreter: ImagePath = PYTHON,
    roles: Mapping[ImagePath, LayerRole] | None = None,
) -> Selection:
    return Selection(
        policy=Policy.CLOSURE,
        kept={},
        bytecode=tuple(
            Bytecode(
                source=source,
                target=ImagePath(f"{source}c"),
                stored=None,
                interpreter=interpreter,
            )
            for source in sources
        ),
        roles=roles or {},
    )


def compiled(
    sources: list[ImagePath], workdir: Path, compiler: HostCompiler | None = None, **options: int
) -> Compiled:
    return compile_missing(
        wanted(sources), (), compiler or HostCompiler(), workdir=workdir, **options
    )


def load(raw: bytes) -> CodeType:
    code = marshal.loads(raw[16:])
    assert isinstance(code, CodeType)
    return code


def test_byte_code_is_what_the_interpreter_takes(modules: list[ImagePath], tmp_path: Path) -> None:
    found = compiled(modules, tmp_path / "work")
    assert found.failures == ()
    assert sorted(found.codes) == modules
    for source, raw in found.codes.items():
        data = Path(source).read_bytes()
        assert raw[:4] == importlib.util.MAGIC_NUMBER
        assert raw[4:8] == b"\x01\0\0\0"  # unchecked hash
        assert raw[8:16] == importlib.util.source_hash(data)
        assert load(raw).co_filename == source
        assert load(raw) == compile(data, source, "exec", dont_inherit=True)


def test_app_code_checks_its_source(modules: list[ImagePath], tmp_path: Path) -> None:
    selection = wanted(modules, roles={modules[0]: LayerRole.APP})
    found = compile_missing(selection, (), HostCompiler(), workdir=tmp_path / "work")
    assert found.codes[modules[0]][4:8] == b"\x03\0\0\0"
    assert found.codes[modules[1]][4:8] == b"\x01\0\0\0"


def installed_interpreters() -> list[str]:
    """This interpreter, and others of the host if a version manager keeps some."""
    found = sorted(str(path) for path in Path(sys.base_prefix).parent.glob("3.*/bin/python3"))
    return [sys.executable, *found]


@pytest.mark.parametrize("program", installed_interpreters())
def test_same_bytes_in_any_order_and_any_number_of_processes(
    program: str, modules: list[ImagePath], tmp_path: Path
) -> None:
    # Alone, so that nothing compiled before it can have left a trace.
    alone = {
        source: compiled(
            [source], tmp_path / f"alone-{n}", HostCompiler(program), processes=1
        ).codes[source]
        for n, source in enumerate(modules)
    }
    for number, processes in enumerate((1, 1, 2, 3)):
        found = compiled(
            modules, tmp_path / f"all-{number}", HostCompiler(program), processes=processes
        )
        assert found.failures == ()
        assert found.codes == alone


def test_sets_are_as_they_were(modules: list[ImagePath], tmp_path: Path) -> None:
    found = compiled(modules, tmp_path / "work")
    (source,) = (item for item in modules if item.endswith("ellipsis.py"))
    namespace: dict[str, object] = {}
    exec(load(found.codes[source]), namespace)
    check = namespace["f"]
    assert callable(check)
    assert [check(item) for item in (None, ..., "q", ("n", None), 3)] == [True] * 4 + [False]


def test_module_that_cannot_be_compiled_is_reported_and_the_others_are_done(
    modules: list[ImagePath], tmp_path: Path
) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("def :\n")
    deep = tmp_path / "deep.py"
    deep.write_bytes(b"x = '\0'\n")
    gone = tmp_path / "gone.py"
    broken = [ImagePath(str(path)) for path in (bad, deep, gone)]
    found = compiled([*broken, *modules], tmp_path / "work")
    assert sorted(found.codes) == modules
    messages = {item.source: item.message for item in found.failures}
    assert sorted(messages) == broken
    assert messages[broken[0]].startswith("SyntaxError: ")
    assert messages[broken[2]].startswith("FileNotFoundError: ")


def test_only_what_is_not_stored_is_compiled_by_its_own_interpreter(tmp_path: Path) -> None:
    class Refuses(HostCompiler):
        def run(self, argv: tuple[str, ...], *, env: Mapping[str, str], exchange: Path) -> None:
            self.calls.append((argv, dict(env)))
            listed = (exchange / "sources").read_bytes()
            raise ContainerError(f"does not start, asked for {listed!r}")

    one, two, three = (ImagePath(f"/{name}.py") for name in "abc")
    codes = (
        Bytecode(source=one, target=one, stored=None, interpreter=ImagePath("/usr/bin/p1")),
        Bytecode(source=two, target=two, stored=None, interpreter=ImagePath("/opt/p2")),
        Bytecode(source=three, target=three, stored=three, interpreter=ImagePath("/opt/p2")),
    )
    compiler = Refuses()
    selection = Selection(policy=Policy.CLOSURE, kept={}, bytecode=codes)
    env = (("PATH", "/bin"), ("PYTHONPATH", "/app"), ("PYTHONOPTIMIZE", "1"))
    found = compile_missing(selection, env, compiler, workdir=tmp_path)
    assert found.codes == {}
    assert [(item.source, item.message) for item in found.failures] == [
        ("/b.py", "/opt/p2: does not start, asked for b'u/b.py\\x00'"),
        ("/a.py", "/usr/bin/p1: does not start, asked for b'u/a.py\\x00'"),
    ]
    assert [argv[0] for argv, _ in compiler.calls] == ["/opt/p2", "/usr/bin/p1"]
    assert compiler.calls[0][1] == {"PATH": "/bin", "PYTHONOPTIMIZE": "1", "PYTHONHASHSEED": "0"}


def test_no_interpreter_is_started_for_nothing(tmp_path: Path) -> None:
    compiler = HostCompiler()
    assert compiled([], tmp_path, compiler) == Compiled(codes={})
    assert compiler.calls == []
    assert list(tmp_path.iterdir()) == []


def test_host_that_cannot_run_it_ends_the_build(tmp_path: Path) -> None:
    class NoRunc(HostCompiler):
        def run(self, argv: tuple[str, ...], *, env: Mapping[str, str], exchange: Path) -> None:
            raise HostError("runc was not found")

    with pytest.raises(HostError, match="runc"):
        compiled([ImagePath("/a.py")], tmp_path, NoRunc())


class Hostile(HostCompiler):
    """An image whose interpreter leaves something else."""

    def __init__(self, kind: str, secret: Path) -> None:
        super().__init__()
        self.kind = kind
        self.secret = secret

    def run(self, argv: tuple[str, ...], *, env: Mapping[str, str], exchange: Path) -> None:
        record = bytes(4) + b"\x01" + (6).to_bytes(4, "big") + b"secret"
        self.secret.write_bytes(record)
        out = exchange / "out.0"
        match self.kind:
            case "link":
                out.symlink_to(self.secret)
            case "pipe":
                os.mkfifo(out)
            case "directory":
                out.mkdir()
            case "length":
                out.write_bytes(record[:5] + b"\xff\xff\xff\xff" + b"x")
            case "index":
                out.write_bytes(b"\0\0\0\x07" + record[4:])
            case "cut":
                out.write_bytes(record[:7])


@pytest.mark.parametrize("kind", ["link", "pipe", "directory", "length", "index", "cut", "none"])
def test_nothing_of_the_host_is_read_and_nothing_hangs(kind: str, tmp_path: Path) -> None:
    found = compiled([ImagePath("/a.py")], tmp_path, Hostile(kind, tmp_path / "secret"))
    assert found.codes == {}
    assert [item.message for item in found.failures] == ["the interpreter ended before its turn"]


def test_bytes_do_not_hang_on_what_the_interpreter_refers_to(tmp_path: Path) -> None:
    from jettison.build import in_image

    module = tmp_path / "m.py"
    # Put together here, or this test's own constants would hold the words.
    words = ["_".join(("nobody", "else", "has", str(number))) for number in range(2)]
    module.write_text(f"def {words[0]}():\n    return {words[1]!r}\n")
    before = in_image._compile(bytes(module), checked=False)
    held = [sys.intern(word) for word in words]
    assert in_image._compile(bytes(module), checked=False) == before, held
