"""Names jobs, their schedules and what went wrong, for people who did not build the box.

A part that adds a job adds its line here, and one for each fault code of its own.
"""

from datetime import timedelta

from appliance.errors import Unsuitable
from appliance.jobs.schedule import Daily, Every, Monthly, parse_schedule
from appliance.web.languages import gettext as _
from appliance.web.languages import later, ngettext

_JOBS = {
    "backup": (later("Nightly copy"), later("Copies everything to every place that copies go to.")),
    "copy arrivals": (later("Copy what arrived"), later("Copies new scans soon after they came.")),
    "restore test": (later("Restore test"), later("Restores from a copy and compares, to prove that it can be done.")),
    "repair": (later("Repair from copies"), later("Puts whole copies in the place of damaged scans.")),
    "full restore test": (later("Whole restore test"), later("Restores every copy in full and compares all of it.")),
    "scrub": (later("Read stored scans again"), later("Reads every stored scan once a month and compares.")),
    "prune copies": (later("Clear old copies"), later("Removes copies that are past their time.")),
    "prove erasures": (later("Prove erasures"), later("Looks whether copies still hold what was erased.")),
    "due list": (later("What is past its time"), later("Lists what the law no longer asks you to keep.")),
    "purge": (later("Erase what is due"), later("Erases what two people approved, once its time is over.")),
    "forecast disk": (later("Disk space"), later("Measures the disk, to say in time when it will be full.")),
    "anchor audit": (later("Anchor the record"), later("Keeps proof outside the box of who did what.")),
    "remind of drill": (later("Reminder of the drill"), later("Reminds you to practise restoring, twice a year.")),
    "look through the record": (later("Look through the record"), later("Looks each morning for what is unusual.")),
    "look after emergencies": (
        later("Look after emergencies"),
        later("Notes that access in an emergency is over, and tells when a review is late."),
    ),
    "look for unused accounts": (
        later("Look for unused accounts"),
        later("Looks each morning for accounts that nobody has used for 30 days."),
    ),
    "send the record on": (later("Send the record on"), later("Sends who did what to the server that collects it.")),
    "tell": (later("Send notices"), later("Tells the clinic by mail what it should know.")),
    "rotate keys": (later("Renew keys"), later("Makes new keys every month and destroys old ones.")),
    "rewrap data keys": (later("Lock files under the new key"), later("Brings every stored file under the new key.")),
}
_FAULTS = {
    "out of space": later("The disk is full."),
    "box is locked": later("The box was locked."),
    "unavailable": later("Something it needs was not there. It tries again."),
    "stored data is damaged": later("Something stored is damaged."),
    "refused": later("It was refused."),
    "damage found": later("Something stored is damaged: see Proofs."),
    "no whole copy": later("A damaged scan has no whole copy: see Proofs."),
    "repair refused here": later("A damaged scan has a whole copy, which this box's disk refused. It tries again."),
    "older catalogue": later("The catalogue is of an earlier day: see Proofs."),
    "not proved": later("A copy did not prove to be whole: see Proofs."),
    "no room to prove": later("This box's disk has too little space for the test."),
    "target not reached": later("A place for copies could not be reached."),
    "nothing to prove": later("There is no copy yet that could be proved."),
    "an erasure is not finished": later("The disk refused to remove something that was erased. It tries again."),
    "the catalogue is too large to write anew": later("The catalogue is too large to be written anew."),
    "the catalogue was not written anew": later("The catalogue could not be written anew. It tries again."),
    "mail password refused": later("The mail server refused the password."),
    "mail recipient refused": later("The mail server refused an address."),
    "mail server not trusted": later("The mail server's certificate is not trusted."),
    "mail server unreachable": later("The mail server was not reached."),
    "mail certificate unreadable": later("The mail server's certificate file cannot be read."),
    "mail refused": later("The mail server refused the mail."),
    "webhook not trusted": later("The service's certificate is not trusted."),
    "webhook unreachable": later("The service to be told was not reached."),
    "webhook refused": later("The service to be told refused."),
    "syslog unreachable": later("The server that collects the record was not reached."),
    "syslog not trusted": later("The certificate of the server that collects the record is not trusted."),
    "syslog certificate unreadable": later(
        "The certificate file of the server that collects the record cannot be read."
    ),
    "unplugged": later("The disk is not plugged in."),
    "unreachable": later("It could not be reached."),
    "denied": later("It refused the user name, the password or the key."),
    "not ours": later("It holds another box's copies, or something else: nothing was changed there."),
    "missing": later("The copies that were there are gone."),
    "full": later("It is full."),
    "busy": later("Something else is at work there."),
    "damaged": later("What is on it is damaged: see Proofs."),
    "incomplete": later("Not everything on this box could be read."),
    "stopped": later("It was cut off. The next run goes on with it."),
    "failed": later("The program that copies failed. It tries again."),
    "internal fault": later("A fault of the program. Tell whoever looks after this box."),
}


def job_words(job: str) -> tuple[str, str]:
    """Give a job's name and what it is for; one that is not known here keeps its own name."""
    name, about = _JOBS.get(job, (job, ""))
    return _(name), _(about)


def place_of_job(job: str) -> tuple[int, str]:
    """Give a job's place in a list: copies first, then what rests on them."""
    names = list(_JOBS)
    return names.index(job) if job in _JOBS else len(names), job


def fault_words(fault: str | None) -> str:
    """Say why a run failed."""
    return "" if fault is None else _(_FAULTS[fault]) if fault in _FAULTS else fault


def schedule_words(text: str) -> str:
    """Say when a job runs."""
    try:
        schedule = parse_schedule(text)
    except Unsuitable:
        return text
    match schedule:
        case Daily(at):
            return _("every day at %s") % f"{at:%H:%M}"
        case Monthly(day, at):
            return _("on day %(day)d of each month at %(time)s") % {"day": day, "time": f"{at:%H:%M}"}
        case Every(interval):
            return _("every hour") if interval == timedelta(hours=1) else _("every %s") % lasted_words(interval)
        case _:
            return text


def lasted_words(span: timedelta) -> str:
    """Write how long something took or takes, in its largest unit."""
    seconds = round(span.total_seconds())
    if seconds < 60:
        return ngettext("%(num)d second", "%(num)d seconds", seconds) % {"num": seconds}
    if seconds < 2 * 3600:
        minutes = round(seconds / 60)
        return ngettext("%(num)d minute", "%(num)d minutes", minutes) % {"num": minutes}
    if seconds < 2 * 86_400:
        hours = round(seconds / 3600)
        return ngettext("%(num)d hour", "%(num)d hours", hours) % {"num": hours}
    days = round(seconds / 86_400)
    return ngettext("%(num)d day", "%(num)d days", days) % {"num": days}
