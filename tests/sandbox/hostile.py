"""Children that a hostile scan has taken over: run instead of the real one, the first argument says how."""

import os
import struct
import sys
import time


def say(kind: bytes, body: bytes) -> None:
    os.write(1, struct.pack("<cI", kind, len(body)) + body)


def hear() -> None:
    head = os.read(0, 5)
    length = struct.unpack("<I", head[1:5])[0]
    while length > 0:
        length -= len(os.read(0, length))


def main() -> None:  # noqa: C901, PLR0912  one branch for each way of being hostile
    how = sys.argv[1]
    if how == "deaf":
        time.sleep(60)
    if how == "dies":
        sys.exit(1)
    hear()
    if how == "silent":
        time.sleep(60)
    if how == "cut":
        os.write(1, b"R\xff")
    if how == "endless":
        os.write(1, struct.pack("<cI", b"R", 0xFFFFFFFF))
        time.sleep(60)
    if how == "unknown":
        say(b"?", b"")
    if how == "short":
        say(b"R", b"\1")
    if how == "overlong-part":
        say(b"R", struct.pack("<I", 99) + b"{}")
    if how == "no-json":
        say(b"R", struct.pack("<I", 2) + b"{[")
    if how == "wrong-types":
        say(b"R", struct.pack("<I", 2) + b"[]")
    if how == "deep-json":
        say(b"R", struct.pack("<I", 200_000) + b"[" * 200_000)
    if how == "huge-json":
        say(b"R", struct.pack("<I", 300_000) + b" " * 300_000)
    if how == "unknown-fault":
        say(b"E", b"\xff\xfe")
    if how == "greedy":
        say(b"W", struct.pack("<QI", 0, 0xFFFFFFF0))
    if how == "beyond":
        say(b"W", struct.pack("<QI", 1 << 40, 8))
    if how == "mumbles":
        say(b"W", b"12")
    while how == "insatiable":
        say(b"W", struct.pack("<QI", 0, 8))
        hear()
    time.sleep(0.2)


if __name__ == "__main__":
    main()
