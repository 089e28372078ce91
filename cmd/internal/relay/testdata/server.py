"""A WebSocket server that writes down what reaches it, frame by frame.

Prints its port, then a line for each frame received, and how it ended, each behind the
number of its connection: the end of one may come after the begin of the next.
"""
import asyncio, logging, re

import websockets


numbers = {}


def say(ws, line):
    print(numbers.setdefault(ws, len(numbers) + 1), line, flush=True)


class Frames(logging.Handler):
    def emit(self, record):
        line = record.getMessage()
        if re.match("< (TEXT|BINARY|CONT|PING|PONG|CLOSE) ", line):
            say(record.websocket, line)


async def serve(ws):
    try:
        async for message in ws:
            if message == "ping me":
                await (await ws.ping(b"from the server"))
                message = "you answered"
            elif message == "close me":
                await ws.close(4002, "as you like")
                break
            await ws.send(message)
    except websockets.ConnectionClosed:
        pass  # by the client, with another code than 1000
    await ws.wait_closed()
    say(ws, f"closed with {ws.close_code} {ws.close_reason!r}, sub-protocol {ws.subprotocol}, origin {ws.origin}")


async def main():
    logger = logging.getLogger("frames")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(Frames())
    async with websockets.serve(serve, "127.0.0.1", 0, logger=logger, subprotocols=["chat"], ping_interval=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


asyncio.run(main())
