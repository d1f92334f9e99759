"""The seccomp filter's program: the system calls that a confined parser still needs.

Everything else answers EPERM: no file or socket can be opened, no process
made, run or traced, and no memory made executable.
"""

import struct

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN, _JUMP_SET = 0x20, 0x15, 0x35, 0x06, 0x45  # linux/bpf_common.h
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050001, 0x80000000  # linux/seccomp.h: allow; errno EPERM; kill the process
_NUMBER_AT, _ARCHITECTURE_AT, _THIRD_ARGUMENT_AT = 0, 4, 32  # offsets in struct seccomp_data
_PROT_EXEC = 4
_X32 = 0x40000000  # the x86-64 calls of the 32-bit form

_X86_64 = {
    "read": 0, "write": 1, "close": 3, "fstat": 5, "poll": 7, "lseek": 8, "mmap": 9, "mprotect": 10, "munmap": 11,
    "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "mremap": 25, "madvise": 28,
    "getpid": 39, "exit": 60, "gettimeofday": 96, "sigaltstack": 131, "gettid": 186, "futex": 202, "time": 201,
    "restart_syscall": 219, "clock_gettime": 228, "exit_group": 231, "getrandom": 318,
}  # fmt: skip
_AARCH64 = {
    "read": 63, "write": 64, "close": 57, "fstat": 80, "ppoll": 73, "lseek": 62, "mmap": 222, "mprotect": 226,
    "munmap": 215, "brk": 214, "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139, "mremap": 216,
    "madvise": 233, "getpid": 172, "exit": 93, "gettimeofday": 169, "sigaltstack": 132, "gettid": 178, "futex": 98,
    "restart_syscall": 128, "clock_gettime": 113, "exit_group": 94, "getrandom": 278,
}  # fmt: skip
_MACHINES = {"x86_64": (0xC000003E, _X86_64), "aarch64": (0xC00000B7, _AARCH64)}  # linux/audit.h AUDIT_ARCH_*
_UNLESS_EXECUTABLE = ("mmap", "mprotect")


def knows(machine: str) -> bool:
    """Say whether this machine's system calls are listed here."""
    return machine in _MACHINES


def program(machine: str) -> bytes:
    """Give the filter as an array of struct sock_filter.

    Raises:
        KeyError: No table for this machine.
    """
    architecture, numbers = _MACHINES[machine]
    steps = [
        _step(_LOAD, _ARCHITECTURE_AT),
        _step(_JUMP_EQUAL, architecture, 1, 0),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER_AT),
        _step(_JUMP_AT_LEAST, _X32, 0, 1),
        _step(_RETURN, _KILL),
    ]
    for name, number in numbers.items():
        if name in _UNLESS_EXECUTABLE:
            steps += _allow_unless_executable(number)
        else:
            steps += [_step(_JUMP_EQUAL, number, 0, 1), _step(_RETURN, _ALLOW)]
    return b"".join([*steps, _step(_RETURN, _REFUSE)])


def _allow_unless_executable(number: int) -> list[bytes]:
    return [
        _step(_JUMP_EQUAL, number, 0, 4),
        _step(_LOAD, _THIRD_ARGUMENT_AT),
        _step(_JUMP_SET, _PROT_EXEC, 0, 1),
        _step(_RETURN, _REFUSE),
        _step(_RETURN, _ALLOW),
    ]


def _step(code: int, operand: int, when_true: int = 0, when_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, when_true, when_false, operand)
