"""POST and GET of vouchers: reads requests, books what is in order and tells what became of each."""

import json
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from integration_admin.core.money import Money
from integration_admin.sandbox.rest.access import Caller
from integration_admin.sandbox.rest.idempotency import KeyReused, Reply, StillWorking
from integration_admin.sandbox.rest.ledger import Voucher
from integration_admin.sandbox.rest.problems import PROBLEM, Problem
from integration_admin.sandbox.rest.simulation import Simulation
from integration_admin.sandbox.rest.vouchers import Booking, Refusal, check

MOST_RECORDS: Final = 1_000
MOST_REFERENCES: Final = 500
_LARGEST_BODY = 16_000_000
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Intake:
    """The handlers of /api/vouchers over one simulation."""

    simulation: Simulation

    async def post(self, request: Request) -> Response:
        """Book one voucher or a list of them; of a list, each is booked or refused by itself."""
        simulation = self.simulation
        with simulation.under_way() as has_room:
            _require_room(simulation.caller(request), has_room=has_room)
            reply = await self._once(request, await _body(request))
        return Response(reply.body, reply.status, media_type=_JSON if reply.status < 400 else PROBLEM)

    async def get(self, request: Request) -> Response:
        """Tell what is booked under references: `?reference=A&reference=B`, or with commas between."""
        self.simulation.caller(request)
        ledger = self.simulation.ledger
        found = [
            _summary(voucher_id, voucher)
            for reference in _references(request)
            for voucher_id in ledger.ids(reference)
            if (voucher := ledger.voucher(voucher_id))
        ]
        return Response(json.dumps({"vouchers": found}), media_type=_JSON)

    async def get_one(self, request: Request) -> Response:
        """Return one booked voucher by its id."""
        self.simulation.caller(request)
        voucher_id = request.path_params["voucher_id"]
        voucher = self.simulation.ledger.voucher(voucher_id)
        if voucher is None:
            raise Problem(404, "not_found", "There is no voucher with this id.")
        record = {**_summary(voucher_id, voucher), "record": json.loads(voucher.kept)}
        return Response(json.dumps(record), media_type=_JSON)

    async def _once(self, request: Request, body: bytes) -> Reply:
        """Do the work, or give the answer of the first time where keys are honoured."""
        behaviour = self.simulation.behaviour
        key = request.headers.get("idempotency-key") if behaviour.idempotency else None
        if key is None:
            return await self._work(body)
        try:
            earlier = self.simulation.keys.begin(key, body)
        except KeyReused:
            raise Problem(422, "key_reused", "This Idempotency-Key came with another body.") from None
        except StillWorking:
            raise Problem(409, "still_working", "The first request with this key is under way.") from None
        if earlier is not None:
            return earlier
        reply = await self._work(body)
        self.simulation.keys.finish(key, reply)
        return reply

    async def _work(self, body: bytes) -> Reply:
        """Book first and wait afterwards, so that whoever does not wait has booked all the same."""
        reply = self._booked(_decoded(body))
        if self.simulation.behaviour.latency_ms:
            await self.simulation.clock.sleep(self.simulation.behaviour.latency_ms / 1_000)
        return reply

    def _booked(self, content: Any) -> Reply:
        raw = content.get("vouchers") if isinstance(content, dict) and "vouchers" in content else content
        if not isinstance(raw, list):
            return self._booked_alone(raw)
        if len(raw) > MOST_RECORDS:
            raise Problem(413, "too_many", f"At most {MOST_RECORDS} vouchers in one request.")
        checked = [check(record) for record in raw]
        ids = iter(self.simulation.ledger.book([item for item in checked if isinstance(item, Booking)]))
        results = [
            self._refused(item)
            if isinstance(item, Refusal)
            else {"reference": item.reference, "id": next(ids), "status": "created"}
            for item in checked
        ]
        return Reply(201, json.dumps({"vouchers": results}).encode())

    def _booked_alone(self, raw: Any) -> Reply:
        checked = check(raw)
        if isinstance(checked, Refusal):
            self.simulation.errors[checked.code] += 1
            refused = Problem(422, checked.code, checked.message, field=checked.field)
            return Reply(422, refused.body())
        [voucher_id] = self.simulation.ledger.book([checked])
        created = {"reference": checked.reference, "id": voucher_id, "status": "created"}
        return Reply(201, json.dumps(created).encode())

    def _refused(self, refusal: Refusal) -> dict[str, Any]:
        self.simulation.errors[refusal.code] += 1
        return {"reference": refusal.reference, "status": "rejected", "error": refusal.as_json()}


def _require_room(caller: Caller, *, has_room: bool) -> None:
    if not caller.may_write:
        raise Problem(403, "forbidden", "This API key may only read.")
    if not has_room:
        raise Problem(429, "too_many_at_once", "Too many requests at the same time.")


async def _body(request: Request) -> bytes:
    if not request.headers.get("content-type", "").startswith(_JSON):
        raise Problem(415, "not_json", "The body must be application/json.")
    body = await request.body()
    if len(body) > _LARGEST_BODY:
        raise Problem(413, "too_large", "The request is too large.")
    return body


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Problem(400, "bad_json", "The body is not JSON.") from None


def _references(request: Request) -> list[str]:
    """Return the references asked for, each once."""
    given = request.query_params.getlist("reference")
    references = list(dict.fromkeys(part for text in given for part in text.split(",") if part))
    if not references:
        raise Problem(400, "no_reference", "Ask for one or more references.")
    if len(references) > MOST_REFERENCES:
        raise Problem(400, "too_many", f"At most {MOST_REFERENCES} references in one request.")
    return references


def _summary(voucher_id: str, voucher: Voucher) -> dict[str, Any]:
    amount = Money(voucher.currency, voucher.total).decimal()
    return {
        "reference": voucher.reference,
        "id": voucher_id,
        "amount": amount,
        "currency": voucher.currency,
    }
