// WebSockets over HTTP/2 (RFC 8441) with Node's http2, and ws for their frames: ws has no
// opening handshake of HTTP/2, so it is done here.
import http2 from "node:http2";
import { extension, PerMessageDeflate, WebSocket } from "ws";

const nothing = Buffer.alloc(0);
const deflateName = PerMessageDeflate.extensionName;

// overStream returns the WebSocket on a stream whose opening handshake is done. deflate is
// undefined without compression.
function overStream(stream, isServer, protocol, deflate, limit) {
  const socket = new WebSocket(null, undefined, { autoPong: true, closeTimeout: 30_000 });
  socket._isServer = isServer;
  socket._protocol = protocol ?? "";
  if (deflate) socket._extensions = { [deflateName]: deflate };
  socket.setSocket(stream, nothing, { maxPayload: limit, allowSynchronousEvents: true, skipUTF8Validation: false });
  return socket;
}

// newDeflate returns the compression of an endpoint with the settings of ws, or undefined.
function newDeflate({ perMessageDeflate, maxPayload }, isServer) {
  return perMessageDeflate ? new PerMessageDeflate({ ...perMessageDeflate, isServer, maxPayload }) : undefined;
}

// agreed returns deflate if the field of the other endpoint has it, and undefined otherwise.
function agreed(deflate, field) {
  const params = deflate && field && extension.parse(field)[deflateName];
  if (!params) return undefined;
  deflate.accept(params);
  return deflate;
}

// dial opens a WebSocket on an HTTP/2 connection of its own.
export function dial(c, settings, opened, refused, failed) {
  const session = http2.connect(c.url.replace("ws:", "http:"));
  session.on("error", failed);
  session.once("remoteSettings", ({ enableConnectProtocol }) => {
    if (!enableConnectProtocol) {
      failed(new Error("the server has not announced extended CONNECT"));
      return;
    }
    const headers = { ":method": "CONNECT", ":protocol": "websocket", ":path": "/", "sec-websocket-version": "13" };
    if (c.subprotocols?.length) headers["sec-websocket-protocol"] = c.subprotocols.join(", ");
    if (c.origin) headers.origin = c.origin;
    const deflate = newDeflate(settings, false);
    if (deflate) headers["sec-websocket-extensions"] = extension.format({ [deflateName]: deflate.offer() });
    const stream = session.request(headers);
    stream.on("error", failed);
    stream.once("response", (response) => {
      if (response[":status"] !== 200) {
        refused(response[":status"]);
        return;
      }
      const compressed = agreed(deflate, response["sec-websocket-extensions"]);
      opened(overStream(stream, false, response["sec-websocket-protocol"], compressed, c.limit));
    });
    stream.once("close", () => session.close());
  });
  return session;
}

// listen serves WebSockets over HTTP/2 without TLS.
export function listen(c, settings, listening, opened) {
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
    const deflate = agreed(newDeflate(settings, true), headers["sec-websocket-extensions"]);
    stream.respond({
      ":status": 200,
      ...(protocol && { "sec-websocket-protocol": protocol }),
      ...(deflate && { "sec-websocket-extensions": extension.format({ [deflateName]: [deflate.params] }) }),
    });
    opened(overStream(stream, true, protocol, deflate, c.limit));
  });
  server.listen(0, "127.0.0.1", () => listening(`ws://127.0.0.1:${server.address().port}/`));
  return server;
}
