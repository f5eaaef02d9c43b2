import json
from pathlib import Path

import pytest

from jettison.errors import UsageError
from jettison.probe.model import Body, BodyForm, Capture, CaptureKind, Expectation, Request
from jettison.probe.stepfile import parse_probe_file, read_probe_file

SCHEMA = Path(__file__).parents[3] / "docs" / "schemas" / "probe-file.schema.json"
GUIDE = Path(__file__).parents[3] / "docs" / "probes.md"


def parse(text: str, **files: bytes) -> tuple[Request, ...]:
    def read(name: str) -> bytes:
        if name.replace(".", "_") not in files:
            raise UsageError(f"{name}: No such file or directory")
        return files[name.replace(".", "_")]

    return parse_probe_file(text, name="probe.yaml", read_file=read)


def test_everything_a_step_can_say() -> None:
    (step,) = parse(
        """
headers: {X-Common: a, Accept: text/html}
port: 8000
steps:
  - name: create
    method: put
    path: /items
    port: 9000
    scheme: https
    query: {page: 2, tag: [a b, "{{ tag }}"]}
    headers: {accept: application/json, X-Flag: yes}
    json: {name: "x", count: 2, on: 2026-01-01}
    capture:
      id: {json: "$.items[0].id"}
      where: {header: Location}
    expect: {status: [200, 201], body: "^ok", json: {$.id: 7}}
""".replace("{{ tag }}", "z")
    )
    assert step == Request(
        name="create",
        method="PUT",
        path="/items?page=2&tag=a+b&tag=z",
        port=9000,
        scheme="https",
        headers=(
            ("X-Common", "a"),
            ("Content-Type", "application/json"),
            ("accept", "application/json"),
            ("X-Flag", "yes"),
        ),
        body=Body(
            form=BodyForm.JSON,
            data=b'{"name": "x", "count": 2, "true": "2026-01-01"}',
        ),
        expect=Expectation(statuses=((200, 200), (201, 201)), body="^ok", json=(("$.id", "7"),)),
        captures=(
            Capture(name="id", kind=CaptureKind.JSON, expression="$.items[0].id"),
            Capture(name="where", kind=CaptureKind.HEADER, expression="Location"),
        ),
        where="probe.yaml:5: step 1",
    )


def test_short_form_takes_the_defaults_of_the_file() -> None:
    first, second = parse("port: 8000\nsteps:\n- GET /a 200\n- :9000/b\n")
    assert (first.path, first.port, first.where) == ("/a", 8000, "probe.yaml:3: step 1")
    assert (second.path, second.port) == ("/b", 9000)


def test_a_body_makes_it_a_post_and_names_stay_unencoded() -> None:
    _, step = parse(
        "steps:\n"
        "- {path: /, capture: {token: {input: csrf}}}\n"
        "- {path: '/{{token}}', form: {csrf: '{{token}}', text: 'a&b'}}\n"
    )
    assert step.method == "POST"
    assert step.path == "/{{token}}"
    assert step.body == Body(form=BodyForm.FORM, data=b"csrf={{token}}&text=a%26b")


def test_body_as_written_and_from_a_file() -> None:
    text, data = parse(
        "steps:\n- {path: /, body: 'a {{{{b}}}}'}\n- {path: /, body_file: x.bin}\n".replace(
            " {{{{b}}}}", ""
        ),
        x_bin=b"\x00{{x}}",
    )
    assert text.body == Body(form=BodyForm.TEXT, data=b"a")
    assert data.body == Body(form=BodyForm.BINARY, data=b"\x00{{x}}")


def test_upload_is_multipart() -> None:
    (step,) = parse(
        "steps:\n- {path: /, form: {title: t}, files: {image: a.png}}\n", a_png=b"\x89PNG"
    )
    kind = dict(step.headers)["Content-Type"]
    edge = kind.partition("boundary=")[2].encode()
    assert kind.startswith("multipart/form-data; boundary=")
    assert step.body.data == (
        b"--" + edge + b'\r\nContent-Disposition: form-data; name="title"\r\n\r\nt\r\n'
        b"--" + edge + b'\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n'
        b"Content-Type: image/png\r\n\r\n\x89PNG\r\n--" + edge + b"--\r\n"
    )


def test_repeat_writes_the_step_out() -> None:
    assert len(parse("steps:\n- {path: /, repeat: 3}\n- /b\n")) == 4


