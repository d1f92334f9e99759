"""Sends a package batch by batch, as long as its taker may have it.

Guards: it ends at once when the person's session ends or the right is taken away; a screen that locks meanwhile does
not end it. Whoever stops listening has it recorded by the package itself.
"""

import logging
from collections.abc import AsyncIterator, Callable, Iterator

from anyio import CancelScope, to_thread

from appliance.accounts.context import Accounts
from appliance.accounts.roles import Permission
from appliance.accounts.sessions import Session, find_again
from appliance.errors import ApplianceError, NotPermitted

BATCH_BYTES = 512 * 1024
NO_MORE = b""
log = logging.getLogger(__name__)


def batched(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Put small pieces together, so that each thread's turn is worth its while; closing it closes `pieces`."""
    held, filled = [], 0
    try:
        for piece in pieces:
            held.append(piece)
            filled += len(piece)
            if filled >= BATCH_BYTES:
                yield b"".join(held)
                held, filled = [], 0
        if filled:
            yield b"".join(held)
    finally:
        pieces.close()  # type: ignore[attr-defined]  # a generator, whoever made it


async def sent(first: bytes, batches: Iterator[bytes], check: Callable[[], None]) -> AsyncIterator[bytes]:
    """Give the batches to the answer."""
    try:
        batch = first
        while batch:
            yield batch
            batch = await to_thread.run_sync(_next, batches, check)
    except ApplianceError as fault:
        log.warning("a download was cut off: %s", fault)
        raise
    finally:
        with CancelScope(shield=True):
            await to_thread.run_sync(batches.close)  # type: ignore[attr-defined]  # a generator of this module


def _next(batches: Iterator[bytes], check: Callable[[], None]) -> bytes:
    check()
    return next(batches, NO_MORE)


def check(accounts: Accounts, session: Session, permission: Permission) -> None:
    """Make sure that the person may still have what is being sent.

    Raises:
        NotPermitted: The session ended, or the right was taken away.
    """
    now = find_again(accounts, session.session_hash)
    if now is None or permission not in now.account.permissions:
        raise NotPermitted("the caller's session or right has ended")
