"""A WebSocket client that says what it was answered.

usage: client.py URL COMPRESSION, which is deflate or none
"""
import asyncio, sys

import websockets


async def main(uri, compression):
    options = dict(subprotocols=["other", "chat"], origin="https://app.example", compression=compression, ping_interval=None)
    async with websockets.connect(uri, **options) as ws:
        print(f"sub-protocol {ws.subprotocol}, extensions {ws.response_headers.get('Sec-WebSocket-Extensions')}")
        for message in ["ping me", "Grüße, wire", ["frag", "ment", "ed"], b"\x00\xff" * 40000, ""]:
            await ws.send(message)
            answer = await ws.recv()
            print(f"{answer!r:.40} of {len(answer)}")
        await (await ws.ping(b"from the client"))
        await ws.send("close me")
        await ws.wait_closed()
        print(f"closed with {ws.close_code} {ws.close_reason!r}")
    async with websockets.connect(uri, **options) as ws:
        await ws.close(4001, "bye")


asyncio.run(main(sys.argv[1], {"deflate": "deflate", "none": None}[sys.argv[2]]))
