"""Doors to the kernel: namespaces, mounts, id maps, seccomp notification. The only user of ctypes."""
