"""A small run and what was made of it, for tests of the documents."""

from __future__ import annotations

from dataclasses import dataclass

from jettison.build.plan import plan_layers
from jettison.filetree import FileKind, FileTree, LayerTree, merge_layers
from jettison.paths import ImagePath
from jettison.report.container_report import (
    Command,
    Health,
    ImageName,
    ProbeAnswer,
    RunRecord,
    SlimmedRecord,
    make_container_report,
    render_container_report,
)
from jettison.report.explain import (
    Explanation,
    explain_path,
    parse_container_report,
    parse_removed_report,
)
from jettison.report.facts import ImageFacts
from jettison.report.removed import make_removed_report, render_removed_report
from jettison.report.slim_document import (
    Artifact,
    Output,
    SlimDocument,
    Stage,
    Verification,
    size_ratio,
)
from jettison.selection import Bytecode, LayerRole, Policy, Reason, Rule, Selection
from jettison.trace import (
    CapabilityUse,
    Origin,
    Process,
    SocketRole,
    SocketUse,
    SyscallUse,
    TraceLog,
)
from support.slimming import file, other

ORIGINAL = ImageName(reference="docker:app", digest="sha256:" + "1" * 64)
SLIMMED = ImageName(reference="app.slim", digest="sha256:" + "2" * 64)
PYTHON = ImagePath("/usr/bin/python3.11")
OWNERS = {
    "/usr/bin/python3.11": "deb python3.11-minimal 3.11.2-6",
    "/usr/lib/os.py": "deb python3.11-minimal 3.11.2-6",
    "/usr/bin/perl": "deb perl-base 5.36.0-7+deb12u3",
    "/usr/lib/perl.pm": "deb perl-base 5.36.0-7+deb12u3",
    "/site/flask/app.py": "python flask 2.3.3",
    "/site/flask/testing.py": "python flask 2.3.3",
}


def owner(path: ImagePath) -> str:
    return OWNERS.get(path, "")


def tree() -> FileTree:
    return FileTree(
        entry
        for entry, _ in (
            other("/bin", FileKind.SYMLINK, mode=0o777, link_target="usr/bin"),
            file("/usr/bin/python3.11", b"p" * 700, mode=0o755),
            other("/usr/bin/python3", FileKind.SYMLINK, mode=0o777, link_target="python3.11"),
            file("/usr/bin/perl", b"l" * 300, mode=0o755),
            file("/usr/lib/perl.pm", b"l" * 30),
            file("/usr/lib/os.py", b"o" * 40),
            file("/usr/lib/__pycache__/os.cpython-311.pyc", b"o" * 50),
            file("/site/flask/app.py", b"f" * 60, layer=1),
            file("/site/flask/testing.py", b"t" * 20, layer=1),
            file("/app/main.py", b"m" * 10, layer=2),
            other("/var/empty", FileKind.DIRECTORY),
            file("/var/log/x.log", b"x"),
        )
    )


def selection() -> Selection:
    observed = (Reason(rule=Rule.OBSERVED, detail="OPEN"),)
    main = ImagePath("/app/main.py")
    flask = Reason(rule=Rule.PYTHON, detail="import flask", because=main)
    return Selection(
        policy=Policy.CLOSURE,
        kept={
            ImagePath("/app/main.py"): (Reason(rule=Rule.YOURS),),
            ImagePath("/bin"): (Reason(rule=Rule.LINK, because=PYTHON),),
            ImagePath("/site/flask/app.py"): (flask,),
            ImagePath("/usr/bin/python3"): (Reason(rule=Rule.LINK, because=PYTHON), *observed),
            PYTHON: (
                Reason(rule=Rule.PYTHON, because=ImagePath("/usr/bin/python3")),
                *observed,
            ),
        },
        bytecode=(
            Bytecode(
                source=ImagePath("/usr/lib/os.py"),
                target=ImagePath("/usr/lib/os.pyc"),
                stored=ImagePath("/usr/lib/__pycache__/os.cpython-311.pyc"),
                interpreter=PYTHON,
                reasons=observed,
            ),
        ),
        rewritten={ImagePath("/var/lib/dpkg/status.d/python"): b"Package: python\n"},
        roles={main: LayerRole.APP, ImagePath("/site/flask/app.py"): LayerRole.DEPENDENCIES},
        dropped={ImagePath("/var/log"): "logs of the build"},
    )


