import gzip
import socket
import threading
import zlib
from pathlib import Path

import pytest

from jettison.errors import ContainerError, NotReadyError
from jettison.probe.expect import require_success
from jettison.probe.model import (
    Answer,
    CrawlLimits,
    Cut,
    Endpoint,
    ProbePlan,
    ProbeResults,
    Purpose,
    ReadyInfo,
)
from jettison.probe.ready import ReadyOptions, wait_until_ready
from jettison.probe.session import replay, run_probes
from jettison.probe.stepfile import parse_probe_file
from jettison.probe.steps import parse_probe
from support.probe_apps import (
    App,
    Call,
    LoginApp,
    Reply,
    Running,
    free_port,
    listen,
    make_certificate,
    pages,
    serve,
)


def no_files(name: str) -> bytes:
    raise AssertionError(name)


def plan_of(*probes: str, crawl: CrawlLimits | None = None) -> ProbePlan:
    return ProbePlan(steps=tuple(parse_probe(probe) for probe in probes), crawl=crawl)


def probe(app: App, plan: ProbePlan) -> tuple[ProbeResults, Running]:
    with serve(app) as running:
        return run_probes(plan, at(running), running), running


def at(running: Running, scheme: str = "http") -> ReadyInfo:
    return ReadyInfo(endpoints=(Endpoint(host="127.0.0.1", port=running.port, scheme=scheme),))


def only(results: ProbeResults) -> Answer:
    (answer,) = results.answers
    return answer


LOGIN = """
steps:
  - name: open the form
    path: /login
    capture:
      token: {input: csrf}
  - name: log in
    path: /login
    form: {csrf: "{{token}}", user: ann}
    expect: {status: 302}
  - path: /private
    expect: {status: 200, body: secret}
"""


def test_a_step_is_asked_and_answered() -> None:
    results, running = probe(pages({"/a": "hello"}), plan_of("/a"))
    answer = only(results)
    assert (answer.status, answer.body, answer.media_type) == (200, b"hello", "text/html")
    call = running.calls[0]
    assert (call.method, call.target) == ("GET", "/a")
    assert call.headers["host"] == f"localhost:{running.port}"
    require_success(results, log_tail="")


def test_without_crawl_and_steps_the_root_is_asked() -> None:
    _, running = probe(pages({"/": "<a href=/a>"}), ProbePlan(crawl=None))
    assert running.asked == ["/"]


def test_results_survive_json() -> None:
    results, _ = probe(pages({"/": "<a href=/x>x</a>"}), plan_of("/ 2xx", crawl=CrawlLimits()))
    assert ProbeResults.from_json(results.to_json()) == results
    with pytest.raises(ValueError, match="JSON"):
        ProbeResults.from_json(b"nonsense")


def test_login_with_token_cookie_and_redirect() -> None:
    plan = ProbePlan(steps=parse_probe_file(LOGIN, name="p.yaml", read_file=no_files), crawl=None)
    results, _ = probe(LoginApp(), plan)
    require_success(results, log_tail="")
    assert [answer.status for answer in results.answers] == [200, 302, 200, 200]
    assert results.answers[2].request.purpose is Purpose.REDIRECT
    assert results.answers[2].body == b"<p>secret</p>"


def test_replay_captures_anew_and_answers_line_up() -> None:
    plan = ProbePlan(steps=parse_probe_file(LOGIN, name="p.yaml", read_file=no_files))
    recorded, first = probe(LoginApp(), plan)
    with serve(LoginApp()) as running:
        again = replay(recorded, plan, ready=at(running), watched=running)
    assert [answer.status for answer in again.answers] == [
        answer.status for answer in recorded.answers
    ]
    assert [answer.request for answer in again.answers] == [
        answer.request for answer in recorded.answers
    ]
    assert running.asked == first.asked
    require_success(again, log_tail="")


def test_redirect_target_of_a_replay_is_the_live_one() -> None:
    def app_for(token: str) -> App:
        found: dict[str, str | bytes | Reply] = {
            "/": Reply(302, b"", [("Location", f"/result/{token}")]),
            f"/result/{token}": "done",
        }
        return pages(found)

    plan = plan_of("/")
    recorded, _ = probe(app_for("one"), plan)
    with serve(app_for("two")) as running:
        again = replay(recorded, plan, ready=at(running), watched=running)
    assert running.asked == ["/", "/result/two"]
    assert [answer.status for answer in again.answers] == [302, 200]
    assert again.answers[1].request.path == "/result/one"


