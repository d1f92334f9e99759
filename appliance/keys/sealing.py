"""How the root secret is kept on the box: `keys/root.sealed`.

Guards: what is written opens only with what its method asks for, and what
opens is the root that was sealed. With a passphrase the blob alone is worth
one Argon2id guess at a time; sealed to host or TPM as well, not even that
away from this machine.
Leaves out: writing the file, who may ask, and forgetting the root afterwards.
"""

import json
import subprocess
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from appliance.errors import Refused, Tampered, Unavailable, Unsuitable, WrongKey, WrongPassphrase
from appliance.keys.derivation import expand
from appliance.keys.passphrases import PassphraseCost, key_from_passphrase, new_salt
from appliance.keys.secret import SecretKey, same_bytes
from appliance.keys.wrapping import seal_secret, unseal_secret

_FORMAT = "enamel sealed root"
_CONTEXT = b"enamel root secret"
_FINGERPRINT_LABEL = b"enamel root fingerprint"
_CREDENTIAL_NAME = "enamel-root"
_HOST_TIMEOUT_SECONDS = 60


class Method(StrEnum):
    """How a root is kept."""

    FILE = "file"
    PASSPHRASE = "passphrase"  # noqa: S105 - the name of a method
    CREDENTIAL = "systemd-credential"


class HostKey(StrEnum):
    """What a systemd credential is sealed to. `host` alone protects nothing when the disk is stolen."""

    HOST = "host"
    TPM2 = "tpm2"
    HOST_AND_TPM2 = "host+tpm2"


