from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jettison.workflow.slim import _keep


def test_two_runs_may_keep_their_reports_in_one_place(tmp_path: Path) -> None:
    reports = []
    for number in (b"1", b"2"):
        report = tmp_path / number.decode() / "creport.json"
        report.parent.mkdir()
        report.write_bytes(number * 300_000)
        reports.append(report)
    place = tmp_path / "reports"

    def keep(report: Path) -> None:
        for _ in range(100):
            (artifact,) = _keep((("creport", report),), place)
            assert Path(artifact.path).read_bytes() in (b"1" * 300_000, b"2" * 300_000)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(keep, reports))
    assert [item.name for item in place.iterdir()] == ["creport.json"]
