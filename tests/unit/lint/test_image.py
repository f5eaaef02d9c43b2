"""The rules that look at a built image, on images in memory."""

from __future__ import annotations

from jettison.image import HealthCheck, ImageConfig
from jettison.lint.check import check_image
from jettison.lint.image import ImageView
from jettison.paths import ImagePath
from support.layers import Content, Directory, File
from support.trees import make_config, make_rootfs

PROGRAM = File(mode=0o755, data=b"\x7fELF")
HEALTHY = HealthCheck(test=("CMD", "python3", "-c", "pass"))
SERVER = ("gunicorn", "--bind", "0.0.0.0:8000", "app:app")
BASE: Content = {
    "/usr/bin/python3": PROGRAM,
    "/usr/local/bin/gunicorn": PROGRAM,
    "/etc/passwd": b"root:x:0:0::/:/bin/sh\ntoor:x:0:0::/:/bin/sh\napp:x:999:999::/:/bin/sh\n",
    "/app/main.py": b"print(1)\n",
}


def found(config: ImageConfig, *layers: Content) -> dict[str, str]:
    rootfs = make_rootfs(BASE, *layers)

    def read(path: str) -> bytes:
        with rootfs.open(ImagePath(path)) as file:
            return file.read()

    view = ImageView("docker:app:1", config, rootfs.tree, read)
    return {finding.rule: finding.message for finding in check_image(view)}


def test_an_image_as_it_should_be_has_no_findings() -> None:
    assert found(make_config(cmd=SERVER, user="999:999", healthcheck=HEALTHY)) == {}


def test_root_in_every_spelling() -> None:
    for user in ("0", "0:0", "root", "root:root", "00", "toor", "0:999"):
        made = found(make_config(cmd=SERVER, user=user, healthcheck=HEALTHY))
        assert set(made) == {"JT4002"}, user
        assert "is root" in made["JT4002"]
    assert set(found(make_config(cmd=SERVER, healthcheck=HEALTHY))) == {"JT4001"}
    for user in ("app", "app:root", "1000:0"):
        assert found(make_config(cmd=SERVER, user=user, healthcheck=HEALTHY)) == {}
    missing = found(make_config(cmd=SERVER, user="nobody-here", healthcheck=HEALTHY))
    assert "is not in the image's /etc/passwd" in missing["JT4002"]


def test_the_check_s_program_is_looked_for() -> None:
    for test in (("CMD-SHELL", "curl -f http://localhost || exit 1"), ("CMD", "curl", "x")):
        check = HealthCheck(test=test)
        made = found(make_config(cmd=SERVER, user="999", healthcheck=check))
        assert set(made) == {"JT5002"}
        there = found(
            make_config(cmd=SERVER, user="999", healthcheck=check), {"/usr/bin/curl": PROGRAM}
        )
        assert there == {}
    for words in (("NONE",), ("CMD-SHELL", "exit 0"), ("CMD-SHELL", 'unclosed "'), ("CMD",)):
        check = HealthCheck(test=words)
        assert found(make_config(cmd=SERVER, user="999", healthcheck=check)) == {}


def test_servers_for_development_in_command_script_and_variables() -> None:
    script = b"from flask import Flask\napp = Flask(__name__)\napp.run(debug=True)\n"
    config = make_config(
        cmd=("python3", "run.py"), user="999", healthcheck=HEALTHY, working_dir="/app"
    )
    made = found(config, {"/app/run.py": script})
    assert made == {
        "JT3001": "run.py:3 starts app.run(…, debug=True), debugger and all, which is for"
        " development: gunicorn or uvicorn serve"
    }
    command = make_config(cmd=("flask", "run"), user="999", healthcheck=HEALTHY)
    assert set(found(command)) == {"JT3001"}
    variable = make_config(cmd=SERVER, user="999", healthcheck=HEALTHY, env={"FLASK_DEBUG": "1"})
    assert set(found(variable)) == {"JT3002"}
    reloading = make_config(
        cmd=("uvicorn", "a:b", "--host", "::", "--reload"), user="999", healthcheck=HEALTHY
    )
    assert {"JT3002"} <= set(found(reloading))


def test_loopback_shell_and_missing_check() -> None:
    config = make_config(cmd=("gunicorn", "-b", "127.0.0.1:80", "a:b"), user="999")
    assert set(found(config)) == {"JT3004", "JT5001"}
    shell = make_config(
        entrypoint=("/bin/sh", "-c", "gunicorn a:b"), user="999", healthcheck=HEALTHY
    )
    assert set(found(shell)) == {"JT5006"}
    handed_over = make_config(
        entrypoint=("/bin/sh", "-c", "cd / && exec gunicorn a:b"), user="999", healthcheck=HEALTHY
    )
    assert found(handed_over) == {}


def test_what_the_files_tell() -> None:
    path = "/opt/gone/bin:/opt/here/bin:/usr/local/bin:/usr/bin"
    config = make_config(
        cmd=SERVER, user="999", healthcheck=HEALTHY, env={"PATH": path}, working_dir="/app"
    )
    layer: Content = {
        "/opt/here/bin/gcc": PROGRAM,
        "/usr/bin/sudo": PROGRAM,
        "/app/data": Directory(mode=0o777),
        "/app/tmp": Directory(mode=0o1777),
        "/elsewhere": Directory(mode=0o777),
    }
    made = found(config, layer)
    assert made == {
        "JT2005": "the image has gcc: nothing that runs needs them",
        "JT2009": "PATH names /opt/gone/bin, which does not exist",
        "JT4005": "the image has /usr/bin/sudo, which is a way back to root",
        "JT4006": "everyone may write to /app/data",
    }


def test_secrets_in_variables_count_where_they_look_real() -> None:
    secret = "xK9#mQ2$vL7pRt4wZs8n"
    config = make_config(
        cmd=SERVER,
        user="999",
        healthcheck=HEALTHY,
        env={"DB_PASSWORD": secret, "API_TOKEN": "changeme", "GPG_KEY": "A035C8C19219BA821E"},
    )
    made = found(config)
    assert set(made) == {"JT3005"}
    assert secret not in made["JT3005"]
