// A server of npm's ws. /orders tells of each order that it has come, and then that it is
// done; once 300 have come, it prints what they were. /ticks sends without being asked.
const { WebSocketServer } = require("ws");

const orders = new Set();
const clients = new Set();
const server = new WebSocketServer({ host: "127.0.0.1", port: 0 }, () => {
  console.log(`Listening on 127.0.0.1:${server.address().port}`);
});
server.on("connection", (ws, request) => {
  if (request.url === "/ticks") {
    const ticking = setInterval(() => ws.send(`{"tick":${Date.now()}}`), 5);
    ws.on("close", () => clearInterval(ticking));
    return;
  }
  ws.on("message", (data) => {
    const { order, by, note } = JSON.parse(data);
    if (!/^[A-Z2-7]{6}$/.test(note)) throw new Error(`the note is ${note}`);
    orders.add(order);
    clients.add(by);
    if (orders.size === 300) {
      console.log(`300 orders by ${clients.size}, from ${Math.min(...orders)} to ${Math.max(...orders)}`);
    }
    ws.send(`{"received":${order}}`);
    ws.send(`{"done":${order}}`);
  });
});
process.on("SIGTERM", () => process.exit(0));
