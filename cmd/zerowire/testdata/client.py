"""Python's websockets library against `zerowire serve`: client.py ADDR

Prints a line for each thing that works and fails on the first that does not.
"""

import asyncio
import sys

import websockets

MIB = 1 << 20


async def text(url):
    async with websockets.connect(url + "/echo") as ws:
        for message in ["", "hello", "Grüße, 世界 🌍", "x" * 70_000]:
            await ws.send(message)
            assert await ws.recv() == message, message[:40]


async def binary(url):
    async with websockets.connect(url + "/echo") as ws:
        for message in [b"", bytes(range(256)), bytes(70_000)]:
            await ws.send(message)
            assert await ws.recv() == message, message[:40]


async def fragmented(url):
    async def pieces():
        for piece in ["a message ", "in ", "", "four frames"]:
            yield piece

    async with websockets.connect(url + "/echo") as ws:
        await ws.send(pieces())
        assert await ws.recv() == "a message in four frames"


async def ping(url):
    async with websockets.connect(url + "/echo") as ws:
        await asyncio.wait_for(await ws.ping(b"zero"), 5)
        assert 0 < ws.latency < 5, ws.latency


async def mebibyte(url):
    async with websockets.connect(url + "/echo") as ws:
        message = bytes(i * 7 % 251 for i in range(MIB))
        await ws.send(message)
        assert await ws.recv() == message


async def too_big(url):
    async with websockets.connect(url + "/echo") as ws:
        await ws.send(bytes(MIB + 1))
        try:
            await ws.recv()
        except websockets.ConnectionClosed as closed:
            assert closed.rcvd.code == 1009, closed
        else:
            raise AssertionError("a message beyond the limit was answered")


async def chat(url):
    def connect():
        return websockets.connect(url + "/ws", subprotocols=["unknown", "chat"])

    async with connect() as ann, connect() as bob:
        assert ann.subprotocol == bob.subprotocol == "chat"
        await (await bob.ping())  # once it is answered, bob is in the room
        message = '{"name":"ann","text":"hello"}'
        await ann.send(message)
        assert await ann.recv() == message
        assert await bob.recv() == message
        await bob.send(b"binary")
        await bob.wait_closed()
        assert bob.close_code == 1003, bob.close_code
        await ann.send(message)
        assert await ann.recv() == message


async def close(url):
    for code, reason in [(1000, ""), (1000, "bye"), (1001, "leaving"), (3000, "a library's"), (4999, "Grüße")]:
        ws = await websockets.connect(url + "/echo")
        await ws.close(code, reason)
        assert ws.close_code == code, ws.close_code


async def main(url):
    for test in [text, binary, fragmented, ping, mebibyte, too_big, chat, close]:
        await asyncio.wait_for(test(url), 30)
        print(test.__name__)


asyncio.run(main("ws://" + sys.argv[1]))
