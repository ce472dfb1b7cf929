"""A first bid over NATS, with nothing but nats-py (pip install nats-py).

Set NATS_URL, BOURSE_MARKET, BOURSE_AGENT and BOURSE_TOKEN, as `bourse agent add` prints them, and run it.
"""

import asyncio
import json
import os
import sys
from decimal import Decimal

import nats
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError, NoServersError, TimeoutError

WAIT_SECONDS = 30


def setting(name):
    value = os.environ.get(name)
    if not value:
        sys.exit(f"{name} is not set: `bourse agent add` and `bourse agent token` print what to set")
    return value


URL = setting("NATS_URL")
MARKET = setting("BOURSE_MARKET")
AGENT = setting("BOURSE_AGENT")
TOKEN = setting("BOURSE_TOKEN")
OWN = f"bourse.{MARKET}.agent.{AGENT}"


async def connect():
    problems = []

    async def note(error):
        problems.append(str(error))

    try:
        return await nats.connect(
            URL,
            token=TOKEN,
            # Answers come to subjects under this prefix only: without it every request is refused.
            inbox_prefix=f"_INBOX.{MARKET}.{AGENT}".encode(),
            max_reconnect_attempts=3,
            error_cb=note,
        )
    except (NatsError, NoServersError, OSError, asyncio.TimeoutError) as error:
        said = " ".join([str(error), *problems])
        if "authorization" in said.lower():
            sys.exit(
                f"NATS does not let this token in: it is wrong, was replaced or revoked, or belongs to another agent "
                f"than {AGENT} of market {MARKET}. `bourse agent check-token` says "
                f"which, and `bourse agent token {MARKET} {AGENT}` gives a new one."
            )
        sys.exit(f"NATS at {URL} cannot be reached: {said}. `bourse status` shows its address.")


async def ask(connection, operation, request):
    """Asks for an operation; returns its answer, or ends with the refusal in words."""
    payload = json.dumps(request).encode()
    try:
        message = await connection.request(f"{OWN}.rpc.{operation}", payload, timeout=15)
    except (NoRespondersError, TimeoutError):
        sys.exit("nobody answers: is a gateway running, and are BOURSE_MARKET and BOURSE_AGENT those of the token?")
    answer = json.loads(message.data)
    if not answer["ok"]:
        error = answer["error"]
        sys.exit(f"{operation} was refused: {error['code']}: {error['message']}")
    return answer


async def main():
    connection = await connect()
    # Everything that concerns this agent is told here; listen before bidding.
    notices = await connection.subscribe(f"{OWN}.notify.>")

    balance = await ask(connection, "economic.get_balance", {})
    print(f"{AGENT} has {balance['available']} credits available")

    bundle = {"cpu": 0.1, "memory": 0.1, "durationSeconds": 10}
    quote = await ask(connection, "market.quote", {"bundle": bundle})
    print(f"the bundle costs {quote['postedCost']} at posted prices; at least {quote['reserve']} must be bid")

    # Credits are exact: decimal strings, never floats.
    amount = max(Decimal(quote["reserve"]), Decimal(25))
    bid = await ask(connection, "market.bid", {"amount": str(amount), "bundle": bundle})
    print(f"bid {bid['bidId']} is {bid['status']}; {bid['held']} credits are held for it")

    while True:
        try:
            notice = json.loads((await notices.next_msg(timeout=WAIT_SECONDS)).data)
        except TimeoutError:
            sys.exit("no cycle decided it yet: is the market paused, or its worker not running?")
        data = notice["data"]
        if notice["kind"] == "request_refused":
            sys.exit(data["message"])
        if data.get("bidId") != bid["bidId"]:
            continue
        if notice["kind"] == "bid_outbid":
            print(f"outbid in cycle {data['cycle']}; the credits are back")
            break
        if notice["kind"] == "lease_granted":
            print(f"won: lease {data['leaseId']} from {data['startsAt']} to {data['endsAt']}")
            break
    await connection.close()


asyncio.run(main())
