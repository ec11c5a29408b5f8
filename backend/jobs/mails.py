"""Sends one delivery by mail, through the SMTP server that the settings name."""

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any

from backend.config import Settings, settings
from backend.jobs.deliveries import Claimed, Outcome

SECONDS = 10.0
"""For each answer of the server."""
TOTAL_SECONDS = 30.0
"""For the whole mail, however slowly a server answers: less than the time for which a delivery is claimed."""
LONGEST_SUBJECT = 150
REFUSED_FOR_GOOD = 500
FOOTER = "You chose to be told of this by mail. The page Notices of Rondo changes that."


class Deadline:
    """Breaks a connection off at its end, whatever it waits for then."""

    running: set["Deadline"] = set()
    """Those of the mails that are being sent by this process."""

    def __init__(self, seconds: float) -> None:
        self._is_over = False
        self._handle: socket.socket | None = None
        self._timer = threading.Timer(seconds, self.end)
        self._timer.daemon = True
        self._timer.start()
        self.running.add(self)

    def watch(self, connected: socket.socket) -> socket.socket:
        """Break that connection off, too. The handle is one of its own: a socket changes when it is made secret."""
        self._handle = connected.dup()
        if self._is_over:
            raise TimeoutError
        return connected

    def end(self) -> None:
        """Break off now."""
        self._is_over = True
        if self._handle is not None:
            with suppress(OSError):
                self._handle.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._timer.cancel()
        self.running.discard(self)
        if self._handle is not None:
            self._handle.close()


class _Watched(smtplib.SMTP):
    deadline: Deadline

    def _get_socket(self, *where: Any) -> socket.socket:
        return self.deadline.watch(super()._get_socket(*where))  # type: ignore[misc]


class _Plain(_Watched):
    def __init__(self, deadline: Deadline, *args: Any, **named: Any) -> None:
        self.deadline = deadline
        super().__init__(*args, **named)


class _Secret(smtplib.SMTP_SSL, _Watched):
    def __init__(self, deadline: Deadline, *args: Any, **named: Any) -> None:
        self.deadline = deadline
        super().__init__(*args, **named)


def break_off() -> None:
    """Break off what this process is sending; it is sent again."""
    for deadline in list(Deadline.running):
        deadline.end()


def send(claimed: Claimed, *, seconds: float = TOTAL_SECONDS) -> Outcome:
    """Try it once."""
    asked = settings()
    if not asked.smtp_host:
        return Outcome(error="This worker sends no mail: RONDO_SMTP_HOST is not set for it.")
    try:
        with _connected(asked, seconds) as server:
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
def _connected(asked: Settings, seconds: float) -> Iterator[smtplib.SMTP]:
    """The server, signed in where the settings say so."""
    deadline = Deadline(seconds)
    try:
        trusted, place = ssl.create_default_context(), (asked.smtp_host, asked.smtp_port)
        server: smtplib.SMTP = (
            _Secret(deadline, *place, timeout=SECONDS, context=trusted)
            if asked.smtp_security == "tls"
            else _Plain(deadline, *place, timeout=SECONDS)
        )
        try:
            if asked.smtp_security == "starttls":
                server.starttls(context=trusted)
            if asked.smtp_user:
                server.login(asked.smtp_user, asked.smtp_password.get_secret_value() if asked.smtp_password else "")
            yield server
        finally:
            # A mail that was taken stays so, whatever the server answers to the good-bye.
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()
    finally:
        deadline.close()
