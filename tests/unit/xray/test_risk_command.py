from __future__ import annotations

import pytest

from jettison.xray.risk_model import Risk, RiskKind, Severity
from support.layers import Content, File
from support.risky import look, of_kind
from support.trees import make_config

FLASK = b"from flask import Flask\napp = Flask(__name__)\napp.run(host='0.0.0.0', debug=True)\n"


def found(files: Content, *cmd: str, **config: str) -> list[Risk]:
    env = {name: value for name, value in config.items() if name.isupper()}
    image = make_config(cmd=cmd, env=env, working_dir=config.get("working_dir", "/app"))
    return of_kind(look(files, config=image), RiskKind.DEBUG_SERVER)


@pytest.mark.parametrize(
    "cmd",
    [
        ("python", "app.py"),
        ("python3", "-u", "/app/app.py"),
        ("python", "-m", "app"),
        ("sh", "-c", "exec python app.py"),
        ("/app/start.sh",),
        ("sh", "start.sh"),
        ("./start.sh", "ignored"),
        ("/app/entry.sh", "python", "app.py"),
    ],
)
def test_a_script_that_serves_with_its_debugger(cmd: tuple[str, ...]) -> None:
    files: Content = {
        "/app/app.py": FLASK,
        "/app/start.sh": File(data=b"#!/bin/sh\nset -e\nexec python app.py\n", mode=0o755),
        "/app/entry.sh": File(data=b'#!/bin/sh\nset -e\nexec "$@"\n', mode=0o755),
    }
    [risk] = found(files, *cmd)
    assert (risk.path, risk.line, risk.severity) == ("/app/app.py", 3, Severity.HIGH)


def test_servers_of_the_command_line_and_of_scripts() -> None:
    [risk] = found({}, "flask", "run")
    assert (risk.path, risk.severity) == (None, Severity.MEDIUM)
    script = File(data=b"#!/bin/bash\nmigrate\npython manage.py \\\n  runserver\n", mode=0o755)
    [risk] = found({"/app/run": script}, "/app/run")
    assert (risk.path, risk.line) == ("/app/run", 3)


def test_production_servers_are_none() -> None:
    assert found({"/app/app.py": FLASK}, "gunicorn", "app:app") == []
    assert found({"/app/app.py": b"print('app.run()')"}, "python", "app.py") == []
    loop = File(data=b"#!/bin/sh\nexec /app/loop\n", mode=0o755)
    assert found({"/app/loop": loop}, "/app/loop") == []


def test_variables_that_switch_debugging_on() -> None:
    [risk] = found({}, "gunicorn", "app:app", FLASK_DEBUG="1")
    assert "FLASK_DEBUG=1" in risk.detail
    assert found({}, "gunicorn", "app:app", FLASK_DEBUG="0") == []
