import pickle

import pytest

from jettison.digest import Digest
from jettison.probe.catalogue import PROBES, CrawlProbe, OpenApiProbe, Probe, StepsProbe, Target
from jettison.probe.links import Site
from jettison.probe.model import (
    Answer,
    CrawlLimits,
    Endpoint,
    ProbePlan,
    ProbeResults,
    ReadyInfo,
    Request,
    Skipped,
)
from jettison.probe.steps import parse_probe

LINKS = "".join(f'<a href="/{number}?x={number}">x</a>' for number in range(500)).encode()
PLAN = ProbePlan(steps=(parse_probe("POST /a"), parse_probe("/b")))


def target(plan: ProbePlan = PLAN, *, is_first: bool = True) -> Target:
    endpoint = Endpoint(host="127.0.0.1", port=8000, scheme="http")
    return Target(
        plan=plan,
        site=Site(endpoint=endpoint, host="localhost", is_first=is_first),
        has_session=lambda: False,
        answers=tuple,
    )


def ask(probe: Probe, status: int, aim: Target) -> tuple[list[Request], tuple[Skipped, ...]]:
    """Hold the dialogue that a probe wants with an app that always gives the same answer."""
    exchange = probe.requests(aim)
    asked: list[Request] = []
    try:
        request = next(exchange)
        while True:
            asked.append(request)
            answer = Answer(
                request=request,
                port=8000,
                scheme="http",
                target=request.path,
                status=status,
                headers=(("Content-Type", "text/html"),),
                body=LINKS,
            )
            request = exchange.send((answer,) if status else ())
    except StopIteration as end:
        return asked, end.value


class ProbeContract:
    """What every probe of the catalogue keeps to."""

    probe: Probe

    @pytest.mark.parametrize("status", [0, 200, 404, 500])
    def test_it_ends_and_asks_the_same_each_time(self, status: int) -> None:
        asked, skipped = ask(self.probe, status, target())
        assert (asked, skipped) == ask(self.probe, status, target())
        assert len(asked) <= 120
        assert all(request.path.startswith("/") for request in asked)

    def test_what_it_makes_up_is_harmless(self) -> None:
        asked, _ = ask(self.probe, 200, target(ProbePlan()))
        assert {request.method for request in asked} <= {"GET"}
        assert all(request.expect is None for request in asked)

    def test_it_is_in_the_catalogue_once(self) -> None:
        assert [probe.name for probe in PROBES].count(self.probe.name) == 1


class TestSteps(ProbeContract):
    probe = StepsProbe()

    def test_steps_are_asked_of_the_first_endpoint_alone(self) -> None:
        asked, _ = ask(self.probe, 200, target())
        assert asked == list(PLAN.steps)
        assert ask(self.probe, 200, target(is_first=False)) == ([], ())


class TestCrawl(ProbeContract):
    probe = CrawlProbe()

    def test_other_endpoints_are_named_by_port(self) -> None:
        first, _ = ask(self.probe, 404, target())
        other, _ = ask(self.probe, 404, target(is_first=False))
        assert {request.port for request in first} == {None}
        assert {request.port for request in other} == {8000}


class TestOpenApi(ProbeContract):
    probe = OpenApiProbe()

    def test_it_can_be_turned_off(self) -> None:
        for plan in (ProbePlan(openapi=False), ProbePlan(crawl=None)):
            assert ask(self.probe, 200, target(plan)) == ([], ())


def test_results_cross_a_pipe() -> None:
    ready = ReadyInfo(endpoints=(Endpoint(host="::1", port=1, scheme="https"),))
    answer = Answer(request=PLAN.steps[0], port=1, scheme="https", digest=Digest.of(b"x"))
    results = ProbeResults(ready=ready, answers=(answer,))
    assert pickle.loads(pickle.dumps(results)) == results
    assert CrawlLimits() == pickle.loads(pickle.dumps(CrawlLimits()))
