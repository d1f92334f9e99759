"""Runs a synchronous handler off the event loop.

Litestar's own `sync_to_thread` wraps a handler twice when two methods share a
path, and then answers with a coroutine (2.25.0).
"""

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar, cast

from anyio import to_thread

from appliance.accounts.context import Accounts
from appliance.accounts.turned_away import caller_of
from appliance.web.http.pace import FewThreads
from appliance.web.http.turned_away import counted

if TYPE_CHECKING:
    from appliance.web.http.actor import Actor

P = ParamSpec("P")
T = TypeVar("T")


class HasFewThreads(Protocol):
    """What the pages are given; it says which few threads strangers have, and keeps the trail."""

    @property
    def accounts(self) -> Accounts: ...

    @property
    def few(self) -> FewThreads: ...


def in_few_threads(handler: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Do the same for one that costs much and asks nobody who they are; it takes the pages' `context` and `actor`."""

    @wraps(handler)
    async def call(*arguments: P.args, **keywords: P.kwargs) -> T:
        context = cast("HasFewThreads", keywords["context"])
        caller = cast("Actor", keywords["actor"]).audited
        with counted(context.accounts, caller):
            return await context.few.run(partial(handler, *arguments, **keywords), caller_of(caller).counts_as)

    return call


def in_thread(handler: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Make a handler that the event loop can await out of one that would block it."""

    @wraps(handler)
    async def call(*arguments: P.args, **keywords: P.kwargs) -> T:
        return await to_thread.run_sync(partial(handler, *arguments, **keywords))

    return call
