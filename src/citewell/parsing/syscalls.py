"""A system call filter (seccomp) for a process that only computes: Linux on x86-64 and 64-bit ARM.

What the filter takes away is what no parser does: talking to other processes or machines, starting anything, changing
files, mounting, tracing, and the corners of the kernel where faults are found. It is a list of what is refused, because
the libraries of a parser are many and a list of what is allowed breaks with each new one. System calls newer than the
list are answered as not existing.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from functools import cache
from typing import Any

_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
_PR_SET_NO_NEW_PRIVS = 38

# Classic BPF instructions and answers, linux/bpf_common.h and linux/seccomp.h
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _ANSWER = 0x20, 0x15, 0x35, 0x45, 0x06
_KILL, _ALLOW, _ERROR = 0x80000000, 0x7FFF0000, 0x00050000
_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data; arguments are 8 bytes each

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column in the table, AUDIT_ARCH_*
_X32 = 0x40000000  # numbers of the 32-bit calls of x86-64
_NEWEST = 450  # set_mempolicy_home_node, Linux 5.17; from 424 on, all machines have the same numbers

# Name, number on x86-64, number on 64-bit ARM (- where it has none): asm/unistd_64.h and asm-generic/unistd.h.
_REFUSED = """
socket 41 198 socketpair 53 199 connect 42 203 bind 49 200 listen 50 201 accept 43 202 accept4 288 242 sendto 44 206
sendmsg 46 211 sendmmsg 307 269 recvfrom 45 207
execve 59 221 execveat 322 281
ptrace 101 117 process_vm_readv 310 270 process_vm_writev 311 271 process_madvise 440 440 pidfd_open 434 434
pidfd_getfd 438 438 pidfd_send_signal 424 424 tkill 200 130 rt_sigqueueinfo 129 138 rt_tgsigqueueinfo 297 240
kcmp 312 272
mount 165 40 umount2 166 39 pivot_root 155 41 chroot 161 51 unshare 272 97 setns 308 268 open_tree 428 428
move_mount 429 429 fsopen 430 430 fsconfig 431 431 fsmount 432 432 fspick 433 433 mount_setattr 442 442
bpf 321 280 perf_event_open 298 241 userfaultfd 323 282 io_uring_setup 425 425 io_uring_enter 426 426
io_uring_register 427 427 keyctl 250 219 add_key 248 217 request_key 249 218 seccomp 317 277
init_module 175 105 finit_module 313 273 delete_module 176 106 kexec_load 246 104 kexec_file_load 320 294
reboot 169 142 swapon 167 224 swapoff 168 225 acct 163 89 quotactl 179 60 quotactl_fd 443 443 syslog 103 116
settimeofday 164 170 clock_settime 227 112 clock_adjtime 305 266 adjtimex 159 171 sethostname 170 161
setdomainname 171 162 iopl 172 - ioperm 173 - modify_ldt 154 - personality 135 92
name_to_handle_at 303 264 open_by_handle_at 304 265 fanotify_init 300 262 fanotify_mark 301 263 inotify_init 253 -
inotify_init1 294 26 memfd_create 319 279 memfd_secret 447 447
creat 85 - unlink 87 - unlinkat 263 35 rename 82 - renameat 264 38 renameat2 316 276 link 86 - linkat 265 37
symlink 88 - symlinkat 266 36 mkdir 83 - mkdirat 258 34 rmdir 84 - mknod 133 - mknodat 259 33 chmod 90 - fchmod 91 52
fchmodat 268 53 chown 92 - fchown 93 55 lchown 94 - fchownat 260 54 truncate 76 45 ftruncate 77 46 fallocate 285 47
utime 132 - utimes 235 - utimensat 280 88 futimesat 261 - setxattr 188 5 lsetxattr 189 6 fsetxattr 190 7
removexattr 197 14 lremovexattr 198 15 fremovexattr 199 16
shmget 29 194 shmat 30 196 shmctl 31 195 semget 64 190 semop 65 193 semctl 66 191 semtimedop 220 192 msgget 68 186
msgsnd 69 189 msgrcv 70 188 msgctl 71 187 mq_open 240 180 mq_unlink 241 181
setpriority 141 140 sched_setscheduler 144 119 sched_setparam 142 118 sched_setattr 314 274 sched_setaffinity 203 122
ioprio_set 251 30 migrate_pages 256 238 move_pages 279 239
setuid 105 146 setgid 106 144 setreuid 113 145 setregid 114 143 setresuid 117 147 setresgid 119 149 setgroups 116 159
setfsuid 122 151 setfsgid 123 152 capset 126 91
"""
# What a zygote still needs, and its children do not.
_STARTING = "clone 56 220 fork 57 - vfork 58 -"
# Answered as not existing, so that libraries take the older call, which can be looked into.
_ABSENT = "clone3 435 435 openat2 437 437"
# Number, argument that holds the flags: refused when they write or create.
_OPEN = "open 2 - openat 257 56"
# Allowed for this process alone.
_SELF = "kill 62 129 tgkill 234 131"
_LIMITS = "prlimit64 302 261"

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


_standing = False


def available() -> bool:
    """Whether there is a filter for this machine."""
    return sys.platform == "linux" and sys.maxsize > 1 << 32 and _machine()[1] != 0


def refuse_common() -> bool:
    """Put up, for this process and its children, all of the filter that still lets it fork and stop its children.
    Whether it holds. Half a millisecond of work that no child has to do again."""
    global _standing  # noqa: PLW0603 - it is a fact about the process, and forked with it
    _standing = available() and _install(_common(*_machine()))
    return _standing


def refuse_system_calls() -> bool:
    """Put up the whole filter for the rest of this process's life. Whether it holds."""
    return (_standing or refuse_common()) and _install(_own(_machine()[0], os.getpid()))


