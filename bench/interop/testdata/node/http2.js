// WebSockets over HTTP/2 (RFC 8441) with Node's http2, and ws for their frames: ws has no
// opening handshake of HTTP/2, so it is done here.
import http2 from "node:http2";
import { WebSocket } from "ws";

const nothing = Buffer.alloc(0);

// overStream returns the WebSocket on a stream whose opening handshake is done.
function overStream(stream, isServer, protocol, limit) {
  const socket = new WebSocket(null, undefined, { autoPong: true, closeTimeout: 30_000 });
  socket._isServer = isServer;
  socket._protocol = protocol ?? "";
  socket.setSocket(stream, nothing, { maxPayload: limit, allowSynchronousEvents: true, skipUTF8Validation: false });
  return socket;
}

// dial opens a WebSocket on an HTTP/2 connection of its own.
export function dial(c, opened, refused, failed) {
  const session = http2.connect(c.url.replace("ws:", "http:"));
  session.on("error", failed);
  session.once("remoteSettings", (settings) => {
    if (!settings.enableConnectProtocol) {
      failed(new Error("the server has not announced extended CONNECT"));
      return;
    }
    const headers = { ":method": "CONNECT", ":protocol": "websocket", ":path": "/", "sec-websocket-version": "13" };
    if (c.subprotocols?.length) headers["sec-websocket-protocol"] = c.subprotocols.join(", ");
    if (c.origin) headers.origin = c.origin;
    const stream = session.request(headers);
    stream.on("error", failed);
    stream.once("response", (response) => {
      if (response[":status"] !== 200) {
        refused(response[":status"]);
        return;
      }
      opened(overStream(stream, false, response["sec-websocket-protocol"], c.limit));
    });
    stream.once("close", () => session.close());
  });
  return session;
}

// listen serves WebSockets over HTTP/2 without TLS.
export function listen(c, listening, opened) {
  const server = http2.createServer({ settings: { enableConnectProtocol: true } });
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    if (headers[":protocol"] !== "websocket" || headers["sec-websocket-version"] !== "13") {
      stream.respond({ ":status": 400 }, { endStream: true });
      return;
    }
    if (headers.origin && new URL(headers.origin).host !== headers[":authority"]) {
      stream.respond({ ":status": 403 }, { endStream: true });
      return;
    }
    const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
    const protocol = (c.subprotocols ?? []).find((name) => offered.includes(name));
    stream.respond({ ":status": 200, ...(protocol && { "sec-websocket-protocol": protocol }) });
    opened(overStream(stream, true, protocol, c.limit));
  });
  server.listen(0, "127.0.0.1", () => listening(`ws://127.0.0.1:${server.address().port}/`));
  return server;
}
