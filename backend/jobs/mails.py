"""Sends one delivery by mail, through the SMTP server that the settings name."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import formatdate

from backend.config import Settings, settings
from backend.jobs.deliveries import Claimed, Outcome

SECONDS = 10.0
"""For each answer of the server."""
LONGEST_SUBJECT = 150
REFUSED_FOR_GOOD = 500
FOOTER = "You chose to be told of this by mail. The page Notices of Rondo changes that."


def send(claimed: Claimed) -> Outcome:
    """Try it once."""
    asked = settings()
    if not asked.smtp_host:
        return Outcome(error="This installation sends no mail: RONDO_SMTP_HOST is not set.", is_final=True)
    try:
        with _connected(asked) as server:
            server.send_message(message(claimed, asked))
    except smtplib.SMTPRecipientsRefused as error:
        code = max((status for status, _ in error.recipients.values()), default=0)
        return Outcome(code, f"The mail server refused the address (status {code}).", code >= REFUSED_FOR_GOOD)
    except smtplib.SMTPResponseException as error:
        return Outcome(error.smtp_code, f"The mail server answered with status {error.smtp_code}.")
    except (smtplib.SMTPException, OSError, ValueError) as error:
        return Outcome(error=f"The mail server was not reached, or did not answer ({type(error).__name__}).")
    return Outcome(250)


def message(claimed: Claimed, asked: Settings) -> EmailMessage:
    """The mail. The same delivery has the same Message-ID at each attempt."""
    mail, body = EmailMessage(), claimed.body
    text = " ".join(str(body["text"]).split())
    subject = f"[{' '.join(str(body['project']['name']).split())}] {text}"
    mail["Subject"] = subject if len(subject) <= LONGEST_SUBJECT else f"{subject[:LONGEST_SUBJECT]}…"
    mail["From"] = asked.smtp_from or f"rondo@{asked.smtp_host}"
    mail["To"] = claimed.mail
    mail["Date"] = formatdate()
    mail["Message-ID"] = f"<{claimed.uid}@rondo>"
    mail["Auto-Submitted"] = "auto-generated"
    link = f"{asked.public_url}{body['path']}" if asked.public_url else ""
    mail.set_content("\n\n".join(filter(None, (str(body["text"]), link, FOOTER))))
    return mail


@contextmanager
def _connected(asked: Settings) -> Iterator[smtplib.SMTP]:
    """The server, signed in where the settings say so."""
    trusted = ssl.create_default_context()
    server = (
        smtplib.SMTP_SSL(asked.smtp_host, asked.smtp_port, timeout=SECONDS, context=trusted)
        if asked.smtp_security == "tls"
        else smtplib.SMTP(asked.smtp_host, asked.smtp_port, timeout=SECONDS)
    )
    with server:
        if asked.smtp_security == "starttls":
            server.starttls(context=trusted)
        if asked.smtp_user:
            server.login(asked.smtp_user, asked.smtp_password.get_secret_value() if asked.smtp_password else "")
        yield server
