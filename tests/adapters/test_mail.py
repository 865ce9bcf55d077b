"""E-mail against a real mail server: what arrives, and what is said of a server that is bad, slow or not there."""

import socket
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult

from integration_admin.adapters.mail import Mail, MailServer
from integration_admin.core.errors import NotDelivered
from tests.adapters.mail_server import running_mail_server, running_refusal, running_silence
from tests.fakes import START

SENDER = "Integration Admin <ia@example.org>"
SECRET = "hemmelig-passord"


def make_mail(**changes: Any) -> Mail:
    values: dict[str, Any] = {
        "to": "kari@example.org",
        "subject": "Eksporten er stoppet: Regnskap",
        "text": "Åpne siden.\n",
        "html": "<p>Åpne siden.</p>",
        "language": "nb",
        "message_id": "notice-1",
        "at": START,
    }
    return Mail(**(values | changes))


async def refusal(url: str, deadline: float = 5.0) -> NotDelivered:
    with pytest.raises(NotDelivered) as caught:
        await MailServer(url, SENDER, deadline=deadline).send(make_mail())
    assert SECRET not in f"{caught.value} {caught.value.internal}"
    return caught.value


async def test_a_mail_arrives_in_both_forms_from_the_sender_with_an_id_of_its_own() -> None:
    async with running_mail_server() as inbox:
        await MailServer(inbox.url, SENDER).send(make_mail())
    (mail,) = inbox.mails
    assert inbox.senders == ["ia@example.org"]
    assert (mail["From"], mail["To"]) == (SENDER, "kari@example.org")
    assert (mail["Subject"], mail["Message-ID"]) == (
        "Eksporten er stoppet: Regnskap",
        "<notice-1@example.org>",
    )
    assert (mail["Auto-Submitted"], mail["Content-Language"]) == ("auto-generated", "nb")
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert (plain.get_content(), html.get_content()) == ("Åpne siden.\r\n", "<p>Åpne siden.</p>\r\n")


async def test_line_breaks_in_a_name_add_no_header() -> None:
    async with running_mail_server() as inbox:
        await MailServer(inbox.url, SENDER).send(
            make_mail(subject="Regnskap\r\nBcc: eve@example.org\u2028\x00x")
        )
    (mail,) = inbox.mails
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Regnskap Bcc: eve@example.org x"


@pytest.mark.parametrize(
    "address",
    [
        "kari@example.org\r\nRCPT TO:<eve@example.org>",
        "not an address",
        "a..b@example.org",
        "kåre@example.org",
        "",
    ],
)
async def test_what_is_no_address_is_never_sent_to(address: str) -> None:
    async with running_mail_server() as inbox:
        with pytest.raises(NotDelivered) as caught:
            await MailServer(inbox.url, SENDER).send(make_mail(to=address))
    assert caught.value.final
    assert inbox.mails == []


@pytest.mark.parametrize(
    ("to_recipients", "answer", "final", "sentence"),
    [
        ("550 No such user kari@example.org", "250 OK", True, "refuses this e-mail for good. It answers 550"),
        ("450 Mailbox busy", "250 OK", False, "does not take the e-mail now. It answers 450"),
        ("250 OK", "451 Try later", False, "does not take the e-mail now. It answers 451"),
        ("250 OK", "554 Spam", True, "refuses this e-mail for good. It answers 554"),
    ],
)
async def test_a_refusal_is_final_where_the_server_says_so(
    to_recipients: str, answer: str, final: object, sentence: str
) -> None:
    async with running_mail_server() as inbox:
        inbox.to_recipients, inbox.answer = to_recipients, answer
        error = await refusal(inbox.url)
    assert error.final is final
    assert sentence in str(error.message)
    assert "kari" not in str(error.message) + error.internal


@pytest.mark.parametrize(
    "answers",
    [
        ("554 No SMTP service here",),
        ("521 mail.example.org does not accept mail",),
        ("220 mail.example.org", "550 Go away", "550 Go away"),
    ],
)
async def test_a_server_that_refuses_everybody_before_it_hears_of_the_mail_is_tried_again(
    answers: tuple[str, ...],
) -> None:
    async with running_refusal(*answers) as port:
        error = await refusal(f"smtp://127.0.0.1:{port}")
    assert not error.final
    assert "does not take the e-mail now. It answers 5" in str(error.message)


async def test_a_wrong_password_is_told_without_the_password() -> None:
    def refuse(*_: object) -> AuthResult:
        return AuthResult(success=False, handled=False)

    async with running_mail_server(auth_require_tls=False, authenticator=refuse) as inbox:
        error = await refusal(f"smtp://ia:{SECRET}@127.0.0.1:{inbox.port}")
    assert str(error.message) == "The mail server refuses the user name or the password in SMTP_URL."
    assert not error.final


async def test_a_server_that_says_nothing_is_left_after_the_deadline() -> None:
    async with running_silence() as port:
        error = await refusal(f"smtp://ia:{SECRET}@127.0.0.1:{port}", deadline=0.2)
    assert str(error.message) == "The mail server does not answer in time."


async def test_a_server_that_is_not_there_is_told() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        error = await refusal(f"smtp://127.0.0.1:{free.getsockname()[1]}")
    assert str(error.message) == "The mail server cannot be reached."


async def test_a_server_without_encryption_is_never_given_the_password_in_the_clear() -> None:
    async with running_mail_server() as inbox:
        error = await refusal(f"smtps://ia:{SECRET}@127.0.0.1:{inbox.port}", deadline=2.0)
    assert inbox.tries == 0
    assert not error.final


async def test_away_from_this_machine_encryption_is_demanded() -> None:
    client = MailServer(f"smtp://ia:{SECRET}@mail.example.org", SENDER)._client()
    assert client._start_tls_on_connect is True
    assert (client.port, client.use_tls) == (587, False)


async def test_without_a_mail_server_each_try_says_what_the_operator_has_to_do() -> None:
    error = await refusal("")
    assert error.final
    assert "SMTP_URL and MAIL_FROM" in str(error.message)
