"""The settings of the mail server: what is taken, and that a refusal never quotes the password."""

import pytest

from integration_admin.core.errors import ConfigurationError
from integration_admin.core.settings import PREFIX, load_settings

SECRET = "hemmelig"


@pytest.mark.parametrize(
    "url",
    [
        "smtp://mail.example.org",
        "smtps://ia:p%40ss@mail.example.org:465",
        "smtp://ia@[::1]:2525",
        "",
    ],
)
def test_a_mail_server_is_named_by_its_address(url: str) -> None:
    assert load_settings({PREFIX + "SMTP_URL": url}).smtp_url == url


@pytest.mark.parametrize(
    "url",
    [
        f"http://ia:{SECRET}@mail.example.org",
        f"smtp://ia:{SECRET}/x@mail.example.org",
        f"smtp://ia:{SECRET}@mail.example.org:99999",
        f"smtp://ia:{SECRET}@",
        f"smtp://ia:{SECRET}@mail.example.org/path",
        f"mail.example.org {SECRET}",
    ],
)
def test_what_is_no_mail_server_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings({PREFIX + "SMTP_URL": url})
    told = f"{caught.value.message} {caught.value.internal} {caught.value.__cause__}"
    assert "INTEGRATION_ADMIN_SMTP_URL: must be a mail server such as" in told
    assert SECRET not in told


@pytest.mark.parametrize("sender", ["ia", "Integration Admin", "ia@example.org\nBcc: eve@example.org"])
def test_a_sender_is_an_address(sender: str) -> None:
    with pytest.raises(ConfigurationError, match="INTEGRATION_ADMIN_MAIL_FROM: must be an e-mail address"):
        load_settings({PREFIX + "MAIL_FROM": sender})


def test_a_sender_may_have_a_name() -> None:
    sender = "Integration Admin <ia@example.org>"
    assert load_settings({PREFIX + "MAIL_FROM": sender}).mail_from == sender
