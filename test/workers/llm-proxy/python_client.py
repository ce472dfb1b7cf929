"""Uses OpenAI's client as its users do, and prints what came of it as JSON."""
import asyncio
import json
import os

import openai
import pydantic

client = openai.OpenAI(max_retries=0)
messages = [{"role": "user", "content": "say something"}]
told = {}

completion = client.chat.completions.create(model="small", messages=messages)
told["answer"] = completion.choices[0].message.content

stream = client.chat.completions.create(
    model="small", messages=messages, stream=True, stream_options={"include_usage": True}
)
pieces, usage = [], None
for chunk in stream:
    usage = chunk.usage or usage
    pieces += [choice.delta.content or "" for choice in chunk.choices]
told["streamed"] = "".join(pieces)
told["stream_usage"] = usage is not None and usage.completion_tokens == 8

tools = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]
used = client.chat.completions.create(
    model="small", messages=messages, tools=tools, tool_choice="required"
)
told["tool"] = used.choices[0].message.tool_calls[0].function.name
pieces = []
for chunk in client.chat.completions.create(
    model="small", messages=messages, tools=tools, tool_choice="required", stream=True
):
    pieces += [call.function for choice in chunk.choices for call in choice.delta.tool_calls or []]
told["streamed_tool"] = [
    "".join(piece.name or "" for piece in pieces),
    json.loads("".join(piece.arguments or "" for piece in pieces)),
]


class Decision(pydantic.BaseModel):
    bid: int
    why: str


parsed = client.chat.completions.parse(
    model="structured", messages=messages, response_format=Decision
)
told["parsed"] = parsed.choices[0].message.parsed.model_dump()
with client.chat.completions.stream(
    model="structured", messages=messages, response_format=Decision
) as streaming:
    final = streaming.get_final_completion()
told["parsed_stream"] = final.choices[0].message.parsed.model_dump()


async def ask_at_once():
    async with openai.AsyncOpenAI(max_retries=0) as patient:
        answers = await asyncio.gather(
            *(patient.chat.completions.create(model="small", messages=messages) for _ in range(4))
        )
    return [answer.usage.completion_tokens for answer in answers]


told["at_once"] = asyncio.run(ask_at_once())
told["models"] = [model.id for model in client.models.list()]


def thrown(act):
    try:
        act()
    except openai.APIStatusError as error:
        return error
    raise AssertionError("nothing was thrown")


def ask(**fields):
    return lambda: client.chat.completions.create(**{"model": "small", "messages": messages, **fields})


def named(error):
    return f"{type(error).__name__} {error.code}"


told["wrong_token"] = named(
    thrown(lambda: client.with_options(api_key="bourse_lease_" + "0" * 64).models.list())
)
told["unknown_model"] = named(thrown(ask(model="none")))
poor = client.with_options(api_key=os.environ["POOR_TOKEN"])
used_up = thrown(lambda: poor.chat.completions.create(model="small", messages=messages))
told["used_up"] = f"{type(used_up).__name__} {used_up.status_code} {used_up.code}"
told["bad_request"] = named(thrown(ask(n=1000)))
told["broken"] = named(thrown(ask(model="broken")))

print(json.dumps(told))
