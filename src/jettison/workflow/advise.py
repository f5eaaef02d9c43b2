"""`jettison advise`: which base image is better than the one in use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from jettison.analysis.locked_files import LockedFiles
from jettison.digest import Digest
from jettison.edge.http import HttpClient
from jettison.errors import HostError, JettisonError, UsageError
from jettison.events import EventSink, Notice, stage
from jettison.feed.database import AdvisoryDatabase
from jettison.image.reference import Reference
from jettison.report.advise_document import AdviseDocument, advise_row, excluded_rows
from jettison.report.units import count_of
from jettison.scan.advise import (
    BaseImage,
    Excluded,
    Project,
    advise,
    find_base_by_layers,
)
from jettison.scan.base_tags import choose_base_tags
from jettison.scan.wheels import DEFAULT_GLIBC, PythonPlace, machine_of
from jettison.transport.schemes import Scheme, parse_target
from jettison.workflow.app_python import read_project
from jettison.workflow.base_images import (
    BASE_NAME,
    ImageRead,
    describe_base,
    read_base,
    reference_of,
    tag_of,
    tag_of_text,
)
from jettison.workflow.final_from import find_final_from
from jettison.workflow.image_request import SourceRequest
from jettison.workflow.stages import StageTimes
from jettison.workflow.wheel_index import WheelIndex

KnownBy: TypeAlias = Literal["from", "label", "layers", "history", "nothing"]

_MOST_TOLD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviseRequest:
    """What is built on what, and what to compare with.

    Shape: `image` is the image that was built, None where only its Dockerfile is known;
    `template` says how images are read, whatever its target; `candidates` are images of any place;
    `repository` is where tags are listed, empty for the base's own; `project` is the app's
    directory, None where there is none; an empty `index_url` asks no index; `most` bounds the tags
    that are looked at.
    """

    target: str
    template: SourceRequest
    database: Path
    image: str | None = None
    dockerfile: Path | None = None
    build_arguments: tuple[tuple[str, str], ...] = ()
    candidates: tuple[str, ...] = ()
    repository: str = ""
    project: Path | None = None
    index_url: str = ""
    is_offline: bool = False
    most: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Base:
    """The base in use as far as it is known.

    Shape: `image` is None where it could not be read; `layers` are those of the image that was
    built, or of the base that is pinned or that an engine has, to tell whether its tag has moved;
    `app` is what is installed on top of the base, None where nothing tells.
    """

    name: str
    known_by: KnownBy
    image: BaseImage | None
    layers: tuple[Digest, ...] = ()
    app: tuple[LockedFiles, ...] | None = None


def advise_on(request: AdviseRequest, *, events: EventSink) -> AdviseDocument:
    """Compare the base in use with others.

    Raises: UsageError; AdvisoryDataError without a database; JettisonError where the image cannot
    be read, or there is nothing to compare.
    """
    with AdvisoryDatabase.open(request.database) as database:
        return _Adviser(request, database, StageTimes(events)).run()


class _Adviser:
    """One run; what could not be looked at is collected on the way."""

    def __init__(
        self, request: AdviseRequest, database: AdvisoryDatabase, events: StageTimes
    ) -> None:
        self._request = request
        self._database = database
        self._events = events
        self._excluded: list[Excluded] = []

    def run(self) -> AdviseDocument:
        """Read everything, decide, and make the document."""
        request = self._request
        named = self._read_project()
        given = list(self._given())
        base = self._base_of_image(given) if request.image else self._base_of_dockerfile(given)
        project = self._with_files(self._project_of(named, base.app))
        candidates = [*given, *self._listed(base, project, given)]
        if not candidates and (base.image is None or not base.image.was_read):
            raise HostError(
                f"{request.target}: there is nothing to compare with",
                hint="name images with --candidate, such as registry:HOST/python:3.12-slim",
            )
        moved = _has_moved(base, candidates)
        advice = advise(base.image, candidates, project, moved=moved)
        advice = replace(advice, excluded=(*advice.excluded, *self._excluded))
        return AdviseDocument(
            target=request.target,
            base=base.name,
            base_known_by=base.known_by,
            moved=moved,
            requires_python=project.requires_python,
            current=None if advice.current is None else advise_row(advice.current),
            candidates=tuple(advise_row(offer) for offer in advice.offers),
            excluded=excluded_rows(advice),
            recommended=None if advice.recommended is None else advice.recommended.image.name,
            notices=tuple(self._events.notices),
            stages=tuple(self._events.stages),
        )

    def _read_project(self) -> Project | None:
        directory = self._request.project
        if directory is None:
            return None
        if not directory.is_dir():
            raise UsageError(f"--project {directory}: there is no such directory")
        return read_project(directory)

    def _project_of(self, named: Project | None, app: tuple[LockedFiles, ...] | None) -> Project:
        """The project, or what the image itself tells: the packages on top of its base."""
        if named is None:
            told = "requires-python is not known; --project names the app's directory"
            self._events.emit(Notice(message=told))
        project = named or Project()
        if project.is_known or app is None:
            return project
        return replace(project, packages=app, is_known=True)

    def _with_files(self, project: Project) -> Project:
        """Ask the index where nothing tells which files there are."""
        url = self._request.index_url
        if not url or self._request.is_offline or all(item.is_listed for item in project.packages):
            return project
        with stage("ask index", self._events) as outcome, HttpClient() as client:
            index = WheelIndex(url, client)
            packages = index.list_files(project.packages)
            outcome.detail = count_of(len(packages), "package")
        for failure in index.failures[:_MOST_TOLD]:
            self._events.emit(Notice(message=failure))
        return replace(project, packages=packages)

    def _given(self) -> Iterator[BaseImage]:
        """The images that the user named, without those whose tag rules them out."""
        for name in dict.fromkeys(self._request.candidates):
            parse_target(name)
        for name in dict.fromkeys(self._request.candidates):
            if tag_of_text(name).is_early:
                self._excluded.append(Excluded(name=name, reason="a pre-release"))
                continue
            image = self._try_image(name)
            if isinstance(image, str):
                self._excluded.append(Excluded(name=name, reason=f"not read: {image}"))
            else:
                yield image

    def _read(self, target: str) -> ImageRead:
        template = self._request.template
        return read_base(replace(template, target=target), events=self._events)

    def _try_image(self, target: str) -> BaseImage | str:
        """A whole image as a base, with what it is pinned by; or why it cannot be read."""
        try:
            read = self._read(target)
            image = describe_base(read, self._database)
            if read.target.scheme is Scheme.REGISTRY:
                image = replace(image, digest=self._resolve(image.reference) or image.digest)
        except JettisonError as err:
            if err.is_bug:
                raise
            return err.message
        return image

    def _base_of_image(self, given: list[BaseImage]) -> _Base:
        """By the Dockerfile, the label, shared layers; or from the history, without a name."""
        read = self._read(self._request.image or "")
        name, known_by = self._name_of_base(read)
        same = _find_same(name, given)
        if not name and (shared := find_base_by_layers(read.layers, given)) is not None:
            name, known_by, same = shared.reference or shared.name, "layers", shared
        count = read.last_base_layer + 1
        if same is not None and same.layers == read.layers[: len(same.layers)]:
            count = len(same.layers)
        if not name and count == len(read.layers):
            name = reference_of(read.target)
        image = describe_base(
            read, self._database, layer_count=count, name=name or f"base of {self._request.image}"
        )
        if same is not None and count == len(same.layers):
            image = replace(image, name=same.name, reference=same.reference, tag=same.tag)
        app = tuple(files for layer, files in read.wheels if layer >= count)
        return _Base(
            name=name,
            known_by=known_by,
            image=image,
            layers=read.layers,
            app=app if count < len(read.layers) else None,
        )

    def _name_of_base(self, read: ImageRead) -> tuple[str, KnownBy]:
        if self._request.dockerfile is not None:
            found = find_final_from(self._request.dockerfile, dict(self._request.build_arguments))
            return found.name, "from"
        label = read.labels.get(BASE_NAME, "")
        return (label, "label") if reference_of_name(label) else ("", "history")

    def _base_of_dockerfile(self, given: list[BaseImage]) -> _Base:
        assert self._request.dockerfile is not None  # noqa: S101  # one of the two is there
        found = find_final_from(self._request.dockerfile, dict(self._request.build_arguments))
        if found.name == "scratch":
            raise UsageError(
                f"{self._request.dockerfile}:{found.line}: it builds on nothing",
                hint="there is no base image to advise on",
            )
        same = _find_same(found.name, given)
        pinned = Reference.parse(found.name).digest
        if same is not None and (pinned is None or same.digest == pinned):
            return _Base(name=found.name, known_by="from", image=same, layers=same.layers)
        places = [found.name, *([] if self._request.is_offline else [f"registry:{found.name}"])]
        reasons = []
        for place in places:
            image = self._try_image(place)
            if isinstance(image, str):
                reasons.append(image)
                continue
            image = replace(image, digest=pinned or image.digest)
            # Without a digest a build takes what the engine has, or else the tag as it is then.
            is_fixed = pinned is not None or not place.startswith("registry:")
            layers = image.layers if is_fixed else ()
            return _Base(name=found.name, known_by="from", image=image, layers=layers)
        self._events.emit(Notice(message=f"{found.name} could not be read: {'; '.join(reasons)}"))
        return _Base(name=found.name, known_by="from", image=self._unread(found.name))

    def _listed(self, base: _Base, project: Project, given: list[BaseImage]) -> Iterator[BaseImage]:
        """Images by the tags of a repository, and the tag in use as it is now."""
        name = self._request.repository or base.name
        if self._request.is_offline or not reference_of_name(name) or not self._request.most:
            return
        if not base.name:
            told = "without the base's name no tags can be chosen; name its --dockerfile"
            self._events.emit(Notice(message=told))
            return
        repository = Reference.parse(name.partition("@")[0])
        try:
            tags = self._list_tags(repository)
        except JettisonError as err:
            if err.is_bug:
                raise
            shown = repository.short.rpartition(":")[0]
            self._events.emit(Notice(message=f"tags of {shown} were not listed: {err.message}"))
            return
        choice = choose_base_tags(tags, base.name, base.image, project, most=self._request.most)
        self._excluded += [
            Excluded(name=replace(repository, tag=tag).short, reason=reason)
            for tag, reason in choice.excluded
        ]
        known = {image.reference for image in given}
        current = tag_of(base.name).text
        in_use = [current] if current in tags and base.layers else []
        for tag in (*in_use, *choice.tags):
            reference = replace(repository, tag=tag).short
            if reference in known:
                continue
            image = self._try_image(f"registry:{reference}")
            if isinstance(image, str):
                self._events.emit(Notice(message=f"{reference} was not looked at: {image}"))
            else:
                yield image

    def _list_tags(self, repository: Reference) -> tuple[str, ...]:
        from jettison.transport.registry import list_tags  # noqa: PLC0415  # HTTP: slow

        return list_tags(repository, insecure=self._request.template.insecure)

    def _resolve(self, reference: str) -> Digest | None:
        """What to pin: the digest of the index where an image has several platforms."""
        from jettison.transport.registry import resolve_digest  # noqa: PLC0415  # as above

        if not reference:
            return None
        insecure = self._request.template.insecure
        return resolve_digest(Reference.parse(reference), insecure=insecure)

    def _unread(self, name: str) -> BaseImage:
        """A base of which nothing but the name is known, and what its tag says of its Python."""
        tag = tag_of(name)
        is_python = Reference.parse(name).path.rpartition("/")[2] == "python" and tag.release
        python = ".".join(map(str, tag.release)) if is_python else ""
        machine = machine_of(self._request.template.platform.architecture)
        is_musl = tag.variant.startswith("alpine")
        return BaseImage(
            name=name,
            reference=reference_of_name(name),
            digest=Reference.parse(name).digest,
            tag=tag,
            python=python,
            distro="",
            counts=None,
            size_bytes=0,
            os_packages=0,
            layers=(),
            place=PythonPlace(
                version=python, machine=machine, glibc=None if is_musl else DEFAULT_GLIBC
            )
            if python
            else None,
            was_read=False,
        )


def reference_of_name(name: str) -> str:
    """A name of an image made whole, without its digest; empty for what is none."""
    try:
        return Reference.parse(name.partition("@")[0]).short if name else ""
    except UsageError:
        return ""


def _find_same(name: str, images: list[BaseImage]) -> BaseImage | None:
    """The image among these that goes by this name."""
    reference = reference_of_name(name)
    return next((item for item in images if reference and item.reference == reference), None)


def _has_moved(base: _Base, candidates: list[BaseImage]) -> bool:
    """Whether the base's name now stands for other layers than those that were built on."""
    same = _find_same(base.name, candidates)
    if same is None or not base.layers:
        return False
    return same.layers != base.layers[: len(same.layers)]
