from __future__ import annotations

import pytest

from jettison.analysis.command_lines import (
    CommandLines,
    find_command_lines,
    is_periodic,
    may_name_commands,
)
from jettison.paths import ImagePath


def lines(path: str, text: str) -> CommandLines:
    assert may_name_commands(ImagePath(path))
    return find_command_lines(ImagePath(path), text)


def test_system_crontabs_name_a_user_before_the_command() -> None:
    text = (
        "# m h dom mon dow user command\n"
        "PATH=/usr/bin:/bin\n"
        "*/5 1-3 1,2 * mon-fri\troot  find /app | sort\n"
        "@daily www-data backup --to=a%first line%second\n"
        "0 0 * * 0 root date +\\%F\n"
        "17 * * * *\n"
    )
    found = lines("/etc/cron.d/jobs", text)
    assert found.lines == ("find /app | sort", "backup --to=a", "date +%F")
    assert found.needs_shell
    assert lines("/etc/crontab", text) == found


@pytest.mark.parametrize(
    "path", ["/var/spool/cron/crontabs/app", "/etc/crontabs/root", "/app/crontab"]
)
def test_crontabs_of_users_do_not(path: str) -> None:
    assert lines(path, "*/15 * * * * curl -s http://x/\n").lines == ("curl -s http://x/",)


def test_procfiles() -> None:
    found = lines("/app/Procfile", "web: gunicorn app:app\n# no: x\nclock: python c.py | tee x\n")
    assert found == CommandLines(
        lines=("gunicorn app:app", "python c.py | tee x"), needs_shell=True
    )


def test_process_managers_start_their_programs_without_a_shell() -> None:
    text = (
        "[supervisord]\ncommand=no\n"
        "[program:web]\ncommand=nginx -g 'daemon off;'\n"
        'environment=A="%(ENV_X)s"\n'
        "[program:report]\nautostart=false\ncommand = /bin/sh -c\n    'gzip x' ; nightly\n"
        "[watcher:worker]\ncmd = worker --fast\n"
    )
    assert lines("/etc/supervisor/conf.d/app.conf", text) == CommandLines(
        lines=("nginx -g 'daemon off;'", "/bin/sh -c 'gzip x'", "worker --fast")
    )


@pytest.mark.parametrize("text", ["user nginx;\nhttp {\n}\n", "[a\n", "", "\0[program:x]\n"])
def test_other_settings_name_none(text: str) -> None:
    assert lines("/etc/nginx/nginx.conf", text) == CommandLines()


def test_which_files_are_read() -> None:
    assert not may_name_commands(ImagePath("/app/app.py"))
    assert not may_name_commands(ImagePath("/app/crontab.py"))
    assert is_periodic(ImagePath("/etc/cron.daily/clean"))
    assert is_periodic(ImagePath("/etc/periodic/15min/clean"))
    assert not is_periodic(ImagePath("/etc/cron.d/clean"))
