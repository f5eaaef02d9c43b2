from __future__ import annotations

import pytest

from jettison.analysis.shell_commands import find_shell_commands, inline_script


@pytest.mark.parametrize(
    ("script", "commands"),
    [
        ("gzip x; sort y | uniq && wc", {"gzip", "sort", "uniq", "wc"}),
        ("A=1 B=2 sort x", {"sort"}),
        ("if test -f x; then tar xf x; else wget y; fi", {"tar", "wget"}),
        ("for f in a b; do sed s/x/y/ $f; done", {"sed"}),
        ("while read l; do cut -f1; done < file", {"cut"}),
        ("case $1 in web) nginx ;; *) date ;; esac", {"nginx", "date", "*"}),
        ("x=$(hostname -f)\necho `date`", {"hostname", "date"}),
        ('echo "at $(date "+%s") ok"', {"date"}),
        ("echo 'rm x' \"cp y\" # mv z", set()),
        ("cat <<EOF\nrm $x\nEOF\nls", {"cat", "ls"}),
        ("cat <<-'END' | sort\n\trm x\n\tEND\nls", {"cat", "sort", "ls"}),
        ("sort \\\n  -u x", {"sort"}),
        ("(cd /x && make) > out 2>&1", {"make"}),
        ("eval 'gzip x'; trap 'rmdir y' EXIT", {"gzip", "rmdir"}),
        ("bash -lc 'tar x | gzip'", {"bash", "tar", "gzip"}),
        ("f() { awk 1; }", {"f", "awk"}),
        ("$CMD x; ${CMD} y", set()),
        ("[ -x /usr/bin/tool ] || /usr/bin/tool", {"/usr/bin/tool"}),
        ("echo $((1 + 2)) > x; >y cat", {"cat"}),
        ("python -m http.server &\nwait", {"python"}),
    ],
)
def test_commands(script: str, commands: set[str]) -> None:
    assert set(find_shell_commands(script).commands) == commands


@pytest.mark.parametrize(
    ("script", "candidate"),
    [
        ("exec gunicorn -w 2 app:app", "gunicorn"),
        ('exec "${SERVER:-uvicorn}" app', "uvicorn"),
        ("${SERVER:=hypercorn} app", "hypercorn"),
        ("find . -name x -exec grep y {} +", "grep"),
        ("ls | xargs -n 1 stat", "stat"),
        ("exec su-exec app:app daphne", "daphne"),
        ("command -v curl >/dev/null", "curl"),
    ],
)
def test_what_wrappers_start(script: str, candidate: str) -> None:
    use = find_shell_commands(script)
    assert candidate in use.candidates
    assert candidate not in find_shell_commands(f"echo {script!r}").candidates


def test_sourced_files() -> None:
    assert find_shell_commands(". /etc/defaults\nsource lib.sh arg").sourced == (
        "/etc/defaults",
        "lib.sh",
    )


@pytest.mark.parametrize(
    "script",
    [
        "'",
        '"',
        "`",
        "$(",
        "${",
        "<<",
        "<<EOF\nx",
        "((((",
        "\\",
        "case x in",
        "$(" * 500,
        "((" * 900,
    ],
)
def test_unfinished_scripts_are_survived(script: str) -> None:
    find_shell_commands(script)
    assert "ls" in find_shell_commands("ls\n" + script).commands


def test_script_behind_c() -> None:
    assert inline_script(("-c", "a b", "name")) == "a b"
    assert inline_script(("-e", "-lc", "a")) == "a"
    assert inline_script(("script.sh", "-c", "x")) == ""
    assert inline_script(("--rcfile", "-c")) == ""
    assert inline_script(()) == ""