@dataclass(frozen=True)
class Host:
    """This machine's own sealing: systemd-creds.

    `options` go to both directions, for a TPM that is not the default one.
    """

    options: tuple[str, ...] = ()
    program: str = "systemd-creds"

    def seal(self, secret: bytes, host_key: HostKey) -> str:
        """Seal to this machine.

        Raises:
            Unavailable: systemd-creds is missing, or the machine has no such key (no TPM).
        """
        return self._run("encrypt", secret, f"--with-key={host_key}").decode("ascii").strip()

    def unseal(self, sealed: str) -> bytes:
        """Unseal on this machine.

        Raises:
            Unavailable: It is another machine's, its state changed (PCRs), or systemd-creds is missing.
        """
        return self._run("decrypt", sealed.encode())

    def _run(self, verb: str, content: bytes, *options: str) -> bytes:
        command = [self.program, verb, f"--name={_CREDENTIAL_NAME}", *options, *self.options, "-", "-"]
        try:
            done = subprocess.run(  # noqa: S603 - a fixed program; secrets go by its standard input
                command, input=content, capture_output=True, check=False, timeout=_HOST_TIMEOUT_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unavailable(f"systemd-creds cannot be run: {type(error).__name__}") from None
        if done.returncode:
            raise Unavailable(f"systemd-creds refused: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout


def seal_to_file(root: SecretKey) -> bytes:
    """Keep the root in clear, for the demo: only the file's mode protects it."""
    return _write(Method.FILE, root, secret=root.reveal().hex())


def seal_to_passphrase(root: SecretKey, passphrase: str, cost: PassphraseCost | None = None) -> bytes:
    """Keep the root under a passphrase. Slow on purpose."""
    cost, salt = cost or PassphraseCost(), new_salt()
    secret = seal_secret(key_from_passphrase(passphrase, salt, cost), _CONTEXT, root.reveal())
    return _write(Method.PASSPHRASE, root, secret=secret.hex(), salt=salt.hex(), cost=asdict(cost))


def seal_to_host(
    root: SecretKey, passphrase: str | None, host: Host, host_key: HostKey, cost: PassphraseCost | None = None
) -> bytes:
    """Keep the root sealed to this machine: under a passphrase first, or (None) for this machine to open alone.

    Without a passphrase a removed disk is protected, a stolen box is not.

    Raises:
        Unavailable: This machine cannot seal to that key.
    """
    inner = seal_to_file(root) if passphrase is None else seal_to_passphrase(root, passphrase, cost)
    return _write(
        Method.CREDENTIAL, root,
        secret=host.seal(inner, host_key), host_key=host_key.value, asks_passphrase=passphrase is not None,
    )  # fmt: skip


def open_root(sealed: bytes, passphrase: str | None = None, host: Host | None = None) -> SecretKey:
    """Give the root back.

    Args:
        sealed: The content of `keys/root.sealed`.
        passphrase: What the operator typed; None where none is asked.
        host: This machine; the default one when None.

    Raises:
        WrongPassphrase: It is not the one, or one is asked and none given.
        Refused: One is given and none is asked: whatever somebody typed must not seem to be what opened it.
        Unavailable: This machine cannot unseal it.
        Tampered: The file is not what was written.
    """
    content = _read(sealed)
    try:
        root = _open(content, passphrase, host or Host())
        fingerprint = bytes.fromhex(content["root"])
    except (KeyError, TypeError, ValueError, Unsuitable):
        raise Tampered("the sealed root secret is damaged") from None
    if not same_bytes(root_fingerprint(root), fingerprint):
        raise Tampered("the sealed root secret holds another root than it says")
    return root


def asks_passphrase(sealed: bytes) -> bool:
    """Say whether a person must type a passphrase to open this.

    Raises:
        Tampered: The file is not what was written.
    """
    content = _read(sealed)
    return content["method"] == Method.PASSPHRASE or bool(content.get("asks_passphrase"))


def sealed_by(sealed: bytes) -> Method:
    """Say how this root is kept.

    Raises:
        Tampered: The file is not what was written.
    """
    return Method(_read(sealed)["method"])


def sealed_fingerprint(sealed: bytes) -> bytes:
    """Give the fingerprint of the root that is sealed here, without opening it; only opening proves that it is true.

    Raises:
        Tampered: The file is not what was written.
    """
    try:
        return bytes.fromhex(_read(sealed)["root"])
    except (KeyError, TypeError, ValueError):
        raise Tampered("the sealed root secret is damaged") from None


def host_key_of(sealed: bytes) -> HostKey | None:
    """Say what of the machine seals this root besides, None for nothing.

    Raises:
        Tampered: The file is not what was written.
    """
    content = _read(sealed)
    if content["method"] != Method.CREDENTIAL:
        return None
    try:
        return HostKey(content["host_key"])
    except (KeyError, ValueError):
        raise Tampered("the sealed root secret is damaged") from None


def root_fingerprint(root: SecretKey) -> bytes:
    """Give 8 bytes that tell roots apart and tell nothing of them."""
    return expand(root, _FINGERPRINT_LABEL, b"", 8)


def _open(content: dict[str, Any], passphrase: str | None, host: Host) -> SecretKey:
    secret = content["secret"]
    if content["method"] == Method.CREDENTIAL:
        return open_root(host.unseal(secret), passphrase, host)
    if content["method"] == Method.FILE:
        if passphrase is not None:
            raise Refused("this root secret asks for no passphrase; only the operator at the machine opens it")
        return SecretKey(bytes.fromhex(secret))
    if not passphrase:
        raise WrongPassphrase("the root secret asks for its passphrase")
    key = key_from_passphrase(passphrase, bytes.fromhex(content["salt"]), PassphraseCost(**content["cost"]))
    try:
        return SecretKey(unseal_secret(key, _CONTEXT, bytes.fromhex(secret)))
    except WrongKey:
        raise WrongPassphrase("this passphrase does not open the root secret") from None


def _write(method: Method, root: SecretKey, **content: object) -> bytes:
    whole = {"format": _FORMAT, "method": method.value, "root": root_fingerprint(root).hex(), **content}
    return json.dumps(whole, indent=1).encode() + b"\n"


def _read(sealed: bytes) -> dict[str, Any]:
    try:
        content = json.loads(sealed)
    except ValueError:
        content = None
    if not isinstance(content, dict) or content.get("format") != _FORMAT or content.get("method") not in set(Method):
        raise Tampered("this is no sealed root secret")
    return content