def trace() -> TraceLog:
    return TraceLog(
        processes=(
            Process(
                pid=1,
                parent=0,
                origin=Origin.APP,
                programs=((PYTHON, ("python", "main.py", "--password=hunter2")),),
            ),
        ),
        syscalls=(
            SyscallUse(name="read", pid=1, count=3),
            SyscallUse(name="openat", pid=1, count=5),
            SyscallUse(name="read", pid=7, count=2),
        ),
        sockets=tuple(
            SocketUse(
                role=role, family="inet", address="0.0.0.0", port=port, pid=pid, protocol="tcp"
            )
            for role, port, pid in (
                (SocketRole.BIND, 80, 1),
                (SocketRole.LISTEN, 80, 1),
                (SocketRole.LISTEN, 80, 2),
                (SocketRole.CONNECT, 5432, 1),
            )
        ),
        capabilities=(
            CapabilityUse(name="CAP_NET_BIND_SERVICE", pid=1, evidence="bind to port 80"),
            CapabilityUse(name="CAP_NET_BIND_SERVICE", pid=2, evidence="bind to port 80"),
        ),
    )


@dataclass(frozen=True, slots=True)
class Sample:
    """Both records of one run."""

    run: RunRecord
    slimmed: SlimmedRecord


def sample() -> Sample:
    """Small, but with everything that a document has a place for."""
    original = tree()
    chosen = selection()
    plan = plan_layers(original, chosen, {})
    built = merge_layers(
        LayerTree(entries=tuple(item.entry for item in layer.items)) for layer in plan.layers
    )
    return Sample(
        RunRecord(
            original=ORIGINAL,
            tree=original,
            trace=trace(),
            command=Command(argv=("python", "main.py", "--password=hunter2"), user="10001"),
            redact=lambda text: text.replace("hunter2", "***"),
            owner=owner,
            writable_paths=(ImagePath("/tmp"), ImagePath("/data")),
            probes=(ProbeAnswer(request="GET /", status=200, content_type="text/html"),),
            health=Health(healthy=True, attempts=1, status=0, output="ok"),
        ),
        SlimmedRecord(
            name=SLIMMED,
            tree=built,
            selection=chosen,
            layers=tuple(layer.role for layer in plan.layers),
        ),
    )


def facts(**changes: object) -> ImageFacts:
    """An image in numbers."""
    given: dict[str, object] = {
        "reference": ORIGINAL.reference,
        "digest": ORIGINAL.digest,
        "size_bytes": 125_400_000,
        "compressed_size_bytes": 47_000_000,
        "is_compressed": True,
        "file_count": 9_414,
        "os_package_count": 105,
        "python_package_count": 9,
        "setuid_count": 8,
        "shell_count": 2,
        "exec_layer_count": 3,
        "layer_count": 5,
        **changes,
    }
    return ImageFacts(**given)  # type: ignore[arg-type]  # any field of ImageFacts


def slimmed_facts() -> ImageFacts:
    """The same, slimmed."""
    return facts(
        reference=SLIMMED.reference,
        digest=SLIMMED.digest,
        size_bytes=25_080_000,
        compressed_size_bytes=9_400_000,
        file_count=1_023,
        os_package_count=12,
        python_package_count=8,
        setuid_count=0,
        shell_count=0,
        exec_layer_count=0,
        layer_count=3,
    )


def slim_document() -> SlimDocument:
    """A whole outcome."""
    return SlimDocument(
        original=facts(),
        slimmed=slimmed_facts(),
        ratio=size_ratio(facts(), slimmed_facts()),
        policy=Policy.CLOSURE,
        verification=Verification(
            verdict="passed", rounds=1, requests=7, excluded=("GET /: header x-token",)
        ),
        stages=(Stage(name="unpack", seconds=0.5), Stage(name="trace", seconds=1.25)),
        outputs=(Output(reference="docker:app.slim", digest=SLIMMED.digest),),
        artifacts=(Artifact(kind="seccomp", path="jettison-report/app/seccomp.json"),),
        notices=("/site/x.py: it has no byte code, so its source is kept",),
    )


def explain_sample(path: str) -> Explanation:
    """What the files of the sample's report directory say of a path."""
    made = sample()
    report = render_container_report(make_container_report(made.run, made.slimmed))
    removed = render_removed_report(make_removed_report(made.run, made.slimmed))
    return explain_path(
        ImagePath.parse(path), parse_container_report(report), parse_removed_report(removed)
    )
