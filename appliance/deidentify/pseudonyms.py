"""One laboratory's own names for patients, studies and UIDs, always the same and of no use to anybody else.

Guards: each is an HMAC under a key that only this laboratory's names come from. Without the key nobody can say which
patient one stands for, and two laboratories cannot compare what they got.

Source: DICOM PS3.5 B.2 (UIDs from numbers), PS3.15 E.3.6 and E.3.9 (consistent within a set).
"""

import hashlib
import hmac

from appliance.dicom.deidentifying.copies import UID_ROOT
from appliance.dicom.sop_classes import STANDARD_ROOT
from appliance.keys.derivation import derive_key
from appliance.keys.secret import SecretKey

MOST_DAYS = 365  # that dates are moved back: so a year is at most one off
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that is taken for another
_LEAST, _ALL = 10**38, 2**128  # numbers of 39 digits that are UUIDs


class Pseudonyms:
    """The names that one laboratory gets.

    Args:
        key: The root's subkey for pseudonyms.
        account_key: The laboratory's account.
    """

    def __init__(self, key: SecretKey, account_key: int) -> None:
        self._key = derive_key(key, b"enamel pseudonyms", str(account_key).encode())

    def patient(self, patient_key: int) -> str:
        """Give the name that stands for a patient: `P-` and ten letters and digits."""
        return f"P-{_letters(self._digest(b'patient', str(patient_key)))}"

    def study(self, study_key: int) -> str:
        """Give the reference number of a study: `S-` and ten letters and digits."""
        return f"S-{_letters(self._digest(b'study', str(study_key)))}"

    def shift_days(self, patient_key: int) -> int:
        """Give how far back a patient's dates are moved, in days."""
        return 1 + int.from_bytes(self._digest(b"days", str(patient_key))) % MOST_DAYS

    def uid(self, original: str) -> str:
        """Give the UID that stands for one, of 44 characters; the standard's own stand for themselves."""
        if not original or original.startswith(STANDARD_ROOT):
            return original
        number = int.from_bytes(self._digest(b"uid", original))
        return f"{UID_ROOT}{_LEAST + number % (_ALL - _LEAST)}"

    def _digest(self, kind: bytes, name: str) -> bytes:
        return hmac.new(self._key.reveal(), kind + b"\0" + name.encode("utf-8", "replace"), hashlib.sha256).digest()


def _letters(digest: bytes) -> str:
    number = int.from_bytes(digest)
    return "".join(_LETTERS[number >> 5 * place & 31] for place in range(10))
