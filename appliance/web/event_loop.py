"""What tells others that the event loop goes round."""

from collections.abc import Awaitable, Callable


def in_event_loop(beat: Callable[[], None]) -> Callable[[], Awaitable[None]]:
    """Wrap a plain function for a server that awaits it now and then, in its event loop."""

    async def beaten() -> None:
        beat()

    return beaten
