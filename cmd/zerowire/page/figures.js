// The sub-protocol "figures": once a second what the server has counted, and how
// long this tab took to answer its Ping.

import { byteSize, milliseconds } from "./wire.js";

const patience = 2000; // ms until the next attempt to reach the server
const chartSeconds = 60;

// showFigures shows figures in the elements shown, by name, and calls reported with every
// report. It connects again whenever the connection is lost.
export function showFigures(url, shown, reported) {
  let last = null; // the report before
  let rates = []; // messages a second, the newest last

  function connect() {
    const socket = new WebSocket(url, "figures");
    socket.addEventListener("message", (event) => receive(JSON.parse(event.data)));
    socket.addEventListener("close", () => {
      last = null;
      show("false", { state: "not reachable", connections: "–", messages: "–", bytes: "–", rtt: "–", uptime: "–" });
      setTimeout(connect, patience);
    });
  }

  function show(live, texts) {
    shown.state.dataset.live = live;
    for (const [name, text] of Object.entries(texts)) shown[name].textContent = text;
  }

  function receive(report) {
    const now = { uptime: report.uptime, received: sum(report.received), sent: sum(report.sent) };
    const before = last ?? now;
    last = now;
    const seconds = now.uptime - before.uptime || 1;
    const rate = (direction, what) => (now[direction][what] - before[direction][what]) / seconds;
    show("true", {
      state: "live",
      connections: `${report.open} open · ${report.opened} in all`,
      messages: bothWays(count(rate("received", "messages")), count(rate("sent", "messages"))),
      bytes: bothWays(byteSize(Math.round(rate("received", "bytes"))), byteSize(Math.round(rate("sent", "bytes")))),
      rtt: report.rtt > 0 ? milliseconds(report.rtt) : "–",
      uptime: age(report.uptime),
    });
    draw(rate("received", "messages") + rate("sent", "messages"));
    reported(report);
  }

  // draw adds a rate to the chart, whose height is that of the highest one.
  function draw(rate) {
    rates = [...rates, rate].slice(-chartSeconds);
    const top = Math.max(1, ...rates);
    const first = chartSeconds - rates.length;
    const points = rates.map((r, i) => `${first + i},${(1 - r / top).toFixed(3)}`);
    shown.line.setAttribute("points", points.join(" "));
    shown.area.setAttribute("points", [`${first},1`, ...points, `${chartSeconds - 1},1`].join(" "));
    shown.peak.textContent = `messages/s, last minute: up to ${count(Math.max(...rates))}`;
  }

  connect();
}

// sum returns what was counted in one direction, text and binary together.
function sum({ text, binary }) {
  return { messages: text.messages + binary.messages, bytes: text.bytes + binary.bytes };
}

// bothWays returns what came and what went; a line may end between the two only.
function bothWays(received, sent) {
  const whole = (text) => text.replaceAll(" ", "\u00a0");
  return `${whole(`↓ ${received}`)} ${whole(`↑ ${sent}`)}`;
}

// count returns a number for people.
const count = (n) => Math.round(n).toLocaleString("en");

// age returns seconds for people, in the two largest units.
function age(seconds) {
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const i = Math.max(0, units.findIndex(([, size]) => seconds >= size));
  const first = seconds < 1 ? units.length - 1 : i;
  let rest = Math.floor(seconds);
  return units.slice(first, first + 2).map(([name, size]) => {
    const n = Math.floor(rest / size);
    rest -= n * size;
    return `${n} ${name}`;
  }).join(" ");
}
