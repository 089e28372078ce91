#!/usr/bin/python3
"""Captures the sessions that the tests inspect: real ones, over the loopback
interface, with tcpdump (run as root). Needs Debian's python3-websockets, and for some
python3-aiohttp and nginx.

usage: capture.py NAME, which writes NAME.pcap; the names are the functions below.
"""
import asyncio, os, signal, ssl, subprocess, sys, tempfile, time

import websockets

PORT = 18080


async def echo(ws):
    async for message in ws:
        await ws.send(message)


async def talk(uri, **options):
    async with websockets.connect(uri, **options) as ws:
        await ws.send("Hello, wire")
        await ws.recv()
        await ws.send(["frag", "ment", "ed"])
        await ws.recv()
        await ws.send(b"\x00\x01\xfe\xff")
        await ws.recv()
        await (await ws.ping(b"still there?"))
        await ws.close(1000, "bye")


async def chat():
    async with websockets.serve(echo, "127.0.0.1", PORT, compression=None, subprotocols=["chat"]):
        await talk(f"ws://127.0.0.1:{PORT}/room", compression=None, subprotocols=["chat"], origin="http://example.com")


async def ipv6():
    async with websockets.serve(echo, "::1", PORT, compression=None):
        await talk(f"ws://[::1]:{PORT}/", compression=None)


async def deflate():
    async with websockets.serve(echo, "127.0.0.1", PORT):
        async with websockets.connect(f"ws://127.0.0.1:{PORT}/") as ws:
            for message in ["to be or not to be", "to be or not to be", b"\x00" * 1000]:
                await ws.send(message)
                await ws.recv()
            await ws.send(["to be ", "or not ", "to be"])
            await ws.recv()


