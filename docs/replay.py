"""Rebuilds a market from its events, written from docs/replay.md and `bourse events schema` alone; needs Python 3.9.

    npx bourse events first --json | python3 docs/replay.py

prints the state after the last event as lines of JSON, as they would stand in a checkpoint. It exits with 1 when an
event does not fit the state before it.
"""

import hashlib
import json
import sys
from decimal import Decimal


def micro(credits):
    return int(Decimal(credits) * 1_000_000)


def ppm(fraction):
    return round(fraction * 1_000_000)


def line_of(kind, name, state):
    return json.dumps({"kind": kind, "id": name, "state": state}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def as_text(state):
    """Amounts as they stand in lines: decimal strings."""
    shown = {}
    for field, value in state.items():
        if field.endswith("Micro") and value is not None:
            value = [str(one) for one in value] if isinstance(value, list) else str(value)
        shown[field] = value
    return shown


def as_numbers(state):
    read = {}
    for field, value in state.items():
        if field.endswith("Micro") and value is not None:
            value = [int(one) for one in value] if isinstance(value, list) else int(value)
        read[field] = value
    return read


KINDS = ["agent", "bid", "hold", "lease", "cycle", "price", "service", "allowance", "execution", "prompt"]


class Market:
    def __init__(self):
        self.seq = 0
        self.market = None
        self.things = {kind: {} for kind in KINDS}
        self.finished = {}
        self.parts = None

    def apply(self, event):
        begins = self.seq == 0 and event["type"] == "state_checkpoint" and event["data"]["part"] == 1
        if event["seq"] != self.seq + 1 and not begins:
            raise ValueError(f"event {event['seq']} follows event {self.seq}")
        change = getattr(self, event["type"], None)
        if change is not None:
            change(event, event["data"])
        self.seq = event["seq"]

    def lines(self):
        yield line_of("market", "market", as_text(self.market))
        for kind in KINDS:
            for name, state in self.things[kind].items():
                yield line_of(kind, name, as_text(state))
        for kind, tally in self.finished.items():
            yield line_of("finished", kind, tally)

    # The market

    def market_created(self, event, data):
        self.market = {
            "status": "open",
            "resources": data["resources"],
            "rules": data["rules"],
            "mintedMicro": 0,
            "burnedMicro": 0,
            "escrowMicro": 0,
            "leasedPpm": [0 for _ in data["resources"]],
        }

    def market_rules_changed(self, event, data):
        self.market["rules"] = {**self.market["rules"], **data["after"]}

    def market_paused(self, event, data):
        self.market["status"] = "paused"

    def market_resumed(self, event, data):
        self.market["status"] = "open"

    def market_closed(self, event, data):
        self.market["status"] = "closing"

    def per_resource(self, values, read, absent=None):
        names = [resource["name"] for resource in self.market["resources"]]
        return [read(values[name]) if absent is None else read(values.get(name, absent)) for name in names]

    def cycle_cleared(self, event, data):
        self.things["cycle"][data["cycle"]] = {
            "cutoffSeq": data["cutoff_seq"],
            "effectiveAt": data["effective_at"],
            "supplyPpm": self.per_resource(data["supply"], ppm),
            "demandPpm": self.per_resource(data["demand"], ppm),
            "pricesMicro": self.per_resource(data["prices"], micro),
            "priceSource": data["price_source"],
            "winners": data["winners"],
            "losers": data["losers"],
            "leftWaiting": data["left_waiting"],
            "revenueMicro": micro(data["revenue"]),
            "utilisationPpm": self.per_resource(data["utilisation"], ppm),
            "cutoffScore": data["cutoff_score"],
        }

    def price_update(self, event, data):
        self.things["price"][f"{data['tick']}/{data['resource']}"] = {
            "priceMicro": micro(data["new_price"]),
            "exponentMillionths": data["e"],
            "demandPpm": ppm(data["demand"]),
            "reason": data["reason"],
            "elapsedMs": data["elapsed_ms"],
            "tickedAt": data["ticked_at"],
        }

    # Agents and their credits

    def agent(self, name):
        return self.things["agent"][name]

    def add_agent(self, name, owner, parent):
        self.things["agent"][name] = {
            "status": "alive",
            "frozen": False,
            "owner": owner,
            "parent": parent,
            "availableMicro": 0,
            "heldMicro": 0,
            "openBids": 0,
        }

    def agent_registered(self, event, data):
        self.add_agent(event["agent_id"], data.get("owner"), None)

    def agent_spawned(self, event, data):
        self.add_agent(data["child_id"], self.agent(data["parent_id"])["owner"], data["parent_id"])

    def agent_dormant(self, event, data):
        self.agent(event["agent_id"])["status"] = "dormant"

    def agent_awake(self, event, data):
        self.agent(event["agent_id"])["status"] = "alive"

    def agent_died(self, event, data):
        self.agent(event["agent_id"])["status"] = "dead"

    def agent_revived(self, event, data):
        self.agent(event["agent_id"])["status"] = "alive"

    def agent_frozen(self, event, data):
        self.agent(event["agent_id"])["frozen"] = True

    def agent_unfrozen(self, event, data):
        self.agent(event["agent_id"])["frozen"] = False

    def move(self, name, available=0, held=0):
        agent = self.agent(name)
        agent["availableMicro"] += available
        agent["heldMicro"] += held
        if agent["heldMicro"] < 0:
            raise ValueError(f"agent {name} would hold {agent['heldMicro']} millionths")

    def credits_minted(self, event, data):
        self.move(data["agent_id"], available=micro(data["amount"]))
        self.market["mintedMicro"] += micro(data["amount"])

    def credits_burned(self, event, data):
        self.move(data["agent_id"], available=-micro(data["amount"]))
        self.market["burnedMicro"] += micro(data["amount"])

    def credits_transferred(self, event, data):
        self.move(data["from_agent"], available=-micro(data["amount"]))
        self.move(data["to_agent"], available=micro(data["amount"]))
        hold = self.things["hold"].get(event["correlation_id"])
        if hold is not None and hold["status"] == "settled" and hold["settledTo"] is None:
            hold["settledTo"] = data["to_agent"]

    def credits_escrowed(self, event, data):
        self.move(data["agent_id"], available=-micro(data["amount"]))
        self.market["escrowMicro"] += micro(data["amount"])

    def escrow_released(self, event, data):
        self.move(data["agent_id"], available=micro(data["amount"]))
        self.market["escrowMicro"] -= micro(data["amount"])

    def escrow_burned(self, event, data):
        self.market["escrowMicro"] -= micro(data["amount"])
        self.market["burnedMicro"] += micro(data["amount"])

    def hold_placed(self, event, data):
        amount = micro(data["amount"])
        self.move(event["agent_id"], available=-amount, held=amount)
        self.things["hold"][data["hold_id"]] = {
            "agent": event["agent_id"],
            "amountMicro": amount,
            "ref": data["ref"],
            "status": "held",
            "settledTo": None,
        }

    def end_hold(self, hold_id, status):
        hold = self.things["hold"][hold_id]
        hold["status"] = status
        self.move(hold["agent"], available=hold["amountMicro"], held=-hold["amountMicro"])

    def hold_settled(self, event, data):
        self.end_hold(data["hold_id"], "settled")

    def hold_released(self, event, data):
        self.end_hold(data["hold_id"], "released")

    # Bids and leases

    def bid_placed(self, event, data):
        amount = micro(data["total_cost"])
        self.move(data["payer_id"], available=-amount, held=amount)
        self.agent(data["payer_id"])["openBids"] += 1
        self.things["bid"][data["bid_id"]] = {
            "payer": data["payer_id"],
            "beneficiary": data["beneficiary_id"],
            "amountMicro": amount,
            "quantitiesPpm": self.per_resource(data["bundle"], ppm, absent=0),
            "durationSeconds": data["bundle"]["durationSeconds"],
            "goodTillCancelled": data["good_till_cancelled"],
            "expiresAt": data["expires_at"],
            "via": data["via"],
            "actor": data["actor"],
            "status": "pending",
            "decidedCycle": None,
            "score": None,
            "rank": None,
        }

    def end_bid(self, bid_id, status):
        bid = self.things["bid"][bid_id]
        if bid["status"] != "pending":
            raise ValueError(f"bid {bid_id} is {bid['status']}")
        bid["status"] = status
        self.move(bid["payer"], available=bid["amountMicro"], held=-bid["amountMicro"])
        self.agent(bid["payer"])["openBids"] -= 1
        return bid

    def bid_processed(self, event, data):
        bid = self.end_bid(data["bid_id"], data["status"])
        bid.update(decidedCycle=data["cycle"], score=data["score"], rank=data["rank"])

    def bid_cancelled(self, event, data):
        self.end_bid(data["bid_id"], "cancelled")

    def bid_expired(self, event, data):
        self.end_bid(data["bid_id"], "expired")

    def add_leased(self, quantities, sign):
        leased = self.market["leasedPpm"]
        self.market["leasedPpm"] = [one + sign * more for one, more in zip(leased, quantities)]

    def resources_allocated(self, event, data):
        bid = self.things["bid"][data["bid_id"]]
        quantities = self.per_resource(data["bundle"], ppm, absent=0)
        self.add_leased(quantities, 1)
        self.things["lease"][data["lease_id"]] = {
            "bidId": data["bid_id"],
            "payer": bid["payer"],
            "beneficiary": data["beneficiary_id"],
            "cycle": bid["decidedCycle"],
            "quantitiesPpm": quantities,
            "startsAt": data["starts_at"],
            "endsAt": data["ends_at"],
            "status": "active",
        }

    def end_lease(self, data, status):
        lease = self.things["lease"][data["lease_id"]]
        lease["status"] = status
        self.add_leased(lease["quantitiesPpm"], -1)
        self.things["bid"][data["bid_id"]]["status"] = "completed"
        return lease

    def lease_ended(self, event, data):
        self.end_lease(data, "ended")

    def lease_revoked(self, event, data):
        self.end_lease(data, "revoked")["endsAt"] = data["ends_at"]

    # Services, executions, prompts

    def allowance_holder(self, data):
        return f"owner/{data['owner']}" if data["agent_id"] is None else f"agent/{data['agent_id']}"

    def allowance_set(self, event, data):
        self.things["allowance"][self.allowance_holder(data)] = {
            "amountMicro": micro(data["amount"]),
            "periodSeconds": data["period_seconds"],
            "capMicro": micro(data["rollover_cap"]),
        }

    def allowance_ended(self, event, data):
        del self.things["allowance"][self.allowance_holder(data)]

    def service_registered(self, event, data):
        name = f"{event['agent_id']}/{data['service_name']}"
        known = self.things["service"].get(name, {"succeeded": 0, "failed": 0})
        self.things["service"][name] = {
            **known,
            "costMicro": micro(data["advertised_cost"]),
            "specification": data["specification"],
        }

    def service_invoked(self, event, data):
        service = self.things["service"][f"{data['provider_agent']}/{data['service_name']}"]
        service["succeeded" if data["result"] == "success" else "failed"] += 1

    def execution_started(self, event, data):
        self.things["execution"][data["execution_id"]] = {
            "agent": event["agent_id"],
            "leaseId": data["lease_id"],
            "status": "running",
            "exitCode": None,
            "reason": None,
        }

    def execution_terminated(self, event, data):
        execution = self.things["execution"][data["execution_id"]]
        execution.update(status="terminated", exitCode=data["exit_code"], reason=data["reason"])

    def prompt_opened(self, event, data):
        self.things["prompt"][data["prompt_id"]] = {
            "agent": event["agent_id"],
            "leaseId": data["lease_id"],
            "amountMicro": micro(data["amount"]),
            "text": data["text"],
            "expiresAt": data["expires_at"],
            "status": "open",
            "scores": None,
            "awardedMicro": None,
        }

    def prompt_expired(self, event, data):
        self.things["prompt"][data["prompt_id"]]["status"] = "expired"

    def human_reward_issued(self, event, data):
        prompt = self.things["prompt"][data["prompt_id"]]
        prompt.update(status="rewarded", scores=data["scores"], awardedMicro=micro(data["credits_awarded"]))

    # A checkpoint, for a reader that begins with it

    def state_checkpoint(self, event, data):
        if self.market is None and data["part"] == 1:
            self.parts = []
        if self.parts is None:
            return
        self.parts += data["state"]
        if data["part"] < data["parts"]:
            return
        lines, self.parts = self.parts, None
        told = hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
        if told != data["state_hash"]:
            raise ValueError("the state of the checkpoint has another hash")
        for line in map(json.loads, lines):
            if line["kind"] == "market":
                self.market = as_numbers(line["state"])
            elif line["kind"] == "finished":
                self.finished[line["id"]] = line["state"]
            else:
                self.things[line["kind"]][line["id"]] = as_numbers(line["state"])


def main():
    market = Market()
    for line in sys.stdin:
        event = json.loads(line)
        try:
            market.apply(event)
        except (KeyError, ValueError) as problem:
            sys.exit(f"event {event['seq']} ({event['type']}) does not fit: {problem!r}")
    if market.market is not None:
        for line in market.lines():
            print(line)


main()
