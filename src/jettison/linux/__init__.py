"""Doors to the kernel: namespaces, mounts, id maps, seccomp notification. Only ctypes user."""
