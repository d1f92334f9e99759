"""Memory for answers, used again: taking fresh pages for each frame cost more than decrypting it.

A view that is still being sent holds its bytearray, and Python refuses to
resize one that is held; that refusal tells a busy buffer from a free one. So
nothing is ever written into a buffer that a socket has yet to send.
"""

BUFFER_BYTES = 1024 * 1024 + 64 * 1024
KEPT = 32


class Buffers:
    """Gives views of memory. For one thread: the event loop's."""

    def __init__(self) -> None:
        self._kept: list[bytearray] = []

    def take(self, length: int) -> memoryview:
        """Give a writable view of so many bytes of any content; its buffer is free when all views of it are gone."""
        if length > BUFFER_BYTES:
            return memoryview(bytearray(length))
        for buffer in self._kept:
            if _is_free(buffer):
                return memoryview(buffer)[:length]
        fresh = bytearray(BUFFER_BYTES)
        if len(self._kept) < KEPT:
            self._kept.append(fresh)
        return memoryview(fresh)[:length]


def _is_free(buffer: bytearray) -> bool:
    try:
        buffer.pop()
    except BufferError:
        return False
    buffer.append(0)
    return True
