"""The bodies of Entra's refusals: an AADSTS number, OAuth's own word, and marks for its support (facts 3)."""

import uuid
from datetime import datetime
from typing import Any


class Refusal(Exception):
    """A token request that is refused; `word` is OAuth's (RFC 6749, section 5.2)."""

    def __init__(self, number: int, word: str, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.number = number
        self.word = word
        self.text = text
        self.status = status


def refusal_body(refusal: Refusal, now: datetime, *, line_breaks: bool) -> dict[str, Any]:
    """Return the answer's JSON; the marks stand on lines of their own in Entra's older answers."""
    trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
    stamp = f"{now:%Y-%m-%d %H:%M:%S}Z"
    parts = [
        f"AADSTS{refusal.number}: {refusal.text}",
        f"Trace ID: {trace}",
        f"Correlation ID: {correlation}",
        f"Timestamp: {stamp}",
    ]
    return {
        "error": refusal.word,
        "error_description": ("\r\n" if line_breaks else " ").join(parts),
        "error_codes": [refusal.number],
        "timestamp": stamp,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"https://login.microsoftonline.com/error?code={refusal.number}",
    }
