from __future__ import annotations

from jettison.analysis.installed_wheels import read_installed_wheels
from jettison.analysis.inventory_read import read_inventory
from support.layers import Content
from support.trees import make_rootfs

SITE = "/usr/local/lib/python3.12/site-packages"


def wheels(content: Content) -> dict[str, tuple[tuple[str, ...], str]]:
    rootfs = make_rootfs(content)
    return {
        files.name: (files.wheels, files.requires_python)
        for _, files in read_installed_wheels(rootfs, read_inventory(rootfs))
    }


def test_each_tag_of_a_wheel_is_one_that_fits() -> None:
    assert wheels(
        {
            f"{SITE}/my_app-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: My.App\n"
            b"Version: 1.0\nRequires-Python: >=3.8, <4\n\nRequires-Python: none\n",
            f"{SITE}/my_app-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: false\n"
            b"Tag: cp312-cp312-manylinux_2_17_x86_64\nTag: cp312-cp312-manylinux2014_x86_64\n"
            b"Tag: nonsense\n",
            f"{SITE}/my_app-1.0.dist-info/RECORD": b"my_app.py,,\n",
            f"{SITE}/my_app.py": b"",
        }
    ) == {
        "my-app": (
            (
                "my_app-1.0-cp312-cp312-manylinux2014_x86_64.whl",
                "my_app-1.0-cp312-cp312-manylinux_2_17_x86_64.whl",
            ),
            ">=3.8, <4",
        )
    }


def test_a_record_without_a_wheel_tells_nothing() -> None:
    found = wheels(
        {f"{SITE}/old-1.egg-info/PKG-INFO": b"Metadata-Version: 1.1\nName: old\nVersion: 1\n"}
    )
    assert found == {"old": ((), "")}
