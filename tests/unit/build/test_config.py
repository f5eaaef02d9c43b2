from __future__ import annotations

import json
from typing import Any

from jettison.build.config import original_annotations, render_config
from jettison.digest import Digest
from jettison.image import ImageConfig
from jettison.selection import LayerRole
from support.slimming import original

LAYERS = [(LayerRole.RUNTIME, Digest.of(b"one")), (LayerRole.APP, Digest.of(b"two"))]

# Every field that Docker, BuildKit and the specification are known to write, and one they are not.
FULL: dict[str, Any] = {
    "created": "2024-05-01T10:00:00.123456789Z",
    "author": "A. Author <a@example.org>",
    "architecture": "arm64",
    "variant": "v8",
    "os": "linux",
    "os.version": "1.2",
    "os.features": ["x"],
    "docker_version": "20.10.24",
    "container": "f" * 64,
    "container_config": {"Cmd": ["/bin/sh", "-c", '#(nop) CMD ["python"]'], "Image": "sha256:1"},
    "moby.buildkit.cache.v0": "W10=",
    "moby.buildkit.buildinfo.v1": {"deep": [1, 2.5, None, {"x": True}]},
    "config": {
        "User": "10001:10001",
        "ExposedPorts": {"8000/tcp": {}, "53/udp": {}},
        "Env": ["PATH=/usr/bin", "EMPTY=", "A=b=c"],
        "Entrypoint": ["/entry.sh"],
        "Cmd": ["python", "app.py", "<&>\u2028"],
        "Volumes": {"/data": {}},
        "WorkingDir": "/app",
        "Labels": {"maintainer": "ü", "org.x": ""},
        "StopSignal": "SIGQUIT",
        "StopTimeout": 30,
        "Healthcheck": {
            "Test": ["CMD", "true"],
            "Interval": 5000000000,
            "Timeout": 1000000000,
            "StartPeriod": 100,
            "StartInterval": 250000000,
            "Retries": 9,
        },
        "Shell": ["/bin/bash", "-c"],
        "OnBuild": ["RUN echo", "COPY . /"],
        "ArgsEscaped": True,
        "AttachStdin": False,
        "Tty": False,
        "Hostname": "",
        "Domainname": "",
        "MacAddress": "02:42:ac:11:00:02",
        "Memory": 0,
        "CpuShares": 12345678901234567890,
        "Unknown": {"kept": ["as", "is"]},
    },
    "history": [
        {"created": "2024-01-01T00:00:00Z", "created_by": "/bin/sh -c #(nop) ADD file:1 in / "},
        {"created_by": "RUN /bin/sh -c pip install flask # buildkit", "comment": "buildkit.v0"},
        {"created_by": 'CMD ["python"]', "empty_layer": True, "author": "me", "extra": 1},
    ],
}


def test_every_field_but_layers_and_history_is_equal() -> None:
    image = original(FULL)
    before = json.loads(image.raw_config)
    after = json.loads(render_config(image.raw_config, LAYERS))
    assert list(after) == list(before)  # the order too
    for changed in ("rootfs", "history"):
        del before[changed], after[changed]
    assert after == before
    assert after["config"] == FULL["config"]


def test_unset_fields_stay_unset() -> None:
    image = original({"config": {"Cmd": ["x"], "Entrypoint": None}})
    after = json.loads(render_config(image.raw_config, LAYERS))
    assert after["config"] == {"Cmd": ["x"], "Entrypoint": None}
    assert "created" not in after
    assert after["history"] == [
        {"created_by": "jettison slim: runtime layer"},
        {"created_by": "jettison slim: app layer"},
    ]


def test_history_keeps_the_instructions_as_empty_layers_and_matches_the_diff_ids() -> None:
    raw = render_config(original(FULL).raw_config, LAYERS)
    history = json.loads(raw)["history"]
    assert history[:3] == [{**item, "empty_layer": True} for item in FULL["history"]]
    assert history[3:] == [
        {"created": FULL["created"], "created_by": f"jettison slim: {role} layer"}
        for role in ("runtime", "app")
    ]
    config = ImageConfig.parse(raw)
    assert config.diff_ids == tuple(diff_id for _, diff_id in LAYERS)
    assert sum(not item.empty_layer for item in config.history) == len(config.diff_ids)


def test_slimming_twice_does_not_pile_up_history() -> None:
    once = render_config(original(FULL).raw_config, LAYERS)
    assert render_config(once, LAYERS) == once


def test_annotations_of_the_original_manifest_are_read() -> None:
    given = {"org.opencontainers.image.base.name": "python:3.12", "org.x": "1"}
    assert original_annotations(original(FULL, given)) == given
    assert original_annotations(original(FULL)) == {}
