"""Success leaves the machine only after everything it promises is synced: seen from outside."""

import re

import pytest

from tests.dicom_scp.raw_peer import p_data, pdv, peer, store_command
from tests.dicom_scp.receiver_process import running

_CALL = re.compile(r"(?:\[pid +\d+\] |\d+ +)?(\w+)\((.*)")
_TRACED = "openat,mkdir,rename,fsync,fdatasync,sendto,close"


def whole_calls(trace: list[str]) -> list[str]:
    """Join the two halves of a call that another thread's call interrupted, where it ended."""
    begun: dict[str, str] = {}
    whole = []
    for line in trace:
        process, _, call = line.partition(" ")
        if call.endswith("<unfinished ...>"):
            begun[process] = line.removesuffix("<unfinished ...>").rstrip()
        elif (resumed := re.match(r" *<\.\.\. \w+ resumed>(.*)", call)) is not None:
            whole.append(begun.pop(process, "") + resumed[1])
        else:
            whole.append(line)
    return whole


def promises_broken(trace: list[str]) -> list[str]:
    """Give each thing that was not synced when a C-STORE response left."""
    names: dict[int, str] = {}
    pending: list[str] = []
    broken: list[str] = []
    for line in trace:
        call, rest = match.groups() if (match := _CALL.match(line)) else ("", "")
        result = int(found[-1]) if (found := re.findall(r"\) += (-?\d+)", line)) else -1
        if call in {"mkdir", "rename"} and "/inbox/" in rest:
            pending.append(quoted(rest).rsplit("/", 1)[0])
        elif call == "openat" and "/inbox" in rest and result >= 0:
            names[result] = quoted(rest)
            if "O_EXCL" in rest:
                pending += [quoted(rest), quoted(rest).rsplit("/", 1)[0]]
        elif call in {"fsync", "fdatasync"} and result == 0:
            pending = [name for name in pending if name != names.get(int(rest.split(")")[0]))]
        elif call == "sendto" and "\\4\\0" in rest[:12]:
            broken += pending
    return broken


def quoted(arguments: str) -> str:
    return arguments.split('"')[1]


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("box")
    output = folder / "trace"
    prefix = ("strace", "-f", "-qq", "-o", str(output), "-e", f"trace={_TRACED}")
    with running(folder, prefix=prefix) as receiver, peer(receiver.port) as raw:
        raw.open()
        for number in range(3):
            raw.say(p_data(pdv(1, 3, store_command(b"1.2.%d" % number))) + p_data(pdv(1, 2, bytes(5000))))
            assert raw.status() == 0
    return whole_calls(output.read_text().splitlines())


@pytest.mark.peer("strace")
def test_each_success_follows_its_syncs(trace: list[str]) -> None:
    assert len([line for line in trace if "sendto" in line and '"\\4\\0' in line]) == 3
    assert promises_broken(trace) == []


@pytest.mark.peer("strace")
def test_with_any_one_sync_missing_this_test_would_be_red(trace: list[str]) -> None:
    last_answer = max(n for n, line in enumerate(trace) if "sendto" in line and '"\\4\\0' in line)
    syncs = [n for n, line in enumerate(trace[:last_answer]) if "fsync(" in line]
    assert len(syncs) == 2 + 2 * 3, "the record and the inbox once, each file and its entry"
    assert [n for n in syncs if not promises_broken(trace[:n] + trace[n + 1 :])] == []
