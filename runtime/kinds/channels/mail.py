"""Electronic mail."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from urllib.parse import parse_qs, unquote, urlsplit

from email_validator import EmailNotValidError, validate_email

from runtime.kinds.channel import Carrier, Channel, Letter, Undeliverable
from runtime.kinds.options import option

#: Seconds that each answer of a server may take.
TIMEOUT = 8
PORTS = {"smtp": 25, "smtps": 465}
MODES = ("auto", "always", "never")
LONGEST_SUBJECT = 200


def one_line(text: str, longest: int = LONGEST_SUBJECT) -> str:
    """A text for a header: nothing in it can begin another."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())[:longest]


class Smtp:
    """An SMTP server, connected when the first letter is sent."""

    def __init__(self, url: str, sender: str) -> None:
        """Raises ValueError for an address that cannot be understood."""
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise ValueError("DOUGONG_SMTP_URL looks like smtp://user:password@host:587 or smtps://host")
        self.host, self.port = parts.hostname, parts.port or PORTS[parts.scheme]
        self.secure = parts.scheme == "smtps"
        self.mode = (parse_qs(parts.query).get("starttls") or ["auto"])[0]
        if self.mode not in MODES:
            raise ValueError(f"starttls in DOUGONG_SMTP_URL is one of {', '.join(MODES)}")
        self.user, self.password = unquote(parts.username or ""), unquote(parts.password or "")
        name, address = parseaddr(sender)
        if "@" not in address:
            raise ValueError("DOUGONG_MAIL_FROM looks like CRM <crm@example.com>")
        self.sender = Address(one_line(name), addr_spec=address)
        self.server: smtplib.SMTP | None = None

    def connected(self) -> smtplib.SMTP:
        """The server, greeted, encrypted where it can be, logged in."""
        if self.server is None:
            context = ssl.create_default_context()
            server: smtplib.SMTP
            if self.secure:
                server = smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT, context=context)
            else:
                server = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT)
                server.ehlo()
                if self.mode == "always" or (self.mode == "auto" and server.has_extn("starttls")):
                    server.starttls(context=context)
            if self.user:
                server.login(self.user, self.password)
            self.server = server
        return self.server

    def send(self, letter: Letter) -> None:
        """Hand a letter over. Raises Undeliverable."""
        try:
            self.connected().send_message(self.message(letter))
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()))[0]
            raise Undeliverable(str(error), final=500 <= code < 600) from error
        except smtplib.SMTPResponseException as error:
            self.close()
            raise Undeliverable(str(error), final=500 <= error.smtp_code < 600 and bool(letter.to)
                                and not isinstance(error, smtplib.SMTPAuthenticationError)) from error  # fmt: skip
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise Undeliverable(repr(error), final=False) from error

    def message(self, letter: Letter) -> EmailMessage:
        """The letter in both forms."""
        found = EmailMessage()
        found["From"] = self.sender
        found["To"] = Address(one_line(letter.name, 100), addr_spec=letter.to)
        found["Subject"] = one_line(letter.subject)
        found["Date"] = formatdate(localtime=False)
        found["Message-ID"] = f"<{letter.id}@{self.sender.domain}>"
        found["Auto-Submitted"] = "auto-generated"
        found["Content-Language"] = letter.language
        found.set_content(letter.text)
        found.add_alternative(letter.html, subtype="html")
        return found

    def close(self) -> None:
        """Say goodbye."""
        if self.server is not None:
            with suppress(OSError, smtplib.SMTPException):
                self.server.quit()
            self.server = None


class Mail(Channel):
    """Electronic mail."""

    name = "mail"
    label = {"en": "Mail", "zh": "邮件"}
    help = {"en": "Electronic mail through the company's server.", "zh": "通过公司邮件服务器发送邮件。"}
    icon = "mail"
    private = True
    options = {
        "from": option("string", "From", "发件人", minLength=3, maxLength=200),
    }  # fmt: skip
    examples = ({}, {"from": "crm@example.com"})

    @classmethod
    def carrier(cls, environment: Mapping[str, str]) -> Carrier | None:
        url = environment.get("DOUGONG_SMTP_URL", "")
        return Smtp(url, environment.get("DOUGONG_MAIL_FROM", "")) if url else None

    @classmethod
    def address(cls, email: str | None) -> str | None:
        try:
            return validate_email(email or "", check_deliverability=False).ascii_email
        except EmailNotValidError:
            return None
