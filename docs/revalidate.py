#!/usr/bin/env python3
"""Decides an exported run again, without Bourse: `python3 docs/revalidate.py run.jsonl`.

Written from docs/benchmark.md and docs/scenarios.md alone. It looks at required and forbidden events, sequences, what
judges scored, and the score; it says how many checks of other kinds it leaves alone. It prints a line for each trial and
exits with 1 when a verdict says something else than the events do.
"""

import json
import re
import sys
from datetime import datetime
from decimal import Decimal

AGENT = "self"
DECIMAL = re.compile(r"^-?(0|[1-9]\d{0,29})(\.\d{1,18})?$")
COMPARISON = re.compile(r"^(<=|>=|==|!=|<|>) ?(?:(-?[0-9.]+)%?|([a-z][a-z0-9_]*)\.(\S+))$")
BEGINS_LIKE_ONE = re.compile(r"^(<|>|==|!=)")
LOOKED_AT = {"required_event", "required_event_sequence", "forbidden_event", "judge_evaluation", "output_quality"}


def read_export(lines):
    run, trials, events = None, [], {}
    for line in lines:
        if not line.strip():
            continue
        record = json.loads(line, parse_float=Decimal)
        if record.get("record") == "run":
            run = record
        elif record.get("record") == "trial":
            trials.append(record)
        else:
            events.setdefault(record["market_id"], []).append(record)
    return run, trials, events


def events_of_verdict(events, end_seq, verdict_seq):
    """What a verdict rests on: acts up to end_seq, what judges said up to verdict_seq, of each judge the last evaluation."""
    last = {}
    for event in events:
        if event["type"] == "judge_evaluation" and event["seq"] <= verdict_seq:
            judge = event["data"].get("judge", "")
            last[judge] = max(last.get(judge, 0), event["seq"])
    for event in events:
        if event["type"] == "judge_evaluation":
            if last.get(event["data"].get("judge", "")) == event["seq"]:
                yield event
        elif event["seq"] <= (verdict_seq if event["source"] == "judge" else end_seq):
            yield event


def ordered(events):
    """Each event once, in order, from the agent's first call on; and milliseconds since that."""
    seen, once = set(), []
    for event in sorted(events, key=lambda one: (one["epoch"], one["seq"], one["event_id"])):
        if event["event_id"] not in seen:
            seen.add(event["event_id"])
            once.append(event)
    first = next((i for i, e in enumerate(once) if e["type"] == "tool_call_initiated" and e.get("agent_id") == AGENT), None)
    counted = [] if first is None else once[first:]
    elapsed, latest = [], 0
    for event in counted:
        latest = max(latest, at_ms(event) - at_ms(counted[0]))
        elapsed.append(latest)
    return counted, elapsed


