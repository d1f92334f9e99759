"""Why a person is not let in, or not yet, and what of a decision could not be done at once."""

from appliance.errors import NotPermitted, Refused, Unavailable


class SignInRefused(NotPermitted):
    """User name, password or code is wrong. Never says which."""


class NoSecondFactor(SignInRefused):
    """A decision asks for a second factor, and this person has none."""


class TooManyAttempts(NotPermitted):
    """Failures came too fast; the same attempt may succeed later."""

    def __init__(self, wait_seconds: float) -> None:
        super().__init__("sign-in attempts are slowed down")
        self.wait_seconds = wait_seconds


class OwnRights(NotPermitted):
    """Somebody would change their own role or image right, and another administrator can do it."""


class PasswordTooWeak(Refused):
    """The new password breaks a rule.

    `rule` is a code of `password_rules.Rule`; the page has the words.
    """

    def __init__(self, rule: str) -> None:
        super().__init__(f"the new password breaks the rule: {rule}")
        self.rule = rule


class AlreadyAdmitted(Refused):
    """The device may send already: the same title, address and certificate."""


class CertificateRevoked(Refused):
    """A device shows a certificate that was taken back; it is let in by another only."""


class NotPublished(Unavailable):
    """It was decided and is kept, but the receiver goes by its older list until that can be written."""