async def several():
    """Two WebSocket connections at the same time, plain HTTP, and TLS."""
    async def page(path, headers):
        if path == "/page":
            return 200, [], b"plain HTTP\n"

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trust = ssl.create_default_context()
    trust.check_hostname = False
    with tempfile.TemporaryDirectory() as d:
        subprocess.run(f"openssl req -x509 -newkey rsa:2048 -nodes -keyout {d}/key -out {d}/cert -days 1 -subj /CN=localhost".split(), check=True, capture_output=True)
        context.load_cert_chain(f"{d}/cert", f"{d}/key")
        trust.load_verify_locations(f"{d}/cert")
    async with websockets.serve(echo, "127.0.0.1", PORT, compression=None, process_request=page), websockets.serve(echo, "127.0.0.1", PORT + 1, ssl=context):
        uri = f"ws://127.0.0.1:{PORT}/"
        async with websockets.connect(uri, compression=None) as one, websockets.connect(uri, compression=None) as two:
            await one.send("one")
            await two.send("two")
            await two.recv()
            await one.recv()
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        writer.write(b"GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.read()
        writer.close()
        async with websockets.connect(f"wss://127.0.0.1:{PORT + 1}/", ssl=trust) as ws:
            await ws.send("nobody sees this")
            await ws.recv()


async def violation():
    """A client that forgets to mask its second frame."""
    async with websockets.serve(echo, "127.0.0.1", PORT, compression=None):
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")
        await reader.readexactly(7)
        writer.write(b"\x81\x05Hello")
        await reader.read()
        writer.close()


async def application(port):
    """A page and an echo."""
    from aiohttp import web

    async def page(request):
        return web.Response(text="a page\n" * 20)

    async def ws(request):
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        if request.path == "/private/ws":
            await ws.send_str("welcome")
        async for message in ws:
            await ws.send_str(message.data)
        await ws.close()
        return ws

    app = web.Application()
    app.add_routes([web.get("/", page), web.get("/ws", ws), web.get("/private/ws", ws)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner


async def browse():
    """Asks for two pages, and opens a WebSocket, as aiohttp does it."""
    import aiohttp

    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            async with session.get(f"http://127.0.0.1:{PORT}/") as response:
                await response.text()
        async with session.ws_connect(f"http://127.0.0.1:{PORT}/ws") as ws:
            await ws.send_str("through a proxy")
            await ws.receive()


NGINX = """daemon off; pid %s/pid; error_log stderr; events {}
http {
  access_log off; client_body_temp_path %s; proxy_temp_path %s; fastcgi_temp_path %s; uwsgi_temp_path %s; scgi_temp_path %s;
  upstream app { server 127.0.0.1:18081; keepalive 1; }
  map $http_upgrade $connection_upgrade { default upgrade; "" ""; }
  server {
    listen 127.0.0.1:18080;
    location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; }
  }
}"""


async def nginx():
    """nginx keeps the connection to its upstream, and asks for the upgrade on it."""
    runner = await application(PORT + 1)
    with tempfile.TemporaryDirectory() as d:
        with open(f"{d}/conf", "w") as conf:
            conf.write(NGINX % ((d,) * 6))
        server = subprocess.Popen(["nginx", "-c", f"{d}/conf"])
        await asyncio.sleep(1)
        await browse()
        server.terminate()
        server.wait()
    await runner.cleanup()


CADDY = """{
	admin off
	auto_https off
}
http://127.0.0.1:18080 {
	basicauth /private/* {
		ann %s
	}
	reverse_proxy 127.0.0.1:18081
}"""


async def caddy():
    """Caddy in front of aiohttp. curl gets 401, and asks for the upgrade again on the same
    connection; it does not close the WebSocket."""
    runner = await application(PORT + 1)
    password = subprocess.run(["caddy", "hash-password", "--plaintext", "sesame"], check=True, capture_output=True, text=True).stdout.strip()
    with tempfile.TemporaryDirectory() as d:
        with open(f"{d}/Caddyfile", "w") as conf:
            conf.write(CADDY % password)
        server = subprocess.Popen(["caddy", "run", "--config", f"{d}/Caddyfile"], stderr=subprocess.DEVNULL, env={**os.environ, "XDG_DATA_HOME": d, "XDG_CONFIG_HOME": d})
        await asyncio.sleep(1)
        await browse()
        curl = await asyncio.create_subprocess_exec(
            "curl", "-s", "--http1.1", "--anyauth", "-u", "ann:sesame", "--max-time", "4", "--output", "-",
            "-H", "Connection: Upgrade", "-H", "Upgrade: websocket", "-H", "Sec-WebSocket-Version: 13", "-H", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            f"http://127.0.0.1:{PORT}/private/ws")
        await curl.wait()
        server.terminate()
        server.wait()
    await runner.cleanup()


REQUEST = b"GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"


async def tls():
    """zerowire serve with TLS, and clients that write their secrets to tls.keys: zerowire
    connect, websockets with three ciphers of TLS 1.2, and OpenSSL with two of TLS 1.3: with a
    HelloRetryRequest, and with a KeyUpdate in both directions. ZEROWIRE is the program."""
    zerowire, keys = os.environ["ZEROWIRE"], "tls.keys"
    server = subprocess.Popen([zerowire, "serve", "--tls-self-signed", "--listen", f"127.0.0.1:{PORT}"], stdout=subprocess.DEVNULL)
    await asyncio.sleep(1)
    subprocess.run([zerowire, "connect", "-k", f"wss://127.0.0.1:{PORT}/echo"], input=b"by zerowire\n", env={**os.environ, "SSLKEYLOGFILE": keys}, check=True)
    for cipher in ["AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode, context.keylog_filename = False, ssl.CERT_NONE, keys
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("ECDHE-ECDSA-" + cipher)
        async with websockets.connect(f"wss://127.0.0.1:{PORT}/echo", ssl=context, compression=None) as ws:
            await ws.send(cipher)
            await ws.recv()
    for suite, groups, command in [("TLS_AES_256_GCM_SHA384", "X448:P-256", b""), ("TLS_CHACHA20_POLY1305_SHA256", "X25519", b"K\n")]:
        client = await asyncio.create_subprocess_exec(
            "openssl", "s_client", "-connect", f"127.0.0.1:{PORT}", "-ciphersuites", suite, "-groups", groups, "-keylogfile", keys,
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for p in [REQUEST, command, b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", b"Q\n"]:
            await asyncio.sleep(0.5)
            client.stdin.write(p)
            await client.stdin.drain()
        await client.wait()
    server.terminate()
    server.wait()


def main(name):
    tcpdump = subprocess.Popen(["tcpdump", "-i", "lo", "-U", "-w", name + ".pcap", f"tcp portrange {PORT}-{PORT + 1}"], stderr=subprocess.PIPE)
    tcpdump.stderr.readline()  # it listens
    asyncio.run(globals()[name]())
    time.sleep(1)  # the last packets are on their way to the file
    tcpdump.send_signal(signal.SIGINT)
    tcpdump.wait()


main(sys.argv[1])
