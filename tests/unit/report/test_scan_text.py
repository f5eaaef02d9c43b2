from __future__ import annotations

import msgspec

from jettison.report.scan_document import ScanTarget, TargetKind
from jettison.report.scan_text import render_scan_text
from support.scan_documents import scan_document

TEXT = """\
docker:shop  linux/amd64  Debian GNU/Linux 12 (bookworm)
sha256:0000000000000000000000000000000000000000000000000000000000000007

Jinja2 3.1.2  python
  from layer 1 (your layers): RUN pip install -r r.txt
  introduced through flask 2.2.2 > Jinja2 3.1.2
  fixed in 3.1.3
  HIGH      CVE-2024-22195  CVSS 3.1 7.5; known to be used since 2026-01-02;
            EPSS 42.0%
            GHSA-h5c8-rqwp-cp95
            Injection\\x1b[2J
            https://osv.dev/vulnerability/CVE-2024-22195

openssl 3.0.20-1~deb12u2  deb  as libssl3, openssl
  from layer 0 (base image): ADD rootfs.tar /
  LOW       CVE-2026-42767  by Debian; no fix yet
            DEBIAN-CVE-2026-42767
            https://osv.dev/vulnerability/CVE-2026-42767
  UNKNOWN   CVE-2026-35189  fixed in 3.0.22-1~deb12u2
            DEBIAN-CVE-2026-35189
            A buffer is read past its end
            https://tracker.example/CVE-2026-1

In what packages carry in themselves, not counted:
  HIGH      CVE-2024-22195 in jinja2 3.1.2, carried by flask 2.2.2

Ignored:
  CVE-2023-30861 in flask 2.2.2: not reached (jettison.toml, until 2026-12-31)

Not tested:
  python 3.12.1: OSV has no advisories
Records without files: deb leftover 1.0; their findings count all the same.
Without a record: 2 programs, libraries and modules, so nobody knows their
  versions: /opt/tool, /usr/bin/odd
note: the ignore of CVE-1 fits nothing any more

2 packages held against the advisories of Debian:12, fetched 2026-11-28
2 packages held against the advisories of PyPI, fetched 2026-11-28
4 packages tested, 3 vulnerabilities:
  0 critical, 1 high, 0 medium, 1 low, 1 unknown
2 of them have a fix
1 ignored
"""


def test_a_scan_as_text() -> None:
    assert render_scan_text(scan_document(), width=80) == TEXT


def test_many_findings_of_one_package_are_cut_unless_all_are_asked_for() -> None:
    document = scan_document()
    many = msgspec.structs.replace(document, findings=document.findings[:1] * 60)
    text = render_scan_text(many)
    assert text.count("CVE-2024-22195  CVSS") == 50
    assert "… and 10 more; --all and --format json have them all" in text
    assert render_scan_text(many, is_full=True).count("CVE-2024-22195  CVSS") == 60


def test_a_project_names_its_files() -> None:
    target = ScanTarget(kind=TargetKind.PROJECT, reference=".", files=("a.txt", "b.txt"))
    text = render_scan_text(msgspec.structs.replace(scan_document(), target=target))
    assert text.startswith(".\nread: a.txt, b.txt\n")
