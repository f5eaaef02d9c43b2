"""The Dockerfile that an image's history tells.

The base image and the author's own part become two stages, so that what the author wrote is what
the last stage says. What the history does not tell is guessed and marked as such.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from jettison.dockerfile import DockerfileError
from jettison.dockerfile.parsing import parse
from jettison.image import History, ImageConfig
from jettison.xray.history_forms import DEFAULT_SHELL, Known, Restored, restore, shell_of

_MAX_ENTRY_CHARS: Final = 1 << 16
_BASE: Final = "base"
_BOUNDARY: Final = "where the base image ends is not recorded"
_SHARED: Final = "it shares its layer with others"
_FILES: Final = frozenset({"ADD", "COPY", "RUN"})
_STARTS: Final = frozenset({"CMD", "ENTRYPOINT"})
# Buildah notes what a layer was built on; a name with at least one letter past `f` is no id.
_BUILT_ON: Final = re.compile(r"FROM (?![0-9a-f]{12}\Z)(\S+)\Z")
_WIDE: Final = 100
_GAP: Final = re.compile(r"[ \t]{2,}(?![#\s])")
_LONG_GAP: Final = re.compile(r"[ \t]{2,}(?![#\s])|(?<=&&) (?![#\s])")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One instruction, which may go over several lines of text.

    Shape: `layer` counts from 0 and is None where only the config changed; `reason` says what is
    guessed and is empty where the history has it so.
    """

    name: str
    text: str
    layer: int | None
    is_base: bool
    reason: str = ""

    @property
    def is_guessed(self) -> bool:
        """Whether the history does not have it so."""
        return bool(self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconstruction:
    """A Dockerfile and what it is made of; it always parses."""

    text: str
    lines: tuple[Line, ...]


def reconstruct(config: ImageConfig, last_base_layer: int) -> Reconstruction:
    """Turn an image's history into a Dockerfile.

    Shape: `last_base_layer` is what `analysis.base_layers` finds, or -1 for an image that has no
    base. Layers that the history does not name are guessed.
    """
    items = list(_read(config))
    base_name = next(
        (match[1] for item in config.history if (match := _BUILT_ON.match(item.comment))), ""
    )
    boundary = _boundary(items, last_base_layer)
    own = items[boundary:]
    lines = [_from("scratch", is_base=boundary > 0, alias=_BASE if boundary and own else "")]
    lines += [replace(_line(item), is_base=True) for item in items[:boundary]]
    if boundary and own:
        lines.append(replace(_from(_BASE, is_base=False), reason=_BOUNDARY))
    lines += [_line(item) for item in own]
    return Reconstruction(text=_text(lines, base_name), lines=tuple(lines))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    restored: Restored
    layer: int | None


def _read(config: ImageConfig) -> Iterable[_Item]:
    """The history's instructions; where it does not fit the layers, they stand by themselves."""
    count = len(config.diff_ids)
    fits = sum(not item.empty_layer for item in config.history) == count
    known = Known(env=dict(config.env), labels=config.labels)
    layer = -1
    for number, item in enumerate(config.history):
        layer += not item.empty_layer
        made = None if item.empty_layer or not fits else layer
        created_by = item.created_by[:_MAX_ENTRY_CHARS]
        makes = not item.empty_layer
        restored = restore(created_by, known, made_layer=makes, is_first=makes and layer == 0)
        if restored is None:
            continue
        if restored.name == "SHELL":
            known = replace(known, shell=shell_of(restored.body) or DEFAULT_SHELL)
        if made is None and fits and restored.name in _FILES:
            made = _next_layer(config.history[number:], layer)
            restored = replace(restored, reason=restored.reason or _SHARED)
        yield _Item(restored=_checked(restored), layer=made)
    if not fits:
        for index in range(count):
            reason = "the history does not tell how this layer was made"
            restored = Restored(name="ADD", body=f"layer-{index}.tar /", reason=reason)
            yield _Item(restored=restored, layer=index)


def _next_layer(rest: Sequence[History], layer: int) -> int | None:
    """Buildah puts several instructions into the layer of the last."""
    return layer + 1 if any(not item.empty_layer for item in rest) else None


def _boundary(items: Sequence[_Item], last_base_layer: int) -> int:
    """How many instructions belong to the base image.

    Behind its last layer a base sets what it starts, and so does the author at the end: of the
    CMD and ENTRYPOINT before the author's first layer, the first are the base's own.
    """
    if last_base_layer < 0:
        return 0
    after = 0
    for number, item in enumerate(items):
        if item.layer is not None and item.layer <= last_base_layer:
            after = number + 1
    end = next((n for n in range(after, len(items)) if items[n].layer is not None), len(items))
    starts = [n for n in range(after, end) if items[n].restored.name in _STARTS]
    if not starts:
        return after
    first = starts[0]
    # An ENTRYPOINT and the CMD behind it are one group.
    is_pair = items[first].restored.name == "ENTRYPOINT" and first + 1 in starts
    if is_pair and items[first + 1].restored.name == "CMD":
        return first + 2
    return first + 1


def _from(name: str, *, is_base: bool, alias: str = "") -> Line:
    text = f"FROM {name} AS {alias}" if alias else f"FROM {name}"
    return Line(name="FROM", text=text, layer=None, is_base=is_base)


def _line(item: _Item) -> Line:
    return Line(
        name=item.restored.name,
        text=_render(item.restored),
        layer=item.layer,
        is_base=False,
        reason=item.restored.reason,
    )


def _checked(restored: Restored) -> Restored:
    """The instruction if it parses; what cannot be said is left as a label that quotes it."""
    restored = replace(restored, body=_CONTROL.sub("\N{REPLACEMENT CHARACTER}", restored.body))
    try:
        found = parse(f"FROM scratch\n{_render(restored)}\n").final_stage.instructions
    except DockerfileError:
        found = ()
    if len(found) == 1 and found[0].name == restored.name:
        return restored
    text = " ".join(f"{restored.name} {restored.body}".split())
    quoted = re.sub(r'([\\"$])', r"\\\1", text[:1000])
    reason = "the history's entry is not understood, and quoted here"
    return Restored(name="LABEL", body=f'jettison.history="{quoted}"', reason=reason)


def _render(restored: Restored) -> str:
    body = restored.body
    if restored.name != "RUN":
        return f"{restored.name} {body}".rstrip()
    if "\n" in body or body.rstrip().endswith("\\") or "<<" in body:
        return _as_document(body)
    return f"RUN {_broken(body)}".rstrip()


def _as_document(script: str) -> str:
    delimiter = "EOF"
    lines = script.split("\n")
    while delimiter in lines:
        delimiter += "_"
    script = script.removesuffix("\n")
    return f"RUN <<'{delimiter}'\n{script}\n{delimiter}"


def _broken(script: str) -> str:
    """A line continued where its author did: at more than one space outside quotes."""
    parts: list[str] = []
    quote, position, start = "", 0, 0
    gaps = _LONG_GAP if len(script) > _WIDE else _GAP
    while position < len(script):
        char = script[position]
        if char == "\\" and quote != "'":
            position += 2
            continue
        if char in "'\"":
            quote = "" if char == quote else quote or char
        gap = gaps.match(script, position)
        if gap is not None and not quote and gap.end() < len(script):
            parts.append(script[start:position])
            start = position = gap.end()
            continue
        position += 1
    parts.append(script[start:])
    return " \\\n    ".join(parts)


def _text(lines: Sequence[Line], base_name: str) -> str:
    out = ["# Reconstructed from the history of the image; what is guessed says so."]
    for line in lines:
        if line.name == "FROM":
            out.append("")
            if line.is_base and base_name:
                out.append(f"# The base image: {_CONTROL.sub('', base_name)[:300]}")
            elif line.is_base:
                out.append("# The base image.")
        if line.reason:
            out.append(f"# Guessed: {_CONTROL.sub(' ', ' '.join(line.reason.split()))}")
        out.append(line.text)
    return "\n".join(out) + "\n"
