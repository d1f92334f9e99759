"""What all tests of accounts share."""

from tests.quick_passwords import quick_passwords, usual_passwords

__all__ = ["quick_passwords", "usual_passwords"]
