from __future__ import annotations

import pytest

from jettison.analysis.python_programs import find_program_literals, find_python_programs


def _argv0s(source: str) -> set[str]:
    return {argv[0] for argv in find_python_programs(source.encode()).argvs}


@pytest.mark.parametrize(
    ("source", "program"),
    [
        ("import subprocess\nsubprocess.run(['gzip', name])", "gzip"),
        ("import subprocess as sp\nsp.check_output(('gzip',))", "gzip"),
        ("from subprocess import Popen as P\nP(args=['gzip'])", "gzip"),
        ("import subprocess\nCMD = ['gzip']\nsubprocess.run(CMD + [x])", "gzip"),
        ("import subprocess\nGZ = 'gzip'\nsubprocess.call([GZ, x])", "gzip"),
        (
            "import subprocess\nclass A:\n gz = 'gzip'\n def f(self): subprocess.run([self.gz])",
            "gzip",
        ),
        ("import subprocess\ndef f(gz='gzip'):\n subprocess.run([gz])", "gzip"),
        ("import subprocess\nsubprocess.run(['gzip' if a else 'pigz'])", "pigz"),
        ("import subprocess\nsubprocess.run('gzip -k x'.split())", "gzip"),
        ("import subprocess, shlex\nsubprocess.run(shlex.split(f'gzip {x}'))", "gzip"),
        ("import subprocess, shutil\nsubprocess.run([shutil.which('gzip') or 'x'])", "gzip"),
        ("import shutil\nshutil.which('gzip')", "gzip"),
        ("from shutil import which\nwhich('gzip')", "gzip"),
        ("import os\nos.execvp('gzip', args)", "gzip"),
        ("import os\nos.spawnlp(os.P_WAIT, 'gzip', 'gzip')", "gzip"),
        (
            "import asyncio\nasync def f(): await asyncio.create_subprocess_exec('gzip', '-k')",
            "gzip",
        ),
        ("import anyio\nasync def f(): await anyio.run_process(['gzip'])", "gzip"),
        ("from gevent import subprocess\nsubprocess.run(['gzip'])", "gzip"),
        ("from gevent.subprocess import check_output\ncheck_output(['gzip'])", "gzip"),
        ("import gevent.subprocess\ngevent.subprocess.run(['gzip'])", "gzip"),
        ("import psutil\npsutil.Popen(['gzip'])", "gzip"),
        (
            "def f():\n import subprocess\n subprocess.run(['gzip'])\n"
            "def g():\n from proxy import subprocess",
            "gzip",
        ),
        ("import os, subprocess\nsubprocess.run([os.environ.get('GZ', 'gzip'), x])", "gzip"),
        ("import os, subprocess\nGZ = os.getenv('GZ', 'gzip')\nsubprocess.run([GZ])", "gzip"),
        ("import subprocess\nsubprocess.run([getattr(settings, 'GZ', 'gzip')])", "gzip"),
        ("import shutil\nshutil.which(config.get('gz', 'gzip'))", "gzip"),
        ("import subprocess\ndef run(*cmd): subprocess.run(cmd)\nrun('gzip', x)", "gzip"),
        ("import subprocess\ndef run(a, *b): subprocess.run([a, *b])\nrun('gzip', x)", "gzip"),
        ("import subprocess\ndef run(*, a): subprocess.run([a])\nrun(a='gzip')", "gzip"),
        (
            "import subprocess\nclass A:\n def run(self, *a): subprocess.run(a)\n"
            " def f(self): self.run('gzip')",
            "gzip",
        ),
        (
            "import asyncio\nasync def run(*a): await asyncio.create_subprocess_exec(*a)\n"
            "async def f(): await run('gzip', x)",
            "gzip",
        ),
        ("import shutil\ndef has(tool): return shutil.which(tool)\nhas('gzip')", "gzip"),
    ],
)
def test_programs_by_argument_list(source: str, program: str) -> None:
    assert program in _argv0s(source)
    assert not find_python_programs(source.encode()).starts_shell


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("import os\nos.system('sort x | uniq')", "sort x | uniq"),
        ("import os\nos.system(f'sort {x}')", "sort $x"),
        ("import os\nos.system('sort %s' % x)", "sort $x"),
        ("import os\nos.popen('sort {}'.format(x))", "sort $x"),
        ("import os\nos.system('sort ' + x)", "sort $x"),
        ("import subprocess\nsubprocess.run('sort x', shell=True)", "sort x"),
        ("import subprocess\nsubprocess.getoutput('sort x')", "sort x"),
        (
            "import asyncio\nasync def f(): await asyncio.create_subprocess_shell('sort x')",
            "sort x",
        ),
    ],
)
def test_lines_for_a_shell(source: str, line: str) -> None:
    found = find_python_programs(source.encode())
    assert line in found.lines
    assert found.starts_shell


def test_line_that_is_handed_to_a_function_for_a_shell() -> None:
    source = b"import subprocess\ndef sh(cmd): subprocess.run(cmd, shell=True)\nsh('ls | sort')"
    assert find_python_programs(source).lines == ("ls | sort",)


def test_functions_that_hand_on_to_each_other_come_to_an_end() -> None:
    calls = "\n".join(f"f(a, 'gzip{i}', *a)" for i in range(1000))
    source = f"import subprocess\ndef f(a, *c):\n subprocess.run(c)\n f(c, a)\n{calls}"
    found = _argv0s(source)
    assert "gzip0" in found
    assert len(found) < 1000


def test_computed_line_starts_a_shell_all_the_same() -> None:
    found = find_python_programs(b"import os\nos.system(line)")
    assert found.starts_shell
    assert found.lines == ()


@pytest.mark.parametrize(
    "source",
    [
        "run(['gzip'])",
        "import other\nother.run(['gzip'])",
        "# subprocess.run(['gzip'])",
        "import subprocess\nx = \"subprocess.run(['gzip'])\"",
        "import subprocess\nsubprocess.run(['gzip'",
        "import subprocess\nsubprocess.run(shell=False)",
    ],
)
def test_what_starts_nothing(source: str) -> None:
    assert _argv0s(source) == set()
    assert not find_python_programs(source.encode()).starts_shell


def test_lists_and_script_names_count_where_something_is_started() -> None:
    body = "HELPER = 'scripts/backup.sh'\ncommands = {'a': ['convert', '-x']}\n"
    found = find_python_programs(f"import subprocess\n{body}subprocess.run(cmd)".encode())
    assert ("convert", "-x") in found.heads
    assert "scripts/backup.sh" in found.paths
    assert find_python_programs(body.encode()).heads == ()


def test_hostile_sources_are_survived() -> None:
    deep = b"import os\nos.system(" + b"+".join([b"'a'"] * 20_000) + b")"
    find_python_programs(deep)
    find_python_programs(b"import os\nos.system(" + b"(" * 5_000)
    find_python_programs(b"import subprocess\n\0")
    assert _argv0s("import subprocess\na = b\nb = a\nsubprocess.run([a])") == set()


def test_literals_of_a_module_that_starts_programs() -> None:
    assert "tesseract" in find_program_literals(b"import subprocess\ncmd = 'tesseract'")
    assert find_program_literals(b"cmd = 'tesseract'") == frozenset()
