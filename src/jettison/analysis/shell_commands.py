"""Which commands a shell script names, found without running it.

This is no full parser: it knows quotes, comments, here-documents, substitutions and where a
command can stand. A word too many does no harm, since it must also be a program of the image.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from jettison.analysis.programs import SHELLS, WRAPPERS

_MAX_DEPTH: Final = 8
_MAX_SCRIPT_CHARS: Final = 1 << 20

_BUILTIN_WORDS: Final = (
    ". : [ alias bg bind break builtin caller cd command compgen complete continue declare dirs"
    " disown echo enable eval exec exit export false fc fg getopts hash help history jobs kill let"
    " local logout mapfile popd printf pushd pwd read readarray readonly return set shift shopt"
    " source suspend test times trap true type typeset ulimit umask unalias unset wait"
)
_BUILTINS: Final = frozenset(_BUILTIN_WORDS.split())
_RESERVED_WORDS: Final = (
    "! [[ ]] case coproc do done elif else esac fi for function if in select then time until"
    " while { }"
)
_RESERVED: Final = frozenset(_RESERVED_WORDS.split())
# The words behind these are no commands until the line or list ends.
_TAKES_WORDS: Final = frozenset({"case", "for", "function", "select", "in", "[["})
_ASSIGNMENT: Final = re.compile(r"\w+(\[[^]]*\])?\+?=")
_DEFAULT_VALUE: Final = re.compile(r"\$\{\w+:?[-=]([^{}$]+)\}")
_TOKEN: Final = re.compile(
    r"""
      (?P<space>[ \t]+|\\\n)
    | (?P<heredoc><<-?[ \t]*(?P<quote>['"\\]?)(?P<tag>\w+)(?P=quote)?)
    | (?P<redirect>\d*(?:>>|>\||>&|<&|<>|<<<|&>>|&>|>|<))
    | (?P<separator>\n|;;|;|\|\||\||&&|&|\(|\))
    | (?P<comment>\#[^\n]*)
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellUse:
    """What a script starts.

    Shape: `commands` stand where a command is expected, `candidates` behind a wrapper such as
    `exec` or `xargs` or in a default value, `sourced` are files read with `.` or `source`; all in
    order of appearance, without repeats.
    """

    commands: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    sourced: tuple[str, ...] = ()


def inline_script(arguments: Sequence[str]) -> str:
    """The script behind `-c` (or `-lc`, `-ec` …) among the words that follow a shell's name."""
    for flag, script in pairwise(arguments):
        if flag.startswith("-") and not flag.startswith("--") and flag.endswith("c"):
            return script
        if not flag.startswith("-"):
            break
    return ""


def find_shell_commands(script: str) -> ShellUse:
    """Read a script, or the line behind `sh -c`."""
    scanner = _Scanner()
    scanner.scan(script[:_MAX_SCRIPT_CHARS], depth=0)
    return ShellUse(
        commands=tuple(scanner.commands),
        candidates=tuple(scanner.candidates),
        sourced=tuple(scanner.sourced),
    )


@dataclass
class _Scanner:
    # Dictionaries for their order.
    commands: dict[str, None] = field(default_factory=dict)
    candidates: dict[str, None] = field(default_factory=dict)
    sourced: dict[str, None] = field(default_factory=dict)

    def scan(self, text: str, *, depth: int) -> None:
        """Split into simple commands and look at each."""
        if depth > _MAX_DEPTH:
            return
        words: list[str] = []
        pending_tags: list[str] = []
        skip_word = False
        position = 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                word, position, nested = _read_word(text, position)
                for inner in nested:
                    self.scan(inner, depth=depth + 1)
                if not skip_word:
                    words.append(word)
                skip_word = False
                continue
            position = match.end()
            match match.lastgroup:
                case "tag" | "heredoc":
                    pending_tags.append(match["tag"])
                case "redirect":
                    skip_word = True
                case "separator":
                    self._command(words, depth)
                    words = []
                    skip_word = False
                    if match[0] == "\n":
                        position = _skip_documents(text, position, pending_tags)
                        pending_tags = []
                case _:
                    pass
        self._command(words, depth)

    def _command(self, words: list[str], depth: int) -> None:
        """Take one simple command apart."""
        index = 0
        while index < len(words):
            word = words[index]
            if word in _TAKES_WORDS:
                return
            if word not in _RESERVED and not _ASSIGNMENT.match(word):
                break
            index += 1
        rest = words[index:]
        if not rest:
            return
        name, arguments = rest[0], rest[1:]
        if "$" in name:
            self._add_defaults(name)
        elif name not in _BUILTINS and not name.startswith("-"):
            self.commands.setdefault(name)
        self._arguments(name, arguments, depth)

    def _arguments(self, name: str, arguments: list[str], depth: int) -> None:
        base = name.rpartition("/")[2]
        if name in (".", "source") and arguments:
            self.sourced.setdefault(arguments[0])
        if name == "eval":
            self.scan(" ".join(arguments), depth=depth + 1)
        elif name == "trap":
            self.scan(arguments[0] if arguments else "", depth=depth + 1)
        elif base in SHELLS:
            self.scan(inline_script(arguments), depth=depth + 1)
        if name in ("exec", "command", "builtin") or base in WRAPPERS:
            self._add_candidates(arguments[:8])
        if base == "find":
            for flag, word in pairwise(arguments):
                if flag in ("-exec", "-execdir", "-ok", "-okdir"):
                    self._add_candidates([word])

    def _add_candidates(self, words: list[str]) -> None:
        for word in words:
            if "$" in word:
                self._add_defaults(word)
            elif word and word[0] not in "-+" and not _ASSIGNMENT.match(word):
                self.candidates.setdefault(word)

    def _add_defaults(self, word: str) -> None:
        for match in _DEFAULT_VALUE.finditer(word):
            for part in match[1].split()[:1]:
                self.candidates.setdefault(part)


def _read_word(text: str, position: int) -> tuple[str, int, list[str]]:
    """One word without its quotes, where it ends, and the command substitutions inside it."""
    out: list[str] = []
    nested: list[str] = []
    quoted = False
    while position < len(text):
        char = text[position]
        if char == "\\":
            out.append(text[position + 1 : position + 2].replace("\n", ""))
            position += 2
        elif char == '"':
            quoted = not quoted
            position += 1
        elif char == "'" and not quoted:
            end = text.find("'", position + 1)
            end = len(text) if end < 0 else end
            out.append(text[position + 1 : end])
            position = end + 1
        elif text.startswith("$(", position):
            end = _closing(text, position + 2)
            if not text.startswith("$((", position):
                nested.append(text[position + 2 : end])
            out.append("$()")
            position = end + 1
        elif text.startswith("${", position):
            end = text.find("}", position)
            end = len(text) - 1 if end < 0 else end
            out.append(text[position : end + 1])
            position = end + 1
        elif char == "`":
            end = text.find("`", position + 1)
            end = len(text) if end < 0 else end
            nested.append(text[position + 1 : end])
            out.append("$()")
            position = end + 1
        elif not quoted and char in " \t\n;|&()<>":
            break
        else:
            out.append(char)
            position += 1
    return "".join(out), position, nested


def _closing(text: str, position: int) -> int:
    """Where the parenthesis that was opened before `position` closes."""
    level = 1
    while position < len(text):
        char = text[position]
        if char == "\\":
            position += 1
        elif char == "'":
            end = text.find("'", position + 1)
            position = len(text) if end < 0 else end
        elif char in "()":
            level += 1 if char == "(" else -1
            if level == 0:
                return position
        position += 1
    return len(text)


def _skip_documents(text: str, position: int, tags: list[str]) -> int:
    """Pass over the here-documents that begin on the line before."""
    for tag in tags:
        end = re.compile(rf"^\t*{re.escape(tag)}[ \t]*$", re.MULTILINE).search(text, position)
        position = end.end() if end else len(text)
    return position
