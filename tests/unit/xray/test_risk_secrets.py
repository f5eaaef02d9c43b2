from __future__ import annotations

import pytest

from jettison.analysis.inventory import PackageType
from jettison.image import History
from jettison.xray.risk_model import RiskKind, Severity
from support.layers import Content, File
from support.risky import look, of_kind, package
from support.secrets import django_key, github_token, private_key, random_text
from support.trees import make_config

SITE = "/usr/local/lib/python3.12/site-packages"
CLEAN = b'"""Settings."""\nimport os\n\nSECRET_KEY = os.environ["SECRET_KEY"]\nDEBUG = False\n'
KEY = django_key()
DIRTY = CLEAN + f"SECRET_KEY = '{KEY}'\n".encode()


def test_settings_are_judged_by_what_they_hold() -> None:
    assert of_kind(look({"/app/settings.py": CLEAN}), RiskKind.SECRET) == []
    [risk] = of_kind(look({"/app/settings.py": DIRTY}), RiskKind.SECRET)
    assert (risk.path, risk.line, risk.layer, risk.is_hidden) == ("/app/settings.py", 6, 0, False)
    assert risk.detail == "secret: SECRET_KEY=*** (50 characters)"
    assert risk.rule == "generic"


@pytest.mark.parametrize(
    "above",
    [
        {"/app/.wh.settings.py": b""},
        {"/app/settings.py": CLEAN},
        {"/.wh.app": b""},
        {"/app/.wh..wh..opq": b""},
    ],
)
def test_what_a_later_layer_hides_is_still_in_the_image(above: Content) -> None:
    [risk] = of_kind(look({"/app/settings.py": DIRTY}, above), RiskKind.SECRET)
    assert (risk.layer, risk.is_hidden) == (0, True)


def test_a_secret_that_several_layers_repeat_is_one() -> None:
    [risk] = of_kind(
        look({"/app/s.py": DIRTY}, {"/app/s.py": DIRTY + b"#"}, {"/app/x": b""}), RiskKind.SECRET
    )
    assert (risk.layer, risk.is_hidden) == (0, False)
    assert risk.detail.endswith("also in layer 1")


def test_variables_history_labels_and_arguments() -> None:
    value, token, url = random_text("v", 40), github_token(), "https://ci:kX9vd72Q@pypi.host/simple"
    config = make_config(
        user="1",
        env={"API_SECRET": value, "GPG_KEY": "7169605F62C751356D054A26A821E680E5FA6305"},
        cmd=("app", f"--token={github_token('b')}"),
        history=[
            History(created_by=f"ENV API_SECRET={value}", empty_layer=True),
            History(created_by=f"RUN |1 TOKEN={token} /bin/sh -c make"),
            History(created_by=f"RUN /bin/sh -c pip install -i {url} x # buildkit"),
        ],
    )
    found = of_kind(look({}, {}, config=config), RiskKind.SECRET)
    assert [(risk.path, risk.layer, risk.severity) for risk in found] == [
        (None, None, Severity.HIGH)
    ] * 4
    assert [risk.detail.partition(":")[0] for risk in found] == [
        "ENV API_SECRET",
        "history, line 2",
        "history, line 3",
        "the command",
    ]
    for secret in (value, token, "kX9vd72Q"):
        assert all(secret not in repr(risk) for risk in found)


def test_keys_outside_of_test_data_of_packages() -> None:
    key = private_key().encode()
    tests = f"{SITE}/crypto/tests/data/key.pem"
    shipped = f"{SITE}/crypto/default.pem"
    layer = {
        "/app/tls.key": key,
        "/app/tests/fixtures/key.pem": key,
        tests: key,
        shipped: key,
        "/usr/share/doc/openssl/key.pem": key,
    }
    packages = (
        package("crypto", tests, shipped, kind=PackageType.PYTHON),
        package("openssl", "/usr/share/doc/openssl/key.pem"),
    )
    found = of_kind(look(layer, packages=packages), RiskKind.PRIVATE_KEY)
    assert [(risk.path, risk.severity) for risk in found] == [
        ("/app/tls.key", Severity.HIGH),
        ("/app/tests/fixtures/key.pem", Severity.LOW),
        (shipped, Severity.LOW),
    ]