def test_files_are_read_from_beside_the_probe_file(tmp_path: Path) -> None:
    (tmp_path / "body.json").write_bytes(b"[1]")
    file = tmp_path / "probe.yaml"
    file.write_text("steps:\n- {path: /, body_file: body.json}\n")
    (step,) = read_probe_file(file)
    assert step.body.data == b"[1]"
    assert step.where == f"{file}:2: step 1"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "it is empty"),
        ("steps: []", "probe.yaml:1: steps must be a list of at least one step"),
        ("step:\n- /", "probe.yaml:2: unknown key 'step'"),
        ("- /", "probe.yaml:1: expected names and values, found a list"),
        ("steps:\n- {path: /, methd: GET}", "probe.yaml:2: step 1: unknown key 'methd'"),
        ("steps:\n- /\n- {method: GET}", "probe.yaml:3: step 2: it has no path"),
        ("steps:\n- {path: /, method: FETCH}", "step 1: unknown method 'FETCH'"),
        ("steps:\n- {path: relative}", "step 1: the path 'relative' does not start with /"),
        ("steps:\n- {path: /, form: {a: 1}, json: 1}", "form and json cannot be given together"),
        ("steps:\n- {path: /, body_file: gone}", "step 1: gone: No such file"),
        ("steps:\n- {path: /, expect: {status: 99}}", "step 1: '99' is not a status"),
        ("steps:\n- {path: /, expect: {body: '('}}", "step 1: regular expression '\\('"),
        ("steps:\n- {path: /, expect: {json: {id: 1}}}", "JSON path 'id' is not understood"),
        ("steps:\n- {path: /, capture: {a: {json: '$.['}}}", "is not understood"),
        ("steps:\n- {path: /, capture: {a: {input: x, json: $}}}", "give one of regex"),
        ("steps:\n- {path: /, capture: {a-b: {input: x}}}", "'a-b' is no name"),
        ("steps:\n- {path: /, capture: {a: {cooky: x}}}", "unknown key 'cooky'"),
        ("steps:\n- {path: '/{{x}}'}", r"step 1: \{\{x\}\} is not captured by an earlier step"),
        ("steps:\n- {path: /, body: '{{x}}'}", r"\{\{x\}\} is not captured"),
        ("steps:\n- {path: /, repeat: 0}", "'0' is not a number from 1 to 1000"),
        ("steps:\n- {path: /, path: /b}", "'path' is given twice"),
        ("steps:\n- {path: [a]}", "expected a text, found a list"),
        ("steps:\n- {path: /, json: !!binary aGk=}", "not a JSON value"),
        ("steps:\n- {path: /, json: .nan}", "not a JSON value"),
        ("steps:\n- &a {path: /}\n- *a", "line 3: aliases are not supported"),
        ("steps:\n- {path: /", "not YAML: line 2"),
        ("steps:\n- !!python/object:os.system {path: /, x: 1}", "unknown key 'x'"),
        ("scheme: ftp\nsteps: [/]", "unknown scheme 'ftp'"),
    ],
)
def test_mistakes_are_named_with_line_and_step(text: str, found: str) -> None:
    with pytest.raises(UsageError, match=found):
        parse(text)


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_probe_file(tmp_path / "gone.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"steps: [/\xe9]")
    with pytest.raises(UsageError, match="not UTF-8"):
        read_probe_file(tmp_path / "latin.yaml")
    (tmp_path / "big.yaml").write_bytes(b"#" * (2 << 20))
    with pytest.raises(UsageError, match="more than 1 MiB"):
        read_probe_file(tmp_path / "big.yaml")


def examples() -> list[str]:
    blocks = GUIDE.read_text().split("```yaml\n")[1:]
    return [block.partition("```")[0] for block in blocks]


@pytest.mark.parametrize("text", examples())
def test_examples_of_the_guide_are_valid(text: str) -> None:
    import jsonschema
    import yaml

    assert parse_probe_file(text, name="guide", read_file=lambda _: b"data")
    jsonschema.validate(yaml.safe_load(text), json.loads(SCHEMA.read_text()))


def test_schema_knows_every_key_and_no_other() -> None:
    from jettison.probe import stepfile

    schema = json.loads(SCHEMA.read_text())
    step = schema["$defs"]["step"]["properties"]
    assert set(schema["properties"]) == set(stepfile.FILE_KEYS)
    assert set(step) == set(stepfile.STEP_KEYS)
    assert set(step["expect"]["properties"]) == set(stepfile.EXPECT_KEYS)
    assert set(schema["$defs"]["source"]["properties"]) == set(CaptureKind)
