"""A client that costs next to nothing: GET over kept connections, bodies counted and thrown away."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

BUFFER_BYTES = 1 << 20
Connect = Callable[[], socket.socket]


@dataclass(frozen=True)
class Fetched:
    """One run: seconds and body bytes."""

    seconds: float
    body_bytes: int


def to_port(port: int) -> Connect:
    """Give a way to connect to a loopback port."""

    def connect() -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    return connect


def to_unix(path: str) -> Connect:
    """Give a way to connect to a unix socket."""

    def connect() -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(path)
        return connection

    return connect


def fetch(connect: Connect, paths: Sequence[str], connections: int, headers: str) -> Fetched:
    """Get every path once, shared among so many connections."""
    lock, left, counted = threading.Lock(), iter(paths), [0]

    def work() -> None:
        buffer = bytearray(BUFFER_BYTES)
        with connect() as connection:
            while (path := _next(lock, left)) is not None:
                length = _get(connection, buffer, path, headers)
                with lock:
                    counted[0] += length

    threads = [threading.Thread(target=work) for _ in range(connections)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Fetched(time.perf_counter() - begin, counted[0])


def _next(lock: threading.Lock, left: Iterator[str]) -> str | None:
    with lock:
        return next(left, None)


def _get(connection: socket.socket, buffer: bytearray, path: str, headers: str) -> int:
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode())
    got = connection.recv_into(buffer)
    head = bytes(buffer[:got])
    while b"\r\n\r\n" not in head:
        more = connection.recv_into(buffer)
        head, got = head + bytes(buffer[:more]), got + more
    top, _, _ = head.partition(b"\r\n\r\n")
    if b" 200 " not in top.split(b"\r\n")[0]:
        raise RuntimeError(top.split(b"\r\n")[0].decode())
    lower = top.lower()
    if b"content-length:" in lower:
        length = int(lower.split(b"content-length:")[1].split(b"\r\n")[0])
        while got < len(top) + 4 + length:
            got += connection.recv_into(buffer)
        return length
    tail = head[-5:]
    while not tail.endswith(b"0\r\n\r\n"):  # chunked, as Orthanc sends multipart
        more = connection.recv_into(buffer)
        got += more
        tail = (tail + bytes(buffer[max(0, more - 5) : more]))[-5:]
    return got - len(top) - 4
