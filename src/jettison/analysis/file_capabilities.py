"""The capabilities that a file gives to whoever executes it, from its extended attribute."""

from __future__ import annotations

import struct
from typing import Final

ATTRIBUTE: Final = "security.capability"

# linux/capability.h, by number.
_BY_NUMBER: Final = (
    "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable"
    " net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio"
    " sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time"
    " sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog"
    " wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore"
)
_NAMES: Final = tuple(_BY_NUMBER.split())
_REVISION_MASK: Final = 0xFF000000
# Words of 32 bits for each revision: VFS_CAP_U32_1 to _3.
_WORDS: Final = {0x01000000: 1, 0x02000000: 2, 0x03000000: 2}


def parse_file_capabilities(raw: bytes) -> tuple[str, ...]:
    """Names of the permitted ones, `cap_net_raw`, by number; empty where the value is none.

    Source: capabilities(7), "File capability extended attribute versioning".
    """
    if len(raw) < 4:
        return ()
    words = _WORDS.get(struct.unpack_from("<I", raw)[0] & _REVISION_MASK, 0)
    if words == 0 or len(raw) < 4 + 8 * words:
        return ()
    permitted = 0
    for word in range(words):
        permitted |= struct.unpack_from("<I", raw, 4 + 8 * word)[0] << (32 * word)
    return tuple(
        f"cap_{_NAMES[bit]}" if bit < len(_NAMES) else f"cap_{bit}"
        for bit in range(64)
        if permitted >> bit & 1
    )
