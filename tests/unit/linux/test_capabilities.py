from __future__ import annotations

from pathlib import Path

from jettison.linux import capabilities


def test_numbers_are_those_of_the_kernel() -> None:
    # include/uapi/linux/capability.h
    assert capabilities.NAMES.index("CAP_CHOWN") == 0
    assert capabilities.NAMES.index("CAP_SYS_ADMIN") == 21
    assert capabilities.NAMES.index("CAP_SYS_RESOURCE") == 24
    assert capabilities.NAMES.index("CAP_CHECKPOINT_RESTORE") == 40
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    assert len(capabilities.NAMES) >= min(last + 1, 41)


def test_mask_is_read_bit_by_bit() -> None:
    assert capabilities.parse_mask(0) == frozenset()
    assert capabilities.parse_mask(0b11 | 1 << 63) == {"CAP_CHOWN", "CAP_DAC_OVERRIDE"}


def test_effective_capabilities_can_be_had() -> None:
    assert capabilities.effective() <= capabilities.bounding() | capabilities.effective()
