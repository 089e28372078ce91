"""Opening handshakes of aiohttp and websockets. `edges.py serve` prints the URL of a server
of each, and runs until its standard input ends; `edges.py dial` dials what its standard
input says, and prints what happened."""

import asyncio
import json
import logging
import sys
from http import HTTPStatus

import aiohttp
from aiohttp import web
from websockets.exceptions import InvalidStatusCode
from websockets.legacy.client import connect
from websockets.legacy.server import serve

logging.getLogger("websockets").addHandler(logging.NullHandler())
logging.getLogger("websockets").propagate = False  # a connection that is reset is part of the test

ODD = "SPDY/3.1+portforward.k8s.io"
REDIRECT = "/ws?q=a bü"
LONG = [f"c{i}={'x' * 20_000}; Path=/long" for i in range(4)]


def set_cookies(path):
    """Returns the values of Set-Cookie of an answer to path."""
    return {"/set": ["s=1; Path=/"], "/long": LONG}.get(path, [])


async def aiohttp_handler(request):
    if request.path == "/redirect":
        return web.Response(status=302, headers={"Location": REDIRECT}, text="moved")
    ws = web.WebSocketResponse(protocols=[ODD])
    for value in set_cookies(request.path):
        ws.headers.add("Set-Cookie", value)
    await ws.prepare(request)
    await ws.send_json({"cookies": request.headers.getall("Cookie", []), "target": request.raw_path})
    async for message in ws:
        await ws.send_str(message.data)
    return ws


async def websockets_handler(ws):
    await ws.send(json.dumps({"cookies": ws.request_headers.get_all("Cookie"), "target": ws.path}))
    async for message in ws:
        await ws.send(message)


async def websockets_refuses(path, headers):
    if path == "/redirect":
        return HTTPStatus.FOUND, {"Location": REDIRECT}, b"moved"


async def serving():
    app = web.Application()
    app.router.add_get("/{any:.*}", aiohttp_handler)
    runner = web.AppRunner(app, max_field_size=1 << 16)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server = await serve(
        websockets_handler,
        "127.0.0.1",
        0,
        process_request=websockets_refuses,
        extra_headers=lambda path, headers: [("Set-Cookie", value) for value in set_cookies(path)],
    )
    ports = {"aiohttp": site._server.sockets[0], "websockets": server.sockets[0]}
    print(json.dumps({name: f"ws://127.0.0.1:{s.getsockname()[1]}" for name, s in ports.items()}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def aiohttp_dial(session, c):
    try:
        async with session.ws_connect(c["url"], protocols=[ODD], headers={"Cookie": c["cookie"]}) as ws:
            await ws.send_str("hello")
            return {"protocol": ws.protocol, "echo": await ws.receive_str()}
    except aiohttp.WSServerHandshakeError as refusal:
        return {"status": refusal.status}


async def websockets_dial(c):
    try:
        async with connect(c["url"], subprotocols=["v1"], extra_headers={"Cookie": c["cookie"]}) as ws:
            await ws.send("hello")
            return {"protocol": ws.subprotocol, "echo": await ws.recv()}
    except InvalidStatusCode as refusal:
        return {"status": refusal.status_code}


async def dialing(commands):
    async with aiohttp.ClientSession() as session:
        seen = {
            "aiohttp": [await aiohttp_dial(session, c) for c in commands],
            "websockets": [await websockets_dial(c) for c in commands],
        }
    print(json.dumps(seen))


asyncio.run(serving() if sys.argv[1] == "serve" else dialing(json.load(sys.stdin)))