def at_ms(event):
    return round(datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00")).timestamp() * 1000)


def values_at(data, path):
    steps = path.split(".")
    values = [data]
    for step in steps[1:] if steps[0] == "data" and len(steps) > 1 else steps:
        below = []
        for value in values:
            if step == "*" and isinstance(value, list):
                below += value
            elif isinstance(value, dict) and step in value:
                below.append(value[step])
            elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
                below.append(value[int(step)])
        values = below
    return values


def exact(value):
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        return None
    return Decimal(str(value)) if DECIMAL.match(str(value)) else None


def same(left, right):
    a, b = exact(left), exact(right)
    if a is not None and b is not None:
        return a == b
    return type(left) is type(right) and not isinstance(left, (dict, list)) and left == right


def compares(left, operator, right):
    if operator in ("==", "!="):
        return same(left, right) == (operator == "==")
    a, b = exact(left), exact(right)
    if a is None or b is None:
        return False
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[operator]


def is_so(data, path, wanted, labels):
    if isinstance(wanted, str) and BEGINS_LIKE_ONE.match(wanted):
        operator, number, label, there = COMPARISON.match(wanted).groups()
        operands = [number] if number is not None else values_at(labels.get(label), there)
        return any(compares(value, operator, operand) for value in values_at(data, path) for operand in operands)
    literals = wanted if isinstance(wanted, list) else [wanted]
    return any(same(value, literal) for value in values_at(data, path) for literal in literals)


def texts_in(data):
    if isinstance(data, str):
        yield data
    for below in data.values() if isinstance(data, dict) else data if isinstance(data, list) else []:
        yield from texts_in(below)


def is_whose(agent, whose):
    if whose == "any":
        return True
    if whose == "self":
        return agent in (None, AGENT)
    if whose == "others":
        return agent not in (None, AGENT)
    return agent == whose


def is_meant(event, matcher, labels):
    data = event["data"]
    if event["type"] != matcher["type"] or not is_whose(event.get("agent_id"), matcher.get("agent", "self")):
        return False
    if "tool_name" in matcher and data.get("tool_name") != matcher["tool_name"]:
        return False
    for key, literal in matcher.items():
        if key.startswith("data."):
            literals = literal if isinstance(literal, list) else [literal]
            if not any(same(value, one) for value in values_at(data, key) for one in literals):
                return False
    if not all(is_so(data, path, wanted, labels) for path, wanted in matcher.get("where", {}).items()):
        return False
    return "contains" not in matcher or any(matcher["contains"].lower() in text.lower() for text in texts_in(data))


def is_satisfied(event, matcher, labels):
    for path, wanted in matcher.get("constraints", {}).items():
        several = isinstance(wanted, list) and all(isinstance(one, str) and BEGINS_LIKE_ONE.match(one) for one in wanted)
        for one in wanted if several else [wanted]:
            if not is_so(event["data"], path, one, labels):
                return False
    return True


class Trial:
    def __init__(self, events):
        self.events, self.elapsed = ordered(events)
        self.labels = {}

    def satisfied(self, matcher, labels=None):
        labels = {**(self.labels if labels is None else labels), "self": {"id": AGENT}}
        meant = [i for i, event in enumerate(self.events) if is_meant(event, matcher, labels)]
        if "occurrence" in matcher:
            meant = meant[:1] if matcher["occurrence"] == "first" else meant[-1:]
        in_time = [i for i in meant if self.elapsed[i] <= matcher.get("within_ms", self.elapsed[i])]
        return [i for i in in_time if is_satisfied(self.events[i], matcher, labels)]

    def way(self, search, fixed):
        """The events of the steps in order, with those of `fixed` by step; None when there is no such way."""
        steps = search["events"]

        def go(step, before, labels):
            if step == len(steps):
                return []
            for i in self.satisfied(steps[step], labels):
                if step in fixed and i != fixed[step]:
                    continue
                if before and (
                    i <= before[-1]
                    or self.elapsed[i] - self.elapsed[before[-1]] > search.get("max_gap_ms", self.elapsed[i])
                    or self.elapsed[i] - self.elapsed[before[0]] > search.get("within_ms", self.elapsed[i])
                ):
                    continue
                label = steps[step].get("label")
                known = labels if label is None else {**labels, label: self.events[i]["data"]}
                rest = go(step + 1, [*before, i], known)
                if rest is not None:
                    return [i, *rest]
            return None

        return go(0, [], self.labels)

    def sequence(self, search):
        """The events that later steps refer to are chosen first, each as early as possible, then the others."""
        steps = search["events"]
        told = json.dumps(steps, default=str)
        refers = [s for s, step in enumerate(steps) if "label" in step and re.search(rf"[<>=] ?{step['label']}\.", told)]
        fixed = {}
        if self.way(search, fixed) is None:
            return None
        for step in [*refers, *(s for s in range(len(steps)) if s not in refers)]:
            for i in self.satisfied(steps[step], None) if not refers else range(len(self.events)):
                if self.way(search, {**fixed, step: i}) is not None:
                    fixed[step] = i
                    break
        return [fixed[step] for step in range(len(steps))]

    def bind(self, matcher, index):
        if "label" in matcher and index is not None:
            self.labels[matcher["label"]] = self.events[index]["data"]

    def judge_score(self, criteria):
        means = []
        for event in self.events:
            if event["type"] != "judge_evaluation" or event["source"] != "judge":
                continue
            scores = {}
            for one in event["data"]["criteria"]:
                name = one["criterion"]
                scores[name] = min(one["score"], scores.get(name, one["score"]))
            if all(name in scores and 1 <= scores[name] <= 5 for name in criteria):
                means.append(Decimal(sum(scores[name] for name in criteria)) / len(criteria))
        return sum(means) / len(means) if means else None


def decide(scenario, events):
    """What the checks looked at here come to, by name, and the judges' score."""
    validation, trial, found = scenario["validation"], Trial(events), {}
    search = validation.get("required_event_sequence")
    if search is not None:
        search = {"events": search} if isinstance(search, list) else search
        way = trial.sequence(search)
        found["required_event_sequence"] = way is not None
        for step, index in zip(search["events"], way or []):
            trial.bind(step, index)
    for place, matcher in enumerate(validation.get("required_events", [])):
        there = trial.satisfied(matcher)
        found[f"required_events[{place}]"] = bool(there)
        trial.bind(matcher, there[0] if there else None)
    for condition in validation.get("conditions", {}).values():
        if "event" in condition:
            there = trial.satisfied(condition["event"])
            trial.bind(condition["event"], there[0] if there else None)
        if "sequence" in condition:
            way = trial.sequence(condition["sequence"])
            for step, index in zip(condition["sequence"]["events"], way or []):
                trial.bind(step, index)
    for place, matcher in enumerate(validation.get("forbidden_events", [])):
        found[f"forbidden_events[{place}]"] = not trial.satisfied(matcher)
    judged, quality, score = validation.get("judge_evaluation"), validation.get("output_quality"), None
    if judged is not None:
        score = trial.judge_score(list(judged["criteria"]))
        found["judge_evaluation"] = score is not None and score >= judged["pass_threshold"]
    if quality is not None:
        rated = trial.judge_score([quality["criterion"]])
        found["output_quality"] = rated is not None and rated >= quality["threshold"]
    return found, score


def differences(scenario, verdict, events):
    found, score = decide(scenario, events)
    told = {check["name"]: check["ok"] for check in verdict["checks"] if check["kind"] in LOOKED_AT}
    for name in sorted(told.keys() | found.keys()):
        if told.get(name) != found.get(name):
            yield f"{name}: the verdict says {told.get(name)}, the events say {found.get(name)}"
    if verdict["passed"] != all(check["ok"] for check in verdict["checks"]):
        yield "passed is not whether every check holds"
    if (score is None) != (verdict["judgeScore"] is None) or (
        score is not None and abs(score - Decimal(str(verdict["judgeScore"]))) > Decimal("1e-9")
    ):
        yield f"judgeScore: the verdict says {verdict['judgeScore']}, the events say {score}"
    if "judge_evaluation" not in scenario["validation"] and verdict["score"] != (5 if verdict["passed"] else 1):
        yield f"score: {verdict['score']}"
    if score is not None and verdict["score"] not in (1, verdict["judgeScore"]):
        yield f"score: {verdict['score']} is neither 1 nor what judges gave"
    if verdict["passed"] and score is not None and verdict["score"] != verdict["judgeScore"]:
        yield f"score: {verdict['score']} of one who passed is not what judges gave"


def main(path):
    with open(path, encoding="utf-8") as lines:
        run, trials, events = read_export(lines)
    scenarios = {scenario["id"]: scenario for scenario in run["scenarios"]}
    wrong = 0
    for trial in trials:
        verdict = json.loads(trial["verdict"], parse_float=Decimal)
        counted = list(events_of_verdict(events.get(trial["market_id"], []), trial["end_seq"], trial["verdict_seq"]))
        problems = list(differences(scenarios[trial["scenario_id"]], verdict, counted))
        left = sum(check["kind"] not in LOOKED_AT for check in verdict["checks"])
        seen = len(verdict["checks"]) - left
        outcome = "passed" if verdict["passed"] else "failed"
        name = f"{trial['scenario_id']}, trial {trial['trial']}"
        print(f"{name}: {outcome}; {seen} checks looked at, {left} of other kinds; {len(problems)} differ")
        for problem in problems:
            print(f"  {problem}")
        wrong += len(problems)
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: revalidate.py <run.jsonl>")
    sys.exit(main(sys.argv[1]))
