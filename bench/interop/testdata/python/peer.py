"""A WebSocket peer made of Python's websockets. It is told what to do in lines
of JSON and says what happens in lines of JSON: program_test.go has both."""

import asyncio
import base64
import json
import logging
import sys

from websockets.exceptions import ConnectionClosed, InvalidStatusCode
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    ServerPerMessageDeflateFactory,
)
from websockets.legacy.client import connect  # the API that can write single frames
from websockets.legacy.server import serve

logging.getLogger("websockets").addHandler(logging.NullHandler())
logging.getLogger("websockets").propagate = False

connections = {}  # by id
servers = {}  # by id


def report(id, event, **fields):
    sys.stdout.write(json.dumps({"id": id, "event": event, **fields}) + "\n")
    sys.stdout.flush()


def settings(c, factory):
    bits = c["windowBits"]
    deflate = factory(
        server_no_context_takeover=not c["takeover"],
        client_no_context_takeover=not c["takeover"],
        server_max_window_bits=bits,
        client_max_window_bits=bits,
    )
    return {
        "extensions": [deflate] if c["deflate"] else None,
        "compression": None,
        "ping_interval": None,
        "max_size": c["limit"],
        "subprotocols": c["subprotocols"],
    }


async def watch(id, ws):
    """Reports all that happens on a connection that is open."""
    connections[id] = ws
    report(id, "open", subprotocol=ws.subprotocol or "")
    try:
        while True:
            message = await ws.recv()
            text = isinstance(message, str)
            payload = message.encode() if text else message
            report(id, "message", text=text, payload=base64.b64encode(payload).decode())
    except ConnectionClosed as end:
        if end.rcvd is None:
            report(id, "closed", code=1006, reason="")
        else:
            report(id, "closed", code=end.rcvd.code, reason=end.rcvd.reason)


async def dial(c):
    try:
        ws = await connect(c["url"], origin=c.get("origin"), **settings(c, ClientPerMessageDeflateFactory))
    except InvalidStatusCode as refusal:
        report(c["id"], "refused", status=refusal.status_code)
    except Exception as error:
        report(c["id"], "failed", error=str(error))
    else:
        await watch(c["id"], ws)


async def listen(c):
    server = await serve(
        lambda ws: watch(c["id"], ws),
        "127.0.0.1",
        0,
        origins=[None],  # no pages at all
        **settings(c, ServerPerMessageDeflateFactory),
    )
    servers[c["id"]] = server
    port = server.sockets[0].getsockname()[1]
    report(c["id"], "listening", url=f"ws://127.0.0.1:{port}/")


async def send(c):
    # Frame by frame, below the API for messages: that one would not send text that
    # is not UTF-8.
    ws = connections[c["id"]]
    parts = c["parts"]
    for i, part in enumerate(parts):
        opcode = 0 if i else 1 if c.get("text") else 2
        await ws.write_frame(i == len(parts) - 1, opcode, base64.b64decode(part))


async def ping(c):
    payload = c["parts"][0]
    answered = await connections[c["id"]].ping(base64.b64decode(payload))
    await answered
    report(c["id"], "pong", payload=payload)


async def close(c):
    await connections[c["id"]].close(c["code"], c.get("reason", ""))


async def end(c):
    if c["id"] in servers:
        servers.pop(c["id"]).close()
    if c["id"] in connections:
        connections.pop(c["id"]).transport.abort()


class Sequence:
    """The commands of one connection, one after the other."""

    def __init__(self):
        self.commands = asyncio.Queue()
        self.task = asyncio.ensure_future(self.run())

    async def run(self):
        while True:
            c = await self.commands.get()
            try:
                await globals()[c["do"]](c)
            except ConnectionClosed:
                pass  # reported by watch


async def main():
    loop = asyncio.get_running_loop()
    stdin = asyncio.StreamReader(limit=1 << 24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin)
    sequences = {}
    tasks = set()
    while line := await stdin.readline():
        c = json.loads(line)
        if c["do"] == "dial":  # goes on for as long as the connection
            task = asyncio.ensure_future(dial(c))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            continue
        if c["id"] not in sequences:
            sequences[c["id"]] = Sequence()
        await sequences[c["id"]].commands.put(c)


asyncio.run(main())