def test_package_files_that_a_later_layer_replaces_are_searched() -> None:
    path = "/usr/share/tool/settings"
    token = github_token().encode()
    packages = (package("tool", path, layer=0),)
    assert of_kind(look({path: token}, packages=packages), RiskKind.SECRET) == []
    [risk] = of_kind(look({path: b""}, {path: token}, packages=packages), RiskKind.SECRET)
    assert risk.layer == 1
    [risk] = of_kind(
        look({"/etc/tool.conf": token}, packages=(package("tool", "/etc/tool.conf"),)),
        RiskKind.SECRET,
    )
    assert risk.owner == "deb tool 1"


def test_names_and_random_values_say_nothing_in_files_of_others() -> None:
    path = f"{SITE}/lib/a.py"
    standard = "/usr/local/lib/python3.12/secrets_of_others.py"
    files = {
        path: DIRTY,
        standard: DIRTY,
        "/usr/local/lib/python3.12/os.py": b"",
        "/app/a.py": DIRTY,
    }
    packages = (package("lib", path, kind=PackageType.PYTHON),)
    [risk] = of_kind(look(files, packages=packages), RiskKind.SECRET)
    assert risk.path == "/app/a.py"
    # A distribution that a later layer removes is somebody else's code all the same.
    hidden = look({path: DIRTY}, {f"{SITE}/.wh.lib": b""})
    assert of_kind(hidden, RiskKind.SECRET) == []


def test_byte_code_without_its_source() -> None:
    token = b"\xa7\r\r\n\0\0\0\0" + github_token().encode() + b"\0"
    [risk] = of_kind(look({"/app/__pycache__/a.cpython-312.pyc": token}), RiskKind.SECRET)
    assert risk.line is None
    with_source = {"/app/__pycache__/a.cpython-312.pyc": token, "/app/a.py": b""}
    assert of_kind(look(with_source), RiskKind.SECRET) == []


def test_other_binaries_are_passed_over_except_for_key_stores() -> None:
    layer = {
        "/app/data": b"\0" + github_token().encode(),
        "/app/tls.p12": b"\x30\x82\x09\x00" + b"\0" * 40,
        "/app/not.p12": b"\0" * 40,
    }
    risks = look(layer)
    assert of_kind(risks, RiskKind.SECRET) == []
    assert [risk.path for risk in of_kind(risks, RiskKind.PRIVATE_KEY)] == ["/app/tls.p12"]


def test_large_files_are_read_in_part_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jettison.xray.risk_secrets.MAX_FILE_BYTES", 1 << 20)
    token = github_token().encode()
    risks = look({"/app/log": b"x\n" * (1 << 20) + token, "/app/top": token + b"\n" * (2 << 20)})
    assert [risk.path for risk in of_kind(risks, RiskKind.SECRET)] == ["/app/top"]
    [notice] = risks.notices
    assert "2 files larger than 1 MiB" in notice


def test_certificates_of_ones_own_and_bundles() -> None:
    one = b"-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n"
    layer = {
        "/app/server.crt": one * 2,
        "/app/bundle.pem": one * 100,
        "/etc/ssl/certs/x.pem": one,
        "/usr/local/share/ca-certificates/corp.crt": one,
        f"{SITE}/certifi/cacert.pem": one * 3,
        "/app/note.txt": one,
    }
    found = of_kind(look(layer), RiskKind.CERTIFICATE)
    assert [(risk.path, risk.severity) for risk in found] == [("/app/server.crt", Severity.INFO)]


def test_one_file_with_two_names_is_read_once() -> None:
    from support.layers import HardLink

    layer = {"/app/a": File(data=github_token().encode()), "/app/b": HardLink(target="/app/a")}
    assert [risk.path for risk in of_kind(look(layer), RiskKind.SECRET)] == ["/app/a"]
