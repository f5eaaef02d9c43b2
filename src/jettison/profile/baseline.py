"""System calls that a filter must allow although a run may not show them, by reason.

The tables are of names; nothing here looks at a trace. Every name in them is allowed by Docker's
default profile too, so no generated filter allows more than an engine does by itself.
"""

from __future__ import annotations

from typing import Final, NamedTuple


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


LIBC: Final = _names(
    # Start, stack, heap and end of any program.
    "arch_prctl brk execve exit exit_group madvise mmap mprotect mremap munmap set_tid_address "
    # Threads: glibc 2.35 registers rseq and a robust list for each; musl and others do not, and
    # futex_waitv is futex's other door. sched_* and prlimit64 come from pthread_create.
    "futex futex_waitv get_robust_list getcpu gettid membarrier prlimit64 rseq sched_getaffinity "
    "sched_yield set_robust_list tgkill "
    # Signals, and what the kernel restarts by itself after one.
    "kill restart_syscall rt_sigaction rt_sigpending rt_sigprocmask rt_sigreturn rt_sigsuspend "
    "rt_sigtimedwait sigaltstack tkill "
    # Where the vDSO cannot read the clock (Xen, HPET, gVisor) these are real calls.
    "clock_getres clock_gettime clock_nanosleep gettimeofday nanosleep time "
    # Standard streams, isatty, identity, random seeds of malloc and of dict hashes.
    "close dup fcntl fstat getegid geteuid getgid getgroups getpid getppid getrandom getuid ioctl "
    "lseek newfstatat openat pread64 read readv statx sysinfo uname write writev"
)
"""What a C library or the kernel may use in any program, on another kernel, CPU or libc version."""

GO_RUNTIME: Final = _names(
    "clone epoll_create1 epoll_ctl epoll_pwait epoll_wait eventfd2 fcntl futex getpid gettid "
    "madvise mincore mmap munmap nanosleep pipe2 prlimit64 read rt_sigaction rt_sigprocmask "
    "rt_sigreturn sched_getaffinity sched_yield setitimer sigaltstack tgkill timer_create "
    "timer_delete timer_settime write"
)
"""Scheduler, poller and signals of `runc init`, which runs under the filter until it executes."""

RUNC: Final = _names(
    # Hand-over with the parent, the fifo that `runc start` opens, and closing what is left:
    # close_range since 1.1.12, a walk over /proc/self/fd before.
    "close close_range dup3 fcntl fstat fstatfs getdents64 newfstatat openat openat2 read "
    "readlinkat recvfrom recvmsg sendmsg sendto statx write "
    # Without no_new_privileges the filter comes first, and then user, groups, capabilities,
    # standard streams, parent-death signal and working directory.
    "capget capset chdir fchown getcwd getppid getuid kill prctl setgid setgroups setuid umask "
    # With no_new_privileges it comes last; finding the program, and the program.
    "execve exit_group faccessat faccessat2 lstat seccomp stat"
)
"""libcontainer's standard_init and setns_init, versions 1.1 to 1.3, once the filter is in place."""

CRUN: Final = _names(
    "access arch_prctl brk capget capset chdir clock_gettime close close_range dup dup2 dup3 "
    "execve exit_group faccessat faccessat2 fchdir fchown fcntl fstat fstatfs getcwd getdents64 "
    "getgid getpid getrandom getuid ioctl lseek mmap mprotect munmap newfstatat openat openat2 "
    "poll ppoll prctl pread64 read readlink readlinkat recvfrom recvmsg rt_sigaction "
    "rt_sigprocmask seccomp sendmsg sendto setgid setgroups setresgid setresuid setsid setuid "
    "statx umask write"
)
"""libcrun's container init, versions 1.8 and later, once the filter is in place."""

INIT: Final = _names(
    "clone execve exit_group getpid ioctl kill prctl rt_sigaction rt_sigprocmask rt_sigtimedwait "
    "setpgid wait4 write"
)
"""tini, which `docker run --init` puts in front of the program."""