def refused_numbers() -> dict[str, int]:
    """Names and numbers of what is refused on this machine."""
    return _numbers(_REFUSED + _STARTING, _machine()[0])


@cache
def _machine() -> tuple[int, int]:
    """Column in the table and number of this machine's kind; zero when it is not in the table."""
    return _MACHINES.get(platform.machine(), (0, 0))


def _numbers(table: str, column: int) -> dict[str, int]:
    words = table.split()
    rows = zip(words[::3], words[1 + column :: 3], strict=True)
    return {name: int(number) for name, number in rows if number != "-"}


def _common(column: int, machine: int) -> bytes:
    code = [_load(_MACHINE), _step(_EQUAL, machine, 1, 0), _answer(_KILL), _load(_NUMBER)]
    if column == 0:
        code += [_step(_AT_LEAST, _X32, 0, 1), _answer(_ERROR | errno.ENOSYS)]
    code += [_step(_AT_LEAST, _NEWEST + 1, 0, 1), _answer(_ERROR | errno.ENOSYS)]
    for table, error in ((_REFUSED, errno.EPERM), (_ABSENT, errno.ENOSYS)):
        for number in _numbers(table, column).values():
            code += [_step(_EQUAL, number, 0, 1), _answer(_ERROR | error)]
    for name, number in _numbers(_OPEN, column).items():
        flags = _ARGUMENTS + 8 * (1 if name == "open" else 2)
        code += [_step(_EQUAL, number, 0, 4), _load(flags), _step(_ANY_BIT, _WRITES, 0, 1),
                 _answer(_ERROR | errno.EPERM), _answer(_ALLOW)]  # fmt: skip
    return b"".join((*code, _answer(_ALLOW)))


def _own(column: int, process: int) -> bytes:
    """Nothing is started; signals and limits only for the process itself, as ``abort`` and the allocator need them."""
    code = [_load(_NUMBER)]
    for number in _numbers(_STARTING, column).values():
        code += [_step(_EQUAL, number, 0, 1), _answer(_ERROR | errno.EPERM)]
    for number in _numbers(_SELF, column).values():
        code += [_step(_EQUAL, number, 0, 4), _load(_ARGUMENTS), _step(_EQUAL, process, 1, 0),
                 _answer(_ERROR | errno.EPERM), _answer(_ALLOW)]  # fmt: skip
    for number in _numbers(_LIMITS, column).values():
        code += [_step(_EQUAL, number, 0, 5), _load(_ARGUMENTS), _step(_EQUAL, process, 2, 0), _step(_EQUAL, 0, 1, 0),
                 _answer(_ERROR | errno.EPERM), _answer(_ALLOW)]  # fmt: skip
    return b"".join((*code, _answer(_ALLOW)))


def _step(kind: int, value: int, when: int, otherwise: int) -> bytes:
    """A jump: instructions to skip when the comparison holds, and otherwise."""
    return struct.pack("=HBBI", kind, when, otherwise, value)


def _load(offset: int) -> bytes:
    return struct.pack("=HBBI", _LOAD, 0, 0, offset)


def _answer(value: int) -> bytes:
    return struct.pack("=HBBI", _ANSWER, 0, 0, value)


def _install(program: bytes) -> bool:
    libc = _libc()
    code = ctypes.create_string_buffer(program, len(program))
    filter_ = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.c_char_p(filter_), 0, 0) == 0)


@cache
def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)
