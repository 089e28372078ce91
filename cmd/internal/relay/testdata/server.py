"""A WebSocket server that writes down what reaches it, frame by frame.

Prints its port, then a line for each frame received, and how it ended.
"""
import asyncio, logging, re

import websockets


class Frames(logging.Handler):
    def emit(self, record):
        line = record.getMessage()
        if re.match("< (TEXT|BINARY|CONT|PING|PONG|CLOSE) ", line):
            print(line, flush=True)


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
    print(f"closed with {ws.close_code} {ws.close_reason!r}, sub-protocol {ws.subprotocol}, origin {ws.origin}", flush=True)


async def main():
    logger = logging.getLogger("frames")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(Frames())
    async with websockets.serve(serve, "127.0.0.1", 0, logger=logger, subprotocols=["chat"], ping_interval=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


asyncio.run(main())
