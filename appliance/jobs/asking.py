"""Asking for a job to run now; the process `jobs` takes it within seconds."""

from datetime import datetime

from appliance.errors import NotFound
from appliance.jobs import queries
from appliance.store.transactions import WriteTransaction


def ask_run(tx: WriteTransaction, job: str, at: datetime, account_key: int | None = None) -> None:
    """Have a job run as soon as nothing is in its way; one that runs already runs once more after that.

    Args:
        tx: What this is a part of.
        job: Its name.
        at: Now.
        account_key: Who asks; None for an operator at the machine.

    Raises:
        NotFound: The process `jobs` never had such a job.
    """
    if job not in {plan.job for plan in queries.plans(tx)}:
        raise NotFound(f"there is no job {job!r}: `enamel jobs list` names them")
    queries.ask(tx, job, at, account_key)