FORKING: Final = _names(
    "clone dup2 dup3 execve exit_group fork getpgid getpgrp getppid kill pidfd_open "
    "pidfd_send_signal pipe pipe2 setpgid setsid vfork wait4 waitid"
)
"""What a program that has children does to replace one that ended: a pre-forking server whose
worker never died while it was watched must be able to start the next."""

ORDINARY: Final = _names(
    # Files that the user and the mode of a file already guard.
    "access chdir chmod chown copy_file_range creat faccessat faccessat2 fadvise64 fallocate "
    "fchdir fchmod fchmodat fchmodat2 fchown fchownat fdatasync flock fstatfs fsync ftruncate "
    "getcwd getdents getdents64 lchown link linkat lstat mkdir mkdirat open openat2 preadv preadv2 "
    "pwrite64 pwritev pwritev2 readahead readlink readlinkat rename renameat renameat2 rmdir "
    "sendfile splice stat statfs symlink symlinkat sync_file_range tee truncate umask unlink "
    "unlinkat utime utimensat utimes futimesat "
    # shutil.copystat() copies attributes too.
    "fgetxattr flistxattr fsetxattr getxattr lgetxattr listxattr llistxattr lsetxattr setxattr "
    # Waiting, and being told of things.
    "dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd "
    "eventfd2 inotify_add_watch inotify_init inotify_init1 inotify_rm_watch pause pipe pipe2 poll "
    "ppoll pselect6 select signalfd signalfd4 timerfd_create timerfd_gettime timerfd_settime "
    "alarm getitimer setitimer times "
    # Children, as a subprocess or a pool of them; memory shared with them.
    "clone fork getpgid getpgrp getpriority getresgid getresuid getrlimit getrusage getsid "
    "memfd_create mincore mlock mlock2 msync munlock pidfd_open pidfd_send_signal setpgid "
    "setpriority setrlimit setsid vfork wait4 waitid "
    # Threads that say how they are to be scheduled; libzmq's do, and it aborts where they may
    # not. More than the usual takes a capability or a limit.
    "sched_get_priority_max sched_get_priority_min sched_getattr sched_getparam "
    "sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam "
    "sched_setscheduler "
    # Clients of a database or of another service, and a server for a callback.
    "accept accept4 bind connect getpeername getsockname getsockopt listen recvfrom recvmmsg "
    "recvmsg sendmmsg sendmsg sendto setsockopt shutdown socket socketpair"
)
"""What requests that nobody made may well need: the daily bread of Python's standard library.

Left out, unless seen: tracing and other processes' memory, keys, System V and POSIX IPC, special
files, changes of clock, of user, of a process's personality, and all that takes a capability."""


class Kin(NamedTuple):
    """Calls that do one thing: libc versions, kernels and machines choose differently."""

    names: frozenset[str]
    reason: str


def _kin(reason: str, text: str) -> Kin:
    return Kin(_names(text), reason)


