// A WebSocket peer made of Node's ws. It is told what to do in lines of JSON and
// says what happens in lines of JSON: program_test.go has both.
import { createInterface } from "node:readline";
import { WebSocket, WebSocketServer } from "ws";
import * as http2 from "./http2.js";

const connections = new Map(); // by id: { socket, server, session }

const report = (id, event, fields) =>
  process.stdout.write(JSON.stringify({ id, event, ...fields }) + "\n");

const settings = (c) => ({
  perMessageDeflate: c.deflate && {
    serverNoContextTakeover: !c.takeover,
    clientNoContextTakeover: !c.takeover,
    serverMaxWindowBits: c.windowBits,
    clientMaxWindowBits: c.windowBits,
    threshold: 0,
  },
  maxPayload: c.limit,
});

// watch reports all that happens on a socket that is open.
function watch(id, socket) {
  report(id, "open", { subprotocol: socket.protocol });
  socket.on("message", (data, binary) =>
    report(id, "message", { text: !binary, payload: data.toString("base64") }));
  socket.on("pong", (data) => report(id, "pong", { payload: data.toString("base64") }));
  socket.on("close", (code, reason) => report(id, "closed", { code, reason: reason.toString() }));
  socket.on("error", () => {}); // "close" follows
}

const commands = {
  dial(c) {
    const socket = new WebSocket(c.url, c.subprotocols ?? [], { ...settings(c), origin: c.origin });
    connections.set(c.id, { socket });
    const failed = (err) => report(c.id, "failed", { error: err.message });
    socket.once("error", failed);
    socket.once("unexpected-response", (request, response) => {
      report(c.id, "refused", { status: response.statusCode });
      request.destroy();
    });
    // Frames may come with the handshake: watch before they are read.
    socket.once("open", () => {
      socket.off("error", failed);
      watch(c.id, socket);
    });
  },

  listen(c) {
    const server = new WebSocketServer({
      ...settings(c),
      host: "127.0.0.1",
      port: 0,
      handleProtocols: (offered) => (c.subprotocols ?? []).find((p) => offered.has(p)) ?? false,
      verifyClient: ({ origin, req }, done) =>
        done(!origin || new URL(origin).host === req.headers.host, 403),
    });
    const connection = { server };
    connections.set(c.id, connection);
    server.on("listening", () =>
      report(c.id, "listening", { url: `ws://127.0.0.1:${server.address().port}/` }));
    server.on("connection", (socket) => {
      connection.socket = socket;
      watch(c.id, socket);
    });
  },

  dialHTTP2(c) {
    const connection = {};
    connections.set(c.id, connection);
    connection.session = http2.dial(c, settings(c), (socket) => {
      connection.socket = socket;
      watch(c.id, socket);
    }, (status) => report(c.id, "refused", { status }),
    (err) => connection.socket || report(c.id, "failed", { error: err.message }));
  },

  listenHTTP2(c) {
    const connection = {};
    connections.set(c.id, connection);
    connection.server = http2.listen(c, settings(c), (url) => report(c.id, "listening", { url }), (socket) => {
      connection.socket = socket;
      watch(c.id, socket);
    });
  },

  send(c) {
    const { socket } = connections.get(c.id);
    c.parts.forEach((part, i) =>
      socket.send(Buffer.from(part, "base64"), { binary: !c.text, fin: i === c.parts.length - 1 }));
  },

  ping(c) {
    connections.get(c.id).socket.ping(Buffer.from(c.parts[0], "base64"));
  },

  close(c) {
    const { socket } = connections.get(c.id);
    if (c.code === 1005) socket.close();
    else socket.close(c.code, c.reason);
  },

  end(c) {
    const { socket, server, session } = connections.get(c.id);
    socket?.terminate();
    server?.close();
    session?.destroy();
    connections.delete(c.id);
  },
};

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const c = JSON.parse(line);
    commands[c.do](c);
  })
  .on("close", () => process.exit(0));
