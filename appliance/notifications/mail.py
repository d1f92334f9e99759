"""Writes a mail of notices and hands it to the clinic's mail server.

Guards: a password goes over TLS only, whose certificate is checked; a mail
holds closed sentences, and nothing of it is kept on the disk.
Source: RFC 5321, RFC 3207 (STARTTLS), RFC 8314 (implicit TLS).
"""

import re
import smtplib
import ssl
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from pathlib import Path

from appliance.config import MailSettings
from appliance.notifications.queries import Notice
from appliance.notifications.telling import NotTold, Telling
from appliance.notifications.words import Names, mail_words, notice_words, severity_words

_PATIENCE_SECONDS = 30
_FIRST = re.compile(r"\. (?![^“]*”)")  # where a sentence ends; what the clinic calls a place may hold a point
_LOCAL_NAME = "enamel.invalid"  # what it greets by; the box's own name is nobody's business

# The first class that fits decides; subclasses stand above their bases. All of smtplib's are OSErrors.
_FAULTS: tuple[tuple[type[Exception], str], ...] = (
    (smtplib.SMTPAuthenticationError, "mail password refused"),
    (smtplib.SMTPRecipientsRefused, "mail recipient refused"),
    (smtplib.SMTPServerDisconnected, "mail server unreachable"),
    (smtplib.SMTPException, "mail refused"),
    (ssl.SSLError, "mail server not trusted"),
    (OSError, "mail server unreachable"),
)


@dataclass(frozen=True)
class MailTeller:
    """Tells by mail.

    Attributes:
        settings: The clinic's mail server and whom to tell.
        clinic_name: Named in the mail.
        password: For the server; None signs in to none.
    """

    settings: MailSettings
    clinic_name: str
    password: bytes | None = field(default=None, repr=False)

    def tell(self, telling: Telling) -> None:
        """Send one mail.

        Raises:
            NotTold: The server is not there, is not who it should be, or refuses; where it refuses some of the
                recipients, the others have it.
        """
        try:
            refused = self._sent(written(telling, self.settings, self.clinic_name))
        except (OSError, smtplib.SMTPException) as fault:
            raise NotTold(next(code for kind, code in _FAULTS if isinstance(fault, kind))) from fault
        if refused:
            raise NotTold("mail recipient refused", by_some=True)

    def _sent(self, message: EmailMessage) -> bool:
        """Send it, and say whether the server refused some of its recipients."""
        with self._connected() as server:
            if self.settings.user and self.password is not None:
                server.login(self.settings.user, self.password.decode())
            return bool(server.send_message(message))

    def _connected(self) -> smtplib.SMTP:
        host, port = self.settings.host, self.settings.port
        if self.settings.security == "none":
            return smtplib.SMTP(host, port, local_hostname=_LOCAL_NAME, timeout=_PATIENCE_SECONDS)
        context = _context(self.settings.certificate_file)
        if self.settings.security == "tls":
            return smtplib.SMTP_SSL(host, port, local_hostname=_LOCAL_NAME, timeout=_PATIENCE_SECONDS, context=context)
        server = smtplib.SMTP(host, port, local_hostname=_LOCAL_NAME, timeout=_PATIENCE_SECONDS)
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
        return server


def written(telling: Telling, settings: MailSettings, clinic_name: str) -> EmailMessage:
    """Write the mail: the gravest in the subject, all of it in the text, nothing else."""
    language, message = settings.language, EmailMessage(policy=SMTP)
    message["From"] = settings.sender
    message["To"] = ", ".join(settings.recipients)
    message["Subject"] = f"Enamel, {clinic_name}: {_subject(telling, language)}"
    message["Date"] = format_datetime(telling.at)
    message["Message-ID"] = make_msgid(domain=settings.sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answer by a machine is wanted
    lines = [mail_words("intro", language, clinic=clinic_name), ""]
    lines += [line for notice in telling.notices for line in _lines(notice, language, telling.names)]
    if telling.over:
        over = [f"- {notice_words(notice, language, telling.names)}" for notice in telling.over]
        lines += [f"{mail_words('over', language)}:", *over, ""]
    lines += [mail_words("where", language), "", mail_words("foot", language)]
    message.set_content("\n".join(lines) + "\n")
    return message


def _lines(notice: Notice, language: str, names: Names) -> list[str]:
    words = f"{severity_words(notice.severity, language)}: {notice_words(notice, language, names)}"
    return [words, f"({mail_words('since', language, when=_moment(notice.first_at))})", ""]


def _subject(telling: Telling, language: str) -> str:
    if not telling.notices:
        return mail_words("subject over", language)
    first, *rest = telling.notices
    said = _FIRST.split(notice_words(first, language, telling.names))[0].rstrip(".")
    words = f"{severity_words(first.severity, language)}: {said}"
    return f"{words} ({mail_words('subject more', language, number=len(rest))})" if rest else words


def _moment(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M}"


def _context(certificate_file: str) -> ssl.SSLContext:
    """Trust what the machine trusts, and the one certificate the settings name.

    Raises:
        NotTold: That certificate cannot be read.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate_file:
        try:
            context.load_verify_locations(cafile=str(Path(certificate_file)))
        except OSError as fault:
            raise NotTold("mail certificate unreadable") from fault
    return context
