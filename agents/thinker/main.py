"""Thinks with a model through the proxy, on its lease's tokens, and keeps the thought in its workspace."""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime

ENDS_AT = datetime.fromisoformat(os.environ["BOURSE_LEASE_ENDS_AT"].replace("Z", "+00:00")).timestamp()
QUESTION = [{"role": "user", "content": "What is a credit worth?"}]
PAUSE_SECONDS = 0.5


def think_with_openai():
    """By OpenAI's own client, which finds the proxy and the lease's token in its usual variables."""
    import openai

    client = openai.OpenAI(max_retries=0, timeout=10)
    model = next(iter(client.models.list())).id
    answer = client.chat.completions.create(model=model, messages=QUESTION, max_tokens=40)
    return answer.choices[0].message.content


def think_by_http():
    """By what every Python has."""

    def call(path, body=None):
        request = urllib.request.Request(
            os.environ["OPENAI_BASE_URL"] + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"], "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as reply:
            return json.load(reply)

    model = call("/models")["data"][0]["id"]
    answer = call("/chat/completions", {"model": model, "messages": QUESTION, "max_tokens": 40})
    return answer["choices"][0]["message"]["content"]


def main():
    if "OPENAI_BASE_URL" not in os.environ:
        sys.exit("this market has no models")
    try:
        import openai  # noqa: F401

        think = think_with_openai
    except ImportError:
        think = think_by_http
    while time.time() < ENDS_AT:
        try:
            thought = think()
        except Exception as error:  # Upstreams fail; the lease is what is left of the time to try again.
            print(f"no thought: {error}", file=sys.stderr)
            time.sleep(PAUSE_SECONDS)
            continue
        with open(os.path.join(os.environ["BOURSE_WORKSPACE"], "thoughts.txt"), "a", encoding="utf-8") as file:
            file.write(thought + "\n")
        print(f"{think.__name__}: {thought}", flush=True)
        # A large client takes a while to take down, and the lease's time is dear.
        os._exit(0)
    sys.exit("the lease is over, and there was no thought")


main()
