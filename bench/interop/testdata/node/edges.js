// Opening handshakes of ws and undici. `edges.js serve` prints the URL of a server of ws, and
// runs until its standard input ends; `edges.js dial` dials what its standard input says, and
// prints what happened.
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { WebSocket as Undici } from "undici";
import { WebSocket, WebSocketServer } from "ws";

const redirect = "/ws?q=a bü";
const setCookies = {
  "/set": ["s=1; Path=/"],
  "/long": [0, 1, 2, 3].map((i) => `c${i}=${"x".repeat(20_000)}; Path=/long`),
};

// headers changes those of an answer, of which the first is the status line.
function headers(lines, request) {
  for (const value of setCookies[request.url] ?? []) lines.push(`Set-Cookie: ${value}`);
  if (request.url !== "/odd") return;
  lines[0] = "HTTP/1.1 101";
  const extensions = lines.findIndex((line) => line.startsWith("Sec-WebSocket-Extensions: "));
  lines[extensions] = lines[extensions].replace(": ", ": , ") + ", ,";
  lines.push("X-Note: folded\r\n  twice\r\n\there");
}

function serve() {
  const server = createServer({ maxHeaderSize: 1 << 16 });
  const sockets = new WebSocketServer({
    server,
    perMessageDeflate: { threshold: 0 },
    verifyClient: ({ req }, done) =>
      req.url === "/redirect" ? done(false, 302, "moved", { Location: redirect }) : done(true),
  });
  sockets.on("headers", headers);
  sockets.on("connection", (socket, request) => {
    const cookies = request.rawHeaders.filter((_, i, all) => i % 2 && all[i - 1].toLowerCase() === "cookie");
    socket.send(JSON.stringify({ cookies, target: request.url }));
    socket.on("message", (data, binary) => socket.send(data, { binary }));
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1", () =>
    console.log(JSON.stringify({ ws: `ws://127.0.0.1:${server.address().port}` })));
  process.stdin.on("end", () => process.exit(0)).resume();
}

const dialWS = (c) => new Promise((resolve) => {
  const socket = new WebSocket(c.url, ["v1"], {
    headers: { Cookie: c.cookie },
    // What ws would send has no empty elements.
    finishRequest(request) {
      request.setHeader("Sec-WebSocket-Extensions", ", permessage-deflate, ,");
      request.end();
    },
  });
  socket.on("unexpected-response", (request, response) => {
    resolve({ status: response.statusCode });
    request.destroy();
  });
  socket.on("open", () => socket.send("hello"));
  socket.on("message", (data) => {
    resolve({ protocol: socket.protocol, extensions: socket.extensions, echo: data.toString() });
    socket.close();
  });
  socket.on("error", ({ message }) => resolve({ error: message }));
});

const dialUndici = (c) => new Promise((resolve) => {
  const socket = new Undici(c.url, { protocols: ["v1"], headers: { Cookie: c.cookie } });
  socket.onopen = () => socket.send("hello");
  socket.onmessage = ({ data }) => {
    resolve({ protocol: socket.protocol, extensions: socket.extensions, echo: data });
    socket.close();
  };
  socket.onerror = ({ error }) => resolve({ error: String(error) });
});

async function dial() {
  const seen = { ws: [], undici: [] };
  for (const c of JSON.parse(await text(process.stdin))) {
    seen.ws.push(await dialWS(c));
    seen.undici.push(await dialUndici(c));
  }
  console.log(JSON.stringify(seen));
  process.exit(0);
}

if (process.argv[2] === "serve") serve();
else await dial();
