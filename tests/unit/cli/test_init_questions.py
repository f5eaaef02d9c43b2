from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from jettison.cli.main import app


def test_what_is_asked_is_what_is_left_open(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("from flask import Flask\napp = Flask(__name__)\n")
    words = ["init", str(tmp_path), "--interactive", "--no-pin", "--base", "python:3.12-slim"]
    answered = CliRunner().invoke(app, words, input="\n8081\nshop-two\n")
    assert answered.exit_code == 0, answered.output
    assert "Base image" not in answered.stderr
    assert "EXPOSE 8081" in (tmp_path / "Dockerfile").read_text()
    assert "image: shop-two:0.1.0" in (tmp_path / "compose.yaml").read_text()


def test_an_answer_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("from flask import Flask\napp = Flask(__name__)\n")
    answered = CliRunner().invoke(
        app, ["init", str(tmp_path), "--interactive", "--no-pin"], input="\n\nmany\n"
    )
    assert "'many' is not a port" in str(answered.exception)
    assert not (tmp_path / "Dockerfile").exists()