def test_crawl_visits_what_pages_name_and_no_other_origin() -> None:
    app = pages(
        {
            "/": '<a href="/a">a</a><a href="http://other.test/x">o</a><img src=/i.png>'
            '<link rel="stylesheet" href="/s.css">',
            "/a": "<script src='js/app.js'></script>",
            "/s.css": "@import 'more.css'; b{background:url(/bg.png)}",
            "/sitemap.xml": "<urlset><url><loc>http://localhost/map</loc></url></urlset>",
            "/robots.txt": "User-agent: *\nDisallow: /hidden\nDisallow: /*.cgi\n",
        }
    )
    results, running = probe(app, ProbePlan())
    assert running.asked == [
        *("/", "/robots.txt", "/sitemap.xml", "/favicon.ico"),
        *("/a", "/i.png", "/s.css", "/hidden"),
        *("/js/app.js", "/more.css", "/bg.png"),
        "/openapi.json",
    ]
    assert not any("other.test" in answer.target for answer in results.answers)
    require_success(results, log_tail="")


def test_crawl_starts_from_the_pages_of_the_steps_too() -> None:
    app = pages({"/app": "<a href=/app/more><a href=/app>", "/app/more": "x"})
    results, running = probe(app, plan_of("/app", crawl=CrawlLimits()))
    assert running.asked.count("/app") == 1
    assert "/app/more" in running.asked
    require_success(results, log_tail="")


def test_crawl_is_the_same_each_time() -> None:
    links = "".join(f'<a href="/{number}">x</a>' for number in range(50))
    app = pages({"/": links})
    limits = CrawlLimits(pages=20)
    first, _ = probe(app, ProbePlan(crawl=limits))
    second, _ = probe(app, ProbePlan(crawl=limits))
    targets = [answer.target for answer in first.answers]
    assert targets == [answer.target for answer in second.answers]
    assert len(targets) == 21
    assert any("limit of pages" in item.reason for item in first.skipped)


def test_crawl_does_not_log_out() -> None:
    plan = ProbePlan(steps=parse_probe_file(LOGIN, name="p.yaml", read_file=no_files))
    results, running = probe(LoginApp(), plan)
    assert "/accounts/logout/" not in running.asked
    assert any(item.item == "/accounts/logout/" for item in results.skipped)
    _, running = probe(
        pages({"/": '<a href="/accounts/logout/">out</a>'}), ProbePlan(openapi=False)
    )
    assert "/accounts/logout/" in running.asked


def test_app_answering_404_to_everything_fails() -> None:
    results, _ = probe(pages({}), ProbePlan())
    with pytest.raises(NotReadyError, match="5 × status 404") as caught:
        require_success(results, log_tail="the tail")
    assert caught.value.log_tail == "the tail"
    assert "--probe" in caught.value.hint


def test_app_answering_500_to_everything_fails() -> None:
    results, _ = probe(lambda _: Reply(500, b"boom"), ProbePlan())
    with pytest.raises(NotReadyError, match="5 × status 500"):
        require_success(results, log_tail="")


def test_expected_error_status_is_a_success() -> None:
    results, _ = probe(pages({}), plan_of("GET /missing 404", crawl=CrawlLimits()))
    assert results.answers[0].status == 404
    require_success(results, log_tail="")


def test_step_that_is_answered_otherwise_is_named() -> None:
    results, _ = probe(pages({"/": "x"}), plan_of("/", "POST /gone"))
    with pytest.raises(ContainerError, match=r"--probe: POST /gone: status 404, expected below"):
        require_success(results, log_tail="")


def test_missing_capture_fails_the_step_and_the_one_that_needs_it() -> None:
    results, _ = probe(
        pages({"/login": "no form", "/private": "secret"}),
        ProbePlan(steps=parse_probe_file(LOGIN, name="p.yaml", read_file=no_files), crawl=None),
    )
    assert results.answers[0].unmet == ("{{token}} not captured: no input named csrf",)
    assert "{{token}} was not captured" in results.answers[1].error
    with pytest.raises(ContainerError, match=r"p.yaml:3: step 1: open the form"):
        require_success(results, log_tail="")


