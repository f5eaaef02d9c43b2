from collections.abc import Sequence

import pytest

from jettison.image import HealthCheck
from jettison.probe.health import HealthPlan, plan_health, run_until_healthy


class FakeContainer:
    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.calls: list[tuple[tuple[str, ...], float]] = []

    def exec(self, argv: Sequence[str], *, timeout_s: float) -> tuple[int, str]:
        self.calls.append((tuple(argv), timeout_s))
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return status, f"status {status}"


class FakeClock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize(
    ("test", "shell", "argv"),
    [
        (("CMD", "python", "check.py"), (), ("python", "check.py")),
        (("CMD-SHELL", "curl -f localhost"), (), ("/bin/sh", "-c", "curl -f localhost")),
        (("CMD-SHELL", "x"), ("/bin/bash", "-lc"), ("/bin/bash", "-lc", "x")),
    ],
)
def test_what_is_run(test: tuple[str, ...], shell: tuple[str, ...], argv: tuple[str, ...]) -> None:
    plan = plan_health(HealthCheck(test=test, timeout_s=3.0), shell=shell)
    assert plan == HealthPlan(argv=argv, timeout_s=3.0)


@pytest.mark.parametrize("test", [("NONE",), (), ("CMD",), ("OTHER", "x")])
def test_nothing_to_run(test: tuple[str, ...]) -> None:
    assert plan_health(HealthCheck(test=test)) is None
    assert plan_health(None) is None


def test_default_time_limit_is_dockers() -> None:
    plan = plan_health(HealthCheck(test=("CMD", "x")))
    assert plan is not None
    assert plan.timeout_s == 30.0


def test_it_is_run_until_it_succeeds() -> None:
    container, clock = FakeContainer(1, 1, 0), FakeClock()
    plan = HealthPlan(argv=("check",), timeout_s=2.0)
    result = run_until_healthy(plan, container, within_s=10, clock=clock, pause=clock.pause)
    assert (result.is_healthy, result.attempts, result.status) == (True, 3, 0)
    assert container.calls == [(("check",), 2.0)] * 3


def test_it_ends_unhealthy_when_the_time_is_over() -> None:
    container, clock = FakeContainer(1), FakeClock()
    plan = HealthPlan(argv=("check",), timeout_s=2.0)
    result = run_until_healthy(plan, container, within_s=5, clock=clock, pause=clock.pause)
    assert not result.is_healthy
    assert result.output == "status 1"
    assert 4 <= result.seconds <= 5
    once = run_until_healthy(plan, container, within_s=0, clock=clock, pause=clock.pause)
    assert once.attempts == 1