KINS: Final = (
    _kin("opening; arm64 has only the -at form", "open openat openat2 creat"),
    _kin("file status", "stat lstat fstat newfstatat statx"),
    _kin("access checks; glibc 2.33 brought faccessat2", "access faccessat faccessat2"),
    _kin("reading links", "readlink readlinkat"),
    _kin("listing", "getdents getdents64"),
    _kin("making directories", "mkdir mkdirat"),
    _kin("removing", "rmdir unlink unlinkat"),
    _kin("renaming", "rename renameat renameat2"),
    _kin("hard links", "link linkat"),
    _kin("symbolic links", "symlink symlinkat"),
    _kin("modes; glibc 2.39 brought fchmodat2", "chmod fchmod fchmodat fchmodat2"),
    _kin("owners", "chown fchown fchownat lchown"),
    _kin("special files", "mknod mknodat"),
    _kin("times", "futimesat utime utimensat utimes"),
    _kin("sizes", "fallocate ftruncate truncate"),
    _kin("flushing", "fdatasync fsync sync_file_range"),
    _kin("file systems", "fstatfs statfs"),
    _kin(
        "reading attributes",
        "fgetxattr flistxattr getxattr lgetxattr listxattr llistxattr",
    ),
    _kin(
        "writing attributes",
        "fremovexattr fsetxattr lremovexattr lsetxattr removexattr setxattr",
    ),
    _kin("advice", "fadvise64 readahead"),
    _kin("directories", "chdir fchdir getcwd"),
    _kin("reading", "pread64 preadv preadv2 read readv"),
    _kin("writing", "pwrite64 pwritev pwritev2 write writev"),
    _kin("copying; Python chooses by version", "copy_file_range sendfile splice"),
    _kin("poll", "poll ppoll"),
    _kin("select", "pselect6 select"),
    _kin("epoll", "epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait"),
    _kin("eventfd", "eventfd eventfd2"),
    _kin("signalfd", "signalfd signalfd4"),
    _kin("inotify", "inotify_add_watch inotify_init inotify_init1 inotify_rm_watch"),
    _kin("timerfd", "timerfd_create timerfd_gettime timerfd_settime"),
    _kin("interval timers", "alarm getitimer setitimer"),
    _kin(
        "POSIX timers",
        "timer_create timer_delete timer_getoverrun timer_gettime timer_settime",
    ),
    _kin("pipes", "pipe pipe2"),
    _kin("duplicating", "dup dup2 dup3"),
    _kin("accepting", "accept accept4 listen"),
    _kin("receiving", "recvfrom recvmmsg recvmsg"),
    _kin("sending", "sendmmsg sendmsg sendto"),
    # A resolver look-up or a database that no probe reached needs these of the same socket.
    _kin(
        "sockets",
        "bind connect getpeername getsockname getsockopt poll recvfrom recvmsg sendmmsg sendto "
        "setsockopt shutdown socket",
    ),
    _kin("new processes and threads", "clone fork vfork"),
    _kin("waiting", "wait4 waitid"),
    _kin("limits", "getrlimit prlimit64"),
    _kin("setting limits", "prlimit64 setrlimit"),
    _kin(
        "scheduling",
        "sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min",
    ),
    _kin("affinity", "sched_getaffinity sched_setaffinity"),
    _kin("priorities", "getpriority setpriority"),
    _kin("sleeping", "clock_nanosleep nanosleep"),
    _kin("clocks", "clock_gettime gettimeofday time"),
    _kin("users", "setresuid setreuid setuid"),
    _kin("groups", "setgid setregid setresgid"),
    _kin("who am I", "getresgid getresuid"),
    _kin("memory locks", "mlock mlock2 munlock"),
    _kin("asynchronous I/O", "io_cancel io_destroy io_getevents io_pgetevents io_setup io_submit"),
    _kin("System V shared memory", "shmat shmctl shmdt shmget"),
    _kin("System V semaphores", "semctl semget semop semtimedop"),
    _kin("System V messages", "msgctl msgget msgrcv msgsnd"),
    _kin(
        "POSIX messages",
        "mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink",
    ),
    _kin("futexes", "futex futex_requeue futex_wait futex_waitv futex_wake"),
    _kin("protection keys", "pkey_alloc pkey_free pkey_mprotect"),
)

# Callers of these fall back on an older call when the kernel does not know them, but only then:
# EPERM would be taken for an answer. Whichever of them a filter does not allow gets ENOSYS.
WITH_FALLBACK: Final = _names(
    "cachestat clone3 close_range copy_file_range epoll_pwait2 faccessat2 fchmodat2 futex_requeue "
    "futex_wait futex_waitv futex_wake getrandom io_uring_enter io_uring_register io_uring_setup "
    "landlock_add_rule landlock_create_ruleset landlock_restrict_self map_shadow_stack membarrier "
    "memfd_create memfd_secret mlock2 mseal openat2 pidfd_getfd pidfd_open pidfd_send_signal "
    "pkey_alloc pkey_free pkey_mprotect preadv2 process_madvise process_mrelease pwritev2 "
    "renameat2 rseq statx"
)