def test_captured_address_may_be_a_url_of_the_app_and_of_no_other() -> None:
    text = (
        "steps:\n- {path: /, capture: {next: {regex: 'next=(.*)'}}}\n"
        "- {path: '{{next}}', expect: {status: 200}}\n"
    )
    steps = parse_probe_file(text, name="p", read_file=no_files)
    for address, asked in (
        ("/a b?c=d", ["/", "/a%20b?c=d"]),
        ("http://localhost:PORT/a%20b?c=d", ["/", "/a%20b?c=d"]),
        ("http://other.test/", ["/"]),
    ):
        content: dict[str, str | bytes | Reply] = {"/a%20b?c=d": "found"}
        with serve(pages(content)) as running:
            content["/"] = f"next={address.replace('PORT', str(running.port))}"
            results = run_probes(ProbePlan(steps=steps, crawl=None), at(running), running)
        assert running.asked == asked
    assert "no path of this app" in results.answers[1].error


def test_header_that_cannot_be_sent_is_an_error_of_the_step() -> None:
    text = 'steps:\n- {path: /, headers: {X-A: "a\\nb"}}\n'
    steps = parse_probe_file(text, name="p", read_file=no_files)
    results, running = probe(pages({"/": "x"}), ProbePlan(steps=steps, crawl=None))
    assert "cannot be sent" in only(results).error
    assert not running.calls


def test_https_with_an_unsigned_certificate(tmp_path: Path) -> None:
    with serve(pages({"/": "<a href=/a>a</a>", "/a": "x"}), tls=make_certificate(tmp_path)) as app:
        ready = wait_until_ready(app, ReadyOptions(timeout_s=10))
        results = run_probes(ProbePlan(), ready, app)
    statuses = {answer.target: answer.status for answer in results.answers}
    assert statuses["/"] == statuses["/a"] == 200
    assert {answer.scheme for answer in results.answers} == {"https"}


def test_redirect_loop_ends_and_is_said() -> None:
    app = pages(
        {
            "/": Reply(302, b"", [("Location", "/b")]),
            "/b": Reply(302, b"", [("Location", "/")]),
        }
    )
    results, running = probe(app, plan_of("/"))
    assert len(running.asked) < 8
    assert any("redirects do not come to an end" in item.reason for item in results.skipped)


def test_test_for_cookies_by_redirect_to_the_same_page_is_passed() -> None:
    def app(call: Call) -> Reply:
        if "seen=1" in call.headers.get("cookie", ""):
            return Reply(200, b"welcome")
        return Reply(302, b"", [("Location", "/"), ("Set-Cookie", "seen=1")])

    results, _ = probe(app, plan_of("/"))
    assert [answer.status for answer in results.answers] == [302, 200]
    assert not results.skipped


def test_redirect_to_https_that_nobody_serves_is_said() -> None:
    app = pages({"/": Reply(301, b"", [("Location", "https://localhost/")])})
    results, _ = probe(app, plan_of("/"))
    assert any("X-Forwarded-Proto" in item.reason for item in results.skipped)


def test_redirect_after_post_becomes_get_and_307_keeps_the_body() -> None:
    app = pages(
        {
            "/303": Reply(303, b"", [("Location", "/done")]),
            "/307": Reply(307, b"", [("Location", "/done")]),
            "/done": "ok",
        }
    )
    text = "steps:\n- {path: /303, form: {a: 1}}\n- {path: /307, form: {a: 1}}\n"
    steps = parse_probe_file(text, name="p", read_file=no_files)
    _, running = probe(app, ProbePlan(steps=steps, crawl=None))
    seen = [(call.method, call.target, call.body) for call in running.calls]
    assert seen[1] == ("GET", "/done", b"")
    assert seen[3] == ("POST", "/done", b"a=1")


def endless(connection: socket.socket, head: bytes) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def test_endless_body_is_cut_by_size() -> None:
    with listen(lambda it: endless(it, b"Content-Type: text/plain\r\n")) as app:
        results = run_probes(plan_of("/"), at(app), app)
    answer = only(results)
    assert (answer.status, answer.cut, answer.size_bytes) == (200, Cut.SIZE, ProbePlan().body_bytes)


def test_event_stream_is_left_soon() -> None:
    def drip(connection: socket.socket) -> None:
        connection.recv(4096)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
        connection.sendall(head + b"data: 1\n\n")
        threading.Event().wait(4)

    with listen(drip) as app:
        answer = only(run_probes(plan_of("/"), at(app), app))
    assert (answer.cut, answer.body) == (Cut.STREAM, b"data: 1\n\n")
    assert answer.seconds < 3


