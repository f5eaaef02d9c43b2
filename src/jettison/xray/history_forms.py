"""One entry of an image's history → the instruction that it stands for.

Shape of entries: BuildKit writes `RUN /bin/sh -c make # buildkit`, the classic builder
`/bin/sh -c #(nop) CMD ["x"]` and plain commands for RUN, Buildah the classic form with the
instruction as its author wrote it. Lists are Go's: `["a" "b"]`, `[/data]`, `map[80/tcp:{}]`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from jettison.dockerfile import DockerfileError
from jettison.dockerfile.parsing import parse
from jettison.dockerfile.scope import expand
from jettison.xray.go_syntax import read_json_list, read_strings, read_words, unescape

DEFAULT_SHELL: Final = ("/bin/sh", "-c")
_BUILDKIT_SUFFIX: Final = " # buildkit"
_NOP: Final = re.compile(r"^(?:/bin/sh -c|cmd /S /C|powershell -Command) #\(nop\) +")
_NAMES: Final = (
    *("ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL"),
    *("MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
)
_INSTRUCTION: Final = re.compile(rf"({'|'.join(_NAMES)})(?:\s+(.*))?\Z", re.DOTALL)
# The classic builder leaves no space between the flags and the digest.
_BY_DIGEST: Final = re.compile(
    r"((?:--\S+\s*)*?)(file|dir|multi):([0-9a-f]{64}) in (.*)\Z", re.DOTALL
)
_GO_RUNE: Final = re.compile(r"'((?:[^'\\]|\\.[0-9a-fA-F]*))'\}?\Z", re.DOTALL)
_HEALTH: Final = re.compile(r"&\{(\[.*\])\s+(\".*)\}\Z", re.DOTALL)
_DURATIONS: Final = ("interval", "timeout", "start-period", "start-interval")
_ARGUMENT: Final = re.compile(r"[A-Za-z_]\w*(?:=\S*)?")
_BUILD_ARGUMENTS: Final = re.compile(r"\|(\d{1,3}) ")
_NEEDS_QUOTES: Final = re.compile(r"[\s\"'\\$#]")
# What our own images say of the layers that slimming made.
_OWN: Final = "jettison slim: "
# Tools that make layers without a Dockerfile: Bazel (distroless), apko, jib, ko, buildpacks.
_OTHER_MAKER: Final = re.compile(
    r"bazel build |apko\Z|jib-\w+(?:-plugin)?:|ko (?:build|publish) ko://|Layer: '"
)
_ROOT_ARCHIVE: Final = "rootfs.tar"
_BY_DIGEST_ONLY: Final = "the history knows the source by its digest only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """An instruction: `body` goes after the name; `reason` tells what of it is guessed."""

    name: str
    body: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the image's config knows better than its history."""

    env: Mapping[str, str]
    labels: Mapping[str, str]
    shell: tuple[str, ...] = DEFAULT_SHELL


def restore(created_by: str, known: Known, *, made_layer: bool, is_first: bool) -> Restored | None:
    """The instruction of one entry; None where it says nothing and made nothing."""
    text = created_by.strip()
    nop = _NOP.match(text)
    if nop is not None:
        text = text[nop.end() :]
    is_buildkit = text.endswith(_BUILDKIT_SUFFIX)
    text = text.removesuffix(_BUILDKIT_SUFFIX)
    found = _INSTRUCTION.match(text)
    if found is not None:
        return _restore(found[1], (found[2] or "").strip(), known)
    is_told = bool(text) and not text.startswith(("#", _OWN)) and not _OTHER_MAKER.match(text)
    if nop is None and is_told and not is_buildkit:
        return _run(text, known)
    return _unknown(text, is_first=is_first) if made_layer else None


def _unknown(text: str, *, is_first: bool) -> Restored:
    maker = " ".join(text.lstrip("# ").split())[:200]
    made_by = f", which was made by: {maker}" if maker else ""
    source = _ROOT_ARCHIVE if is_first else "files.tar"
    return Restored(name="ADD", body=f"{source} /", reason=f"stands for a layer{made_by}")


def _restore(name: str, body: str, known: Known) -> Restored:
    match name:
        case "RUN":
            return _run(body, known)
        case "CMD" | "ENTRYPOINT":
            return Restored(name=name, body=_command(body, known.shell))
        case "COPY" | "ADD":
            return _copy(name, body)
        case "ENV":
            return Restored(name=name, body=_pairs(body, known.env))
        case "LABEL":
            return Restored(name=name, body=_pairs(body, known.labels))
        case "HEALTHCHECK":
            return Restored(name=name, body=_health(body))
        case "EXPOSE":
            return Restored(name=name, body=" ".join(read_words(body)))
        case "VOLUME":
            words = read_words(body)
            return Restored(name=name, body=" ".join(words) if words else body)
        case "SHELL":
            return Restored(name=name, body=json.dumps(shell_of(body), ensure_ascii=False))
        case "ARG":
            return Restored(name=name, body=_argument(body))
        case _:
            return Restored(name=name, body=body)


