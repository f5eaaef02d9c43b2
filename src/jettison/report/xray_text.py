"""The X-ray as text: what fits a screen, or one part in full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from jettison.report.columns import Column, Cut, broken, render_table, shorten, visible
from jettison.report.risk_text import count_risks, render_risks
from jettison.report.units import count_of, human_size
from jettison.report.xray_document import (
    DockerfileRow,
    DuplicateRow,
    LayerRow,
    PackageRow,
    Part,
    WasteRow,
    XrayDocument,
)

_LABEL: Final = 12
# How many lines a list takes where all parts are shown.
_FEW: Final = 3
_MOST_LAYERS: Final = 10
# An image that would lose less than this share of its bytes was slimmed already.
_LEAST_SAVING: Final = 0.1

Lines = Iterator[str]


def render_xray_text(document: XrayDocument, parts: frozenset[Part], *, width: int = 80) -> str:
    """What was found, as text; lists are whole where not all parts are asked for."""
    if parts == {Part.DOCKERFILE} and document.dockerfile is not None:
        # Fit to be written to a file.
        return "".join(f"{line}\n" for line in _dockerfile_lines(document.dockerfile))
    most = _FEW if parts == frozenset(Part) else None
    sections: list[list[str]] = [[*_headline(document, width)]]
    for part, render in _SECTIONS.items():
        if part in parts:
            sections.append([*render(document, most, width)])
    sections.append([*_ending(document, parts, width)])
    return "\n".join("".join(f"{line}\n" for line in lines) for lines in sections if lines)


def _headline(document: XrayDocument, width: int) -> Lines:
    image = document.image
    yield shorten(
        f"{visible(image.reference)}  {image.platform}  {image.created[:10]}", width, _END
    )
    yield shorten(image.digest, width, _END)
    yield ""
    facts = [("size", _size(document))]
    if document.efficiency is not None:
        facts.append(("efficiency", _efficiency(document)))
    if document.duplicate_count is not None and document.duplicate_bytes is not None:
        size = human_size(document.duplicate_bytes)
        facts.append(("duplicates", f"{size} in {count_of(document.duplicate_count, 'content')}"))
    if document.packages is not None:
        facts.append(("packages", _packages(document)))
    if document.config is not None:
        facts.extend(_config_facts(document))
    if document.risks is not None:
        facts.append(("risks", count_risks(document.risks)))
    if document.estimate is not None:
        saved = document.estimate.saved_bytes
        share = saved / max(1, document.image.visible_size_bytes)
        facts.append(("slimming", f"would save about {human_size(saved)} ({share:.0%})"))
    for label, text in facts:
        if label == "starts":
            # A command may be a whole script.
            yield shorten(f"  {label:<{_LABEL}}{visible(text)}", width, _END)
            continue
        first, *more = broken(visible(text), width - _LABEL - 2)
        yield f"  {label:<{_LABEL}}{first}".rstrip()
        yield from (" " * (_LABEL + 2) + line for line in more)


def _size(document: XrayDocument) -> str:
    image = document.image
    text = f"{human_size(image.size_bytes)} in {count_of(image.layer_count, 'layer')}"
    if image.compressed_size_bytes is not None:
        text += f" ({human_size(image.compressed_size_bytes)} packed)"
    text += f", {count_of(image.file_count, 'file')}"
    hidden = image.size_bytes - image.visible_size_bytes
    return f"{text}; {human_size(hidden)} hidden by later layers" if hidden > 0 else text


def _efficiency(document: XrayDocument) -> str:
    if not document.wasted_bytes:
        return "100%, nothing is stored twice or deleted"
    text = f"{document.efficiency:.1%}, {human_size(document.wasted_bytes)} wasted"
    share = document.user_wasted_percent
    return f"{text} ({share:.1%} of what follows the first layer)" if share is not None else text


def _packages(document: XrayDocument) -> str:
    counts = Counter(package.type for package in document.packages or ())
    text = ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items())) or "none"
    unowned = document.unowned
    if unowned is not None:
        text += f"; {human_size(unowned.size_bytes)} in {count_of(unowned.file_count, 'file')}"
        text += " of no package"
    return text


def _config_facts(document: XrayDocument) -> Iterator[tuple[str, str]]:
    config = document.config
    if config is None:
        return
    user = config.user
    group = "" if user.gid is None else f":{user.gid}"
    ids = f" ({user.uid}{group})" if user.uid is not None and user.name else ""
    name = user.name or (f"{user.uid}{group}" if user.uid is not None else user.configured)
    yield "runs as", f"{name}{ids}" + (f": {user.problem}" if user.problem else "")
    argv = (*config.entrypoint, *config.cmd)
    yield "starts", " ".join(argv) or "nothing: neither ENTRYPOINT nor CMD is set"
    system = [config.distro.name or config.distro.id] if config.distro is not None else []
    system.extend(f"Python {item.version}" for item in config.pythons)
    if system:
        yield "system", ", ".join(system)


def _layers(document: XrayDocument, most: int | None, width: int) -> Lines:
    rows = document.layers or ()
    shown = rows if most is None or len(rows) <= _MOST_LAYERS else _largest_layers(rows)
    yield f"LAYERS ({len(rows)}, base first)"
    numbers = ("size", "packed", "added", "changed", "deleted")
    # An engine keeps layers unpacked.
    left_out = () if any(row.compressed_size_bytes is not None for row in rows) else ("packed",)
    titles = [title for title in numbers if title not in left_out]
    yield from render_table(
        (
            Column(is_right=True),
            Column(),
            *(Column(title=title, is_right=True) for title in titles),
            Column(title="instruction", cut=Cut.END),
        ),
        [
            (
                str(row.index),
                "base" if row.is_base else "app",
                *(_layer_number(row, title) for title in titles),
                row.instruction or "?",
            )
            for row in shown
        ],
        width=width,
    )
    if len(shown) < len(rows):
        yield f"  … and {count_of(len(rows) - len(shown), 'smaller layer')}"
    if most is None:
        for row in rows:
            yield ""
            yield f"  layer {row.index}: its largest files"
            yield from _files(row.largest, width)


def _layer_number(row: LayerRow, title: str) -> str:
    packed = row.compressed_size_bytes
    return {
        "size": human_size(row.size_bytes),
        "packed": human_size(packed) if packed is not None else "-",
        "added": f"{row.added.count:,}",
        "changed": f"{row.modified.count:,}",
        "deleted": f"{row.deleted.count:,}",
    }[title]


def _largest_layers(rows: Sequence[LayerRow]) -> list[LayerRow]:
    kept = sorted(rows, key=lambda row: -row.size_bytes)[:_MOST_LAYERS]
    return sorted(kept, key=lambda row: row.index)


def _files(files: Sequence[object], width: int) -> Lines:
    yield from render_table(
        (_SIZE, Column(cut=Cut.START), Column(cut=Cut.END)),
        [(human_size(row.size_bytes), row.path, row.owner) for row in files],  # type: ignore[attr-defined]  # FileRow
        width=width,
        indent=4,
    )


def _waste(document: XrayDocument, most: int | None, width: int) -> Lines:
    shown = most and most - 1
    rows: Sequence[WasteRow] = [row for row in document.waste or () if row.size_bytes][:shown]
    if not rows:
        return
    yield "WASTED MOST (stored in several layers, or deleted later)"
    yield from render_table(
        (_SIZE, Column(cut=Cut.START), Column(cut=Cut.END)),
        [
            (human_size(row.size_bytes), row.path, f"layers {', '.join(map(str, row.layers))}")
            for row in rows
        ],
        width=width,
    )


def _duplicates(document: XrayDocument, most: int | None, width: int) -> Lines:
    shown = most and most - 1
    rows: Sequence[DuplicateRow] = (document.duplicates or ())[:shown]
    if not rows:
        return
    yield "DUPLICATES (what all copies but one take)"
    yield from render_table(
        (_SIZE, Column(is_right=True), Column(cut=Cut.START), Column(cut=Cut.START)),
        [
            (
                human_size(row.wasted_bytes),
                f"{row.count}x",
                row.places[0].path,
                row.places[1].path if len(row.places) > 1 else "",
            )
            for row in rows
        ],
        width=width,
    )


def _package_table(document: XrayDocument, most: int | None, width: int) -> Lines:
    rows: Sequence[PackageRow] = sorted(
        document.packages or (), key=lambda row: (-row.size_bytes, row.type, row.name)
    )[:most]
    if not rows:
        return
    yield "LARGEST PACKAGES" if most else f"PACKAGES ({len(rows)})"
    yield from render_table(
        (_SIZE, Column(), Column(cut=Cut.END), Column(cut=Cut.END), Column(is_right=True)),
        [
            (
                human_size(row.size_bytes),
                row.type,
                row.title,
                row.version,
                f"layer {row.layer}",
            )
            for row in rows
        ],
        width=width,
    )


def _largest_files(document: XrayDocument, most: int | None, width: int) -> Lines:
    rows = document.files or ()
    if most is not None or not rows:
        return
    yield "LARGEST FILES"
    yield from _files(rows, width)


def _config(document: XrayDocument, most: int | None, width: int) -> Lines:
    config = document.config
    if config is None or most is not None:
        return
    yield "CONFIG"
    health = config.healthcheck
    rows: list[tuple[str, str]] = [
        ("entrypoint", " ".join(config.entrypoint)),
        ("cmd", " ".join(config.cmd)),
        ("workdir", config.working_dir),
        ("ports", " ".join(config.exposed_ports)),
        ("volumes", " ".join(config.volumes)),
        ("healthcheck", "" if health is None else " ".join(health.test)),
        ("stop signal", config.stop_signal),
        *(("env", f"{row.name}={row.value}") for row in config.env),
        *(("label", f"{name}={value}") for name, value in config.labels.items()),
        *(("python", f"{row.version} {row.path}") for row in config.pythons),
    ]
    yield from render_table(
        (Column(), Column(cut=Cut.WRAP)), [row for row in rows if row[1]], width=width
    )


def _risk_table(document: XrayDocument, most: int | None, width: int) -> Lines:
    return render_risks(document.risks or (), width=width, is_short=most is not None)


def _dockerfile(document: XrayDocument, most: int | None, width: int) -> Lines:
    del width  # a file is not cut
    if document.dockerfile is None or most is not None:
        return
    yield "DOCKERFILE"
    for line in _dockerfile_lines(document.dockerfile):
        yield f"  {line}".rstrip()


def _dockerfile_lines(dockerfile: DockerfileRow) -> Lines:
    """The lines of the file; tabs mean something in it."""
    for line in dockerfile.text.removesuffix("\n").split("\n"):
        yield "\t".join(map(visible, line.split("\t")))


def _estimate(document: XrayDocument, most: int | None, width: int) -> Lines:
    estimate = document.estimate
    if estimate is None or not estimate.categories:
        return
    yield "SLIMMING WOULD TAKE AWAY ABOUT"
    rows = sorted(estimate.categories, key=lambda row: -row.size_bytes)
    yield from render_table(
        (_SIZE, Column(), Column(is_right=True), Column(cut=Cut.END if most else Cut.WRAP)),
        [
            (
                human_size(row.size_bytes),
                row.name,
                count_of(row.file_count, "file"),
                row.ground or ", ".join(row.examples),
            )
            for row in rows[:most]
        ],
        width=width,
    )


def _ending(document: XrayDocument, parts: frozenset[Part], width: int) -> Lines:
    for gate in document.gates:
        verdict = "passed" if gate.passed else "FAILED"
        yield f"gate {gate.name}: {verdict}; found {gate.found}, allowed {gate.allowed}"
    for notice in document.notices:
        yield f"note: {visible(notice)}"
    if parts == frozenset(Part):
        target = visible(document.image.reference)
        part = f"jettison xray --only PART {target} for a part in full"
        if _is_worth_slimming(document):
            yield shorten(f"next: jettison slim {target}", width, _END)
            yield shorten(f"      {part}", width, _END)
        else:
            yield shorten(f"next: {part}", width, _END)


def _is_worth_slimming(document: XrayDocument) -> bool:
    estimate = document.estimate
    if estimate is None:
        return True
    return estimate.saved_bytes > _LEAST_SAVING * (estimate.saved_bytes + estimate.size_bytes)


_END: Final = Cut.END
_SIZE: Final = Column(is_right=True)
_SECTIONS: Final[Mapping[Part, Callable[[XrayDocument, int | None, int], Lines]]] = {
    Part.LAYERS: _layers,
    Part.WASTE: _waste,
    Part.DUPLICATES: _duplicates,
    Part.PACKAGES: _package_table,
    Part.FILES: _largest_files,
    Part.CONFIG: _config,
    Part.RISKS: _risk_table,
    Part.DOCKERFILE: _dockerfile,
    Part.ESTIMATE: _estimate,
}
