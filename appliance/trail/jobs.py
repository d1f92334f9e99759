"""What the box does by itself with its trail: looks through it each morning, and sends it on every minute."""

from datetime import time, timedelta

from appliance.jobs.job import Job, Run
from appliance.jobs.schedule import Daily, Every
from appliance.trail.days import DayParts, look_through
from appliance.trail.forwarding import ForwardingParts, forward
from appliance.trail.syslog import NotTaken

LOOK_AT = time(6, 30)  # after the night, before the clinic opens
SEND_EVERY = timedelta(minutes=1)


def trail_jobs(days: DayParts, forwarding: ForwardingParts) -> tuple[Job, ...]:
    """Give the jobs of this part; nothing is sent on where no server is set."""

    def look(run: Run) -> None:
        look_through(days)
        run.progress(1, 1)

    def send(run: Run) -> None:
        def go_on(sent: int) -> None:
            run.progress(sent)
            run.check()

        try:
            forward(forwarding, go_on)
        except NotTaken as fault:
            run.failed(str(fault))

    looking = Job("look through the record", Daily(LOOK_AT), look)
    return (looking,) if forwarding.server is None else (looking, Job("send the record on", Every(SEND_EVERY), send))
