"""What one caller may see. A door makes it; the scoped source asks it.

This room does not know accounts: whoever comes, person or machine, is here a
number, four rights and perhaps a limit to some studies.
"""

from dataclasses import dataclass

from appliance.audit.events import Actor
from appliance.errors import NotFound, NotPermitted


@dataclass(frozen=True, slots=True)
class Scope:
    """The rights of one caller.

    Args:
        actor: The caller as the audit trail names it.
        caller: Names the caller's session; looks are counted by it.
        may_list: Search studies.
        may_read: See a study's series and instances.
        may_view: Get metadata, pixels and files.
        may_store: Hand in instances.
        studies: Study Instance UIDs that exist for this caller; None is all.
        laboratory: The account whose copies this caller gets, under its names; None of whoever is no laboratory.
    """

    actor: Actor
    caller: str
    may_list: bool
    may_read: bool
    may_view: bool
    may_store: bool = False
    studies: frozenset[str] | None = None
    laboratory: int | None = None

    def check_list(self) -> None:
        """Refuse a caller that may not search."""
        if not self.may_list:
            raise NotPermitted("the caller may not list studies")

    def check_read(self) -> None:
        """Refuse a caller that may not see inside a study."""
        if not self.may_read:
            raise NotPermitted("the caller may not read studies")

    def check_view(self) -> None:
        """Refuse a caller that may not see images."""
        if not self.may_view:
            raise NotPermitted("the caller may not view images")

    def check_store(self) -> None:
        """Refuse a caller that may hand nothing in."""
        if not self.may_store:
            raise NotPermitted("the caller may not store images")

    def check_study(self, study_instance_uid: str) -> None:
        """Treat a study outside the limit as one that does not exist."""
        if self.studies is not None and study_instance_uid not in self.studies:
            raise NotFound("no such study")
