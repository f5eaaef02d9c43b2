"""Make every system call that takes a path, each with a path of its own: `p_<call>[_b]`.

Runs with the Python of the container, so it imports nothing of ours. Whether a call succeeds
does not matter: it is seen before it runs.
"""

import ctypes
import os
import struct
import sys

libc = ctypes.CDLL(None, use_errno=True)

# number on x86_64, arguments; "p" is a path, "q" a second one, "D" a directory's descriptor,
# "F" a file's, "B" a buffer.
CALLS = {
    "open": (2, "p 0"),
    "creat": (85, "p 0o644"),
    "openat": (257, "D p 1"),
    "openat2": (437, "D p H 24"),
    "stat": (4, "p B"),
    "lstat": (6, "p B"),
    "newfstatat": (262, "D p B 0"),
    "statx": (332, "D p 0 0 B"),
    "access": (21, "p 0"),
    "faccessat": (269, "D p 0"),
    "faccessat2": (439, "D p 0 0"),
    "readlink": (89, "p B 10"),
    "readlinkat": (267, "D p B 10"),
    "chdir": (80, "p"),
    "chroot": (161, "p"),
    "rename": (82, "p q"),
    "renameat": (264, "D p D q"),
    "renameat2": (316, "D p D q 0"),
    "link": (86, "p q"),
    "linkat": (265, "D p D q 0"),
    "symlink": (88, "B q"),
    "symlinkat": (266, "B D q"),
    "unlink": (87, "p"),
    "unlinkat": (263, "D p 0"),
    "mkdir": (83, "p 0o755"),
    "mkdirat": (258, "D p 0o755"),
    "rmdir": (84, "p"),
    "mknod": (133, "p 0o010644 0"),
    "mknodat": (259, "D p 0o010644 0"),
    "chmod": (90, "p 0"),
    "fchmodat": (268, "D p 0"),
    "chown": (92, "p 0 0"),
    "lchown": (94, "p 0 0"),
    "fchownat": (260, "D p 0 0 0"),
    "utime": (132, "p 0"),
    "utimes": (235, "p 0"),
    "utimensat": (280, "D p 0 0"),
    "futimesat": (261, "D p 0"),
    "truncate": (76, "p 0"),
    "statfs": (137, "p B"),
    "setxattr": (188, "p B B 1 0"),
    "lsetxattr": (189, "p B B 1 0"),
    "getxattr": (191, "p B B 1"),
    "lgetxattr": (192, "p B B 1"),
    "listxattr": (194, "p B 1"),
    "llistxattr": (195, "p B 1"),
    "removexattr": (197, "p B"),
    "lremovexattr": (198, "p B"),
    "inotify_add_watch": (254, "F p 1"),
    "name_to_handle_at": (303, "D p B B 0"),
    "execve": (59, "p 0 0"),
    "execveat": (322, "D p 0 0 0"),
    "bind": (49, "S U 110"),
    "connect": (42, "S U 110"),
}


def main(directory):
    os.chdir(directory)
    os.makedirs("d", exist_ok=True)
    folder = os.open("d", os.O_RDONLY | os.O_DIRECTORY)
    file = os.open("file", os.O_RDWR | os.O_CREAT)
    sockets = libc.socket(1, 1, 0)
    buffer = ctypes.create_string_buffer(4096)
    how = struct.pack("=QQQ", 0, 0, 0)
    for name, (number, template) in CALLS.items():
        path, second = b"p_" + name.encode(), b"p_" + name.encode() + b"_b"
        values = {
            "p": path,
            "q": second,
            "D": folder,
            "F": file,
            "S": sockets,
            "B": buffer,
            "H": how,
            "U": struct.pack("=H108s", 1, path),
        }
        args = [values[item] if item in values else int(item, 0) for item in template.split()]
        libc.syscall(
            number,
            *(ctypes.c_long(item) if isinstance(item, int) else item for item in args),
        )
    # An empty path, or none, is the descriptor itself.
    libc.syscall(262, file, b"", buffer, 0x1000)
    libc.syscall(280, file, None, None, 0)
    os.fchmod(file, 0o600)
    os.fchdir(folder)
    print("done", flush=True)


main(sys.argv[1])