def shell_of(body: str) -> tuple[str, ...]:
    """The words of `SHELL [/bin/bash -c]`, or of its JSON form."""
    return tuple(read_json_list(body) or read_words(body))


def _run(text: str, known: Known) -> Restored:
    """A command line, without the build arguments and the shell in front of it."""
    prefix = " ".join(known.shell) + " "
    given = _BUILD_ARGUMENTS.match(text)
    reason = ""
    if given is not None:
        at = text.find(f" {prefix}", given.end() - 1)
        if at >= 0:
            text = text[at + 1 :]
        else:
            text = text[given.end() :].split(" ", int(given[1]))[-1]
    if text.startswith(prefix):
        script = text.removeprefix(prefix)
        # Buildah keeps the JSON list behind the shell.
        words = read_json_list(script.strip())
        if words:
            return Restored(name="RUN", body=json.dumps(words, ensure_ascii=False))
        return Restored(name="RUN", body=script)
    words = text.split()
    reason = "the exec form; where its words are divided is not recorded"
    return Restored(name="RUN", body=json.dumps(words, ensure_ascii=False), reason=reason)


def _command(body: str, shell: tuple[str, ...]) -> str:
    words = read_json_list(body)
    if words is None and body.startswith("["):
        words = read_strings(body)
    if words is None:
        return body
    script = words[-1] if words else ""
    is_shell = len(words) == len(shell) + 1 and tuple(words[:-1]) == shell
    if is_shell and script.strip() == script and "\n" not in script and not script.startswith("["):
        return script
    return json.dumps(words, ensure_ascii=False)


def _copy(name: str, body: str) -> Restored:
    by_digest = _BY_DIGEST.match(body)
    if by_digest is None:
        sources = [word for word in body.split()[:-1] if not word.startswith("--")]
        reason = ""
        if any(source.startswith("/") for source in sources):
            reason = "whether it comes from another stage is not recorded"
        return Restored(name=name, body=body, reason=reason)
    flags, kind, digest, target = by_digest.groups()
    target = target.strip()
    base = target.rstrip("/").rpartition("/")[2]
    match kind:
        case "file" if target == "/":
            source = _ROOT_ARCHIVE
        case "file" if not target.endswith("/") and base not in ("", ".", ".."):
            source = base
        case "dir":
            source = f"dir-{digest[:8]}"
        case _:
            source = f"{kind}-{digest[:8]}"
    words = [source, target]
    if any(_NEEDS_QUOTES.search(word) for word in words):
        rest = json.dumps(words, ensure_ascii=False)
    else:
        rest = " ".join(words)
    return Restored(name=name, body=f"{flags.strip()} {rest}".strip(), reason=_BY_DIGEST_ONLY)


def _pairs(body: str, known: Mapping[str, str]) -> str:
    """`A=1 B=two words`, whose quotes are lost, with quotes where they are needed.

    Buildah keeps the quotes: where the words read as they stand are what the config has, they
    are what the author wrote.
    """
    if "$" not in body and _reads_as(body, known):
        return body
    starts = [
        match
        for match in re.finditer(r"(?:^|(?<=\s))([^\s=\"']+)=", body)
        if match[1] in known or match.start() == 0
    ]
    if not starts or starts[0].start() != 0:
        # The old form, `ENV name value`.
        name, _, value = body.partition(" ")
        return f"{name}={quote(value.strip())}"
    ends = [*(match.start() - 1 for match in starts[1:]), len(body)]
    return " ".join(
        f"{match[1]}={quote(body[match.end() : end])}"
        for match, end in zip(starts, ends, strict=True)
    )


def _reads_as(body: str, known: Mapping[str, str]) -> bool:
    try:
        (item,) = parse(f"FROM scratch\nENV {body}\n").final_stage.instructions
    except (DockerfileError, ValueError):
        return False
    return all(known.get(name) == expand(value, {}) for name, value in item.pairs)


def quote(value: str) -> str:
    """A value as a Dockerfile's word."""
    if not _NEEDS_QUOTES.search(value):
        return value
    escaped = re.sub(r'([\\"$])', r"\\\1", value)
    return f'"{escaped}"'


def _argument(body: str) -> str:
    words = body.split()
    if all(_ARGUMENT.fullmatch(word) and "=" in word for word in words[1:]):
        return body
    name, equals, value = body.partition("=")
    return f"{name}{equals}{quote(value)}"


def _health(body: str) -> str:
    found = _HEALTH.match(body)
    if found is None:
        return body
    test = read_strings(found[1])
    if test[:1] == ["NONE"] or not test:
        return "NONE"
    flags = [
        f"--{name}={value}"
        for name, value in zip(_DURATIONS, read_strings(found[2]), strict=False)
        if value not in ("0s", "")
    ]
    rune = _GO_RUNE.search(found[2])
    retries = ord(unescape(rune[1])[:1] or "\0") if rune is not None else 0
    if retries:
        flags.append(f"--retries={retries}")
    if test[0] == "CMD-SHELL" and len(test) == 2 and "\n" not in test[1]:
        command = test[1]
    else:
        command = json.dumps(test[1:], ensure_ascii=False)
    return " ".join((*flags, "CMD", command))
