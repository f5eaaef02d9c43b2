from __future__ import annotations

import msgspec

from jettison.report.documents import encode
from jettison.report.xray_document import DockerfileLine, XrayDocument
from jettison.report.xray_masked import mask_document
from support.xray_documents import xray_document

SECRET = "s3cret"  # what every text below holds


def _mask(text: str) -> str:
    return text.replace(SECRET, "***")


def _leaky() -> XrayDocument:
    document = xray_document()
    assert document.layers is not None
    assert document.config is not None
    assert document.config.healthcheck is not None
    assert document.dockerfile is not None
    replace = msgspec.structs.replace
    return replace(
        document,
        layers=(replace(document.layers[0], instruction=f"RUN {SECRET}"),),
        config=replace(
            document.config,
            entrypoint=("a", SECRET),
            cmd=(SECRET,),
            labels={"a": SECRET},
            onbuild=(f"RUN {SECRET}",),
            healthcheck=replace(document.config.healthcheck, test=("CMD", SECRET)),
        ),
        dockerfile=replace(
            document.dockerfile,
            text=f"RUN {SECRET}\n",
            lines=(DockerfileLine(text=f"RUN {SECRET}", layer=0, is_base=False, is_guessed=False),),
        ),
    )


def test_texts_of_the_image_lose_their_secrets_and_nothing_else() -> None:
    leaky = encode(_leaky()).decode()
    assert leaky.count(SECRET) == 8
    assert encode(mask_document(_leaky(), _mask)).decode() == _mask(leaky)


def test_parts_that_are_not_there() -> None:
    document = msgspec.structs.replace(xray_document(), layers=None, config=None, dockerfile=None)
    assert mask_document(document, _mask) == document