def test_trickled_header_ends_by_the_deadline() -> None:
    def trickle(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X-A: b\r\n")
            threading.Event().wait(0.05)

    plan = ProbePlan(steps=(parse_probe("/"),), crawl=None, request_timeout_s=0.5)
    with listen(trickle) as app:
        answer = only(run_probes(plan, at(app), app))
    assert answer.error == "no answer within 0.5 s"
    assert answer.seconds < 5


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda data: zlib.compress(data, wbits=-15)),
        ("identity", bytes),
    ],
)
def test_content_encoding_is_undone(encoding: str, pack: object) -> None:
    assert callable(pack)
    packed = pack(b"hello " * 1000)
    reply = Reply(200, packed, [("Content-Encoding", encoding)])
    results, _ = probe(pages({"/": reply}), plan_of("/"))
    assert only(results).body == b"hello " * 1000


def test_packed_bomb_is_bounded() -> None:
    bomb = gzip.compress(b"\0" * (64 << 20))
    reply = Reply(200, bomb, [("Content-Encoding", "gzip")])
    results, _ = probe(pages({"/": reply}), plan_of("/"))
    assert only(results).size_bytes == ProbePlan().body_bytes


def test_body_that_is_not_what_its_encoding_says_is_taken_as_it_is() -> None:
    reply = Reply(200, b"plain", [("Content-Encoding", "gzip")])
    results, _ = probe(pages({"/": reply}), plan_of("/"))
    assert only(results).body == b"plain"


def test_get_is_repeated_after_a_reset_and_post_is_not() -> None:
    left = {"count": 2}

    def flaky(connection: socket.socket) -> None:
        head = connection.recv(4096)
        if left["count"]:
            left["count"] -= 1
            return
        assert head
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with listen(flaky) as app:
        got = only(run_probes(plan_of("/"), at(app), app))
        left["count"] = 1
        posted = only(run_probes(plan_of("POST /"), at(app), app))
    assert got.status == 200
    assert posted.status == 0
    assert "no HTTP answer" in posted.error


def test_app_that_ended_is_not_asked_for_long() -> None:
    app = Running(port=free_port(), status=137)
    results = run_probes(plan_of("/", "/a"), at(app), app)
    assert {answer.error for answer in results.answers} == {"the app ended with status 137"}
    assert results.seconds < 3
    with pytest.raises(ContainerError, match="ended with status 137"):
        require_success(results, log_tail="")


def test_port_opened_late_is_probed_too() -> None:
    with serve(pages({"/": "main"})) as main, serve(pages({"/": "late"})) as late:
        info = at(main)
        watched = Running(port=late.port)
        results = run_probes(ProbePlan(openapi=False), info, watched)
    assert {answer.port for answer in results.answers} == {main.port, late.port}
    assert [endpoint.port for endpoint in results.ready.endpoints] == [main.port, late.port]


def test_report_shows_no_secret() -> None:
    text = (
        "headers: {Authorization: Bearer hunter2}\n"
        "steps:\n- {path: /login, capture: {t: {input: csrf}}}\n"
        "- {path: '/x?t={{t}}', form: {password: hunter2}, expect: {status: 404}}\n"
    )
    steps = parse_probe_file(text, name="p", read_file=no_files)
    results, running = probe(LoginApp(), ProbePlan(steps=steps, crawl=None))
    token = running.calls[1].target.partition("t=")[2]
    assert token.encode() in results.to_json()
    shown = results.for_report().to_json()
    assert b"hunter2" not in shown
    assert token.encode() not in shown


def test_openapi_operations_are_asked_once() -> None:
    document = b"""{"openapi": "3.1.0", "paths": {
        "/items": {"get": {}, "post": {}},
        "/items/{id}": {"get": {"parameters": [{"name": "id", "in": "path", "required": true,
            "schema": {"type": "integer", "examples": [7]}}]}},
        "/users/{name}": {"get": {"parameters": [{"name": "name", "in": "path",
            "required": true}]}}}}"""
    app = pages({"/": "<a href=/items>i</a>", "/openapi.json": document, "/items": "[]"})
    results, running = probe(app, ProbePlan())
    assert running.asked.count("/items") == 1
    assert "/items/7" in running.asked
    assert any(item.item == "GET /users/{name}" for item in results.skipped)


def test_kept_bodies_are_bounded_in_all() -> None:
    links = "".join(f'<a href="/{number}">x</a>' for number in range(10))
    content: dict[str, str | bytes | Reply] = {f"/{number}": "y" * 1000 for number in range(10)}
    plan = ProbePlan(kept_bytes=3000)
    results, _ = probe(pages({"/": links} | content), plan)
    assert sum(len(answer.body) for answer in results.answers) == 3000
    assert [answer.size_bytes for answer in results.answers if answer.target == "/9"] == [1000]
