"""What can go wrong with a target, as a closed list that pages, notices and runs tell.

Guards: no word of an outside program reaches a log or a page; what it said is told apart into one of these.
"""

from enum import StrEnum

from appliance.errors import Refused, Unavailable


class Fault(StrEnum):
    """Why a target could not be used, or a run on it is not complete."""

    UNPLUGGED = "unplugged"  # the disk is not there, or another one is
    UNREACHABLE = "unreachable"
    DENIED = "denied"
    NOT_OURS = "not ours"  # another box's, or another root's
    MISSING = "missing"  # a repository that was there is gone
    FULL = "full"
    BUSY = "busy"
    DAMAGED = "damaged"
    INCOMPLETE = "incomplete"  # something of the box itself could not be read
    STOPPED = "stopped"
    FAILED = "failed"


class BackupFailed(Unavailable):
    """A target, or the program that copies to it, did not do what was asked; trying again may help."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(_SAID[fault])
        self.fault = fault


class GaveUp(BackupFailed):
    """Something was twice not there to be read, and was not waited for; what else was asked for may not be out yet."""

    def __init__(self) -> None:
        super().__init__(Fault.DAMAGED)


class TakenUp(BackupFailed):
    """A disk that was added anew is a target that was used before, and goes on as that one: look again, and it is."""

    def __init__(self) -> None:
        Unavailable.__init__(self, "this disk was a backup target before and is that one again: do it once more")
        self.fault = Fault.BUSY


class OtherServer(BackupFailed):
    """An SFTP server shows another key of its own than the one that was given: it may be somebody else's."""

    def __init__(self) -> None:
        Unavailable.__init__(self, _OTHER_SERVER)
        self.fault = Fault.DENIED


class NotOurs(Refused):
    """A repository or a disk belongs to another box, or nothing on it is what this box wrote."""


_OTHER_SERVER = (
    "the server shows another key of its own than --host-key says: ask its owner whether it has a new one; until then "
    "somebody else may be answering"
)
_SAID = {
    Fault.UNPLUGGED: "the backup disk is not there: plug it in",
    Fault.UNREACHABLE: "the backup target cannot be reached",
    Fault.DENIED: "the backup target refused: user name, password or rights are not what it expects",
    Fault.NOT_OURS: "what lies on the backup target is not this box's: nothing was changed there",
    Fault.MISSING: "the backup target no longer holds this box's repository",
    Fault.FULL: "the backup target is full",
    Fault.BUSY: "something else is at work on the backup target",
    Fault.DAMAGED: "the copies on the backup target are damaged",
    Fault.INCOMPLETE: "not everything of this box could be read for the backup",
    Fault.STOPPED: "the backup was stopped; the next run goes on with it",
    Fault.FAILED: "the backup program failed",
}
