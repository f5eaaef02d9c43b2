from pathlib import Path

import pytest

from jettison.cli.options import SlimArguments, VerifyArguments
from jettison.cli.requests import parse_env, slim_request, verify_request
from jettison.cli.sources import parse_size, store_directory
from jettison.errors import UsageError
from jettison.selection import Policy, PythonSources


def test_defaults_ask_for_nothing_special() -> None:
    request = slim_request(SlimArguments(target="shop"))
    assert (request.source.target, request.outputs, request.tag) == ("shop", (), None)
    assert (request.watch.run.cmd, request.watch.run.network) == (None, "none")
    assert request.source.limits.max_bytes == 32 << 30
    assert request.source.platform.os == "linux"


def test_commands_are_split_as_a_shell_does() -> None:
    request = slim_request(
        SlimArguments(target="x", cmd="", entrypoint="sh -c 'echo a b'", exec=("python -V",))
    )
    assert request.watch.run.entrypoint == ("sh", "-c", "echo a b")
    assert request.watch.run.cmd == ()
    assert request.watch.execs == (("python", "-V"),)


def test_verify_takes_two_images() -> None:
    request = verify_request(VerifyArguments(original="a", slimmed="b", port=("80", "443/tcp")))
    assert (request.original.target, request.slimmed.target, request.watch.ready.ports) == (
        "a",
        "b",
        (80, 443),
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"platform": "amd64"}, "platform"),
        ({"max_unpacked_size": "much"}, "--max-unpacked-size"),
        ({"memory": "-1"}, "--memory"),
        ({"network": "bridge"}, "--network"),
        ({"port": ("99999",)}, "--port"),
        ({"exec": ("echo 'x",)}, "--exec"),
        ({"env": ("=x",)}, "--env"),
        ({"env_file": ("/no/such/file",)}, "--env-file"),
    ],
)
def test_mistakes_name_the_option(arguments: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        slim_request(SlimArguments(target="x", **arguments))  # type: ignore[arg-type]  # a table


@pytest.mark.parametrize(
    ("text", "size"),
    [("512", 512), ("1k", 1024), ("1.5m", 1572864), ("2G", 2 << 30), ("1gib", 1 << 30)],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text, "--memory") == size


def test_environment_from_files_options_and_our_own(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text("# comment\n\nA=1\nB=x=y\nHANDED\n")
    env = parse_env(("A=2", "ABSENT", "EMPTY="), (str(file),), {"HANDED": "on"})
    assert env == {"A": "2", "B": "x=y", "HANDED": "on", "EMPTY": ""}


def test_the_store_is_below_the_cache_directory() -> None:
    assert store_directory({"XDG_CACHE_HOME": "/c"}) == Path("/c/jettison")
    assert store_directory({}).parts[-2:] == (".cache", "jettison")


def test_the_smallest_policy_leaves_no_sources_unless_they_are_asked_for() -> None:
    def sources(**arguments: object) -> PythonSources:
        request = slim_request(SlimArguments(target="x", **arguments))  # type: ignore[arg-type]  # a table
        return request.selection.python_sources

    assert sources() is PythonSources.DROP_STDLIB
    assert sources(policy=Policy.OBSERVED) is PythonSources.DROP
    assert sources(policy=Policy.OBSERVED, python_sources=PythonSources.KEEP) is PythonSources.KEEP
