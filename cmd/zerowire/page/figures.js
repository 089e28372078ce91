// The sub-protocol "figures": once a second what the server has counted, and how
// long this tab took to answer its Ping.

import { byteSize, milliseconds } from "./wire.js";

const patience = 2000; // ms until the next attempt to reach the server
const chartSeconds = 60;

export class Figures {
  #url;
  #show; // the elements to show figures in, by name
  #reported; // called with every report
  #last = null; // the report before
  #rates = []; // messages a second, the newest last

  constructor(url, show, reported) {
    this.#url = url;
    this.#show = show;
    this.#reported = reported;
  }

  // start connects, and again whenever the connection is lost.
  start() {
    const socket = new WebSocket(this.#url, "figures");
    socket.addEventListener("message", (event) => this.#receive(JSON.parse(event.data)));
    socket.addEventListener("close", () => {
      this.#lost();
      setTimeout(() => this.start(), patience);
    });
  }

  #receive(report) {
    const now = {
      uptime: report.uptime,
      received: sum(report.received),
      sent: sum(report.sent),
    };
    const before = this.#last ?? now;
    this.#last = now;
    const seconds = now.uptime - before.uptime || 1;
    const rate = (direction, what) => (now[direction][what] - before[direction][what]) / seconds;

    const { state, connections, messages, bytes, rtt, uptime } = this.#show;
    state.textContent = "live";
    state.dataset.live = "true";
    connections.textContent = `${report.open} open · ${report.opened} in all`;
    messages.textContent = bothWays(count(rate("received", "messages")), count(rate("sent", "messages")));
    bytes.textContent = bothWays(byteSize(Math.round(rate("received", "bytes"))), byteSize(Math.round(rate("sent", "bytes"))));
    rtt.textContent = report.rtt > 0 ? milliseconds(report.rtt) : "–";
    uptime.textContent = age(report.uptime);
    this.#draw(rate("received", "messages") + rate("sent", "messages"));
    this.#reported(report);
  }

  // #draw adds a rate to the chart, whose height is that of the highest one.
  #draw(rate) {
    this.#rates = [...this.#rates, rate].slice(-chartSeconds);
    const top = Math.max(1, ...this.#rates);
    const first = chartSeconds - this.#rates.length;
    const points = this.#rates.map((r, i) => `${first + i},${(1 - r / top).toFixed(3)}`);
    const { line, area, peak } = this.#show;
    line.setAttribute("points", points.join(" "));
    area.setAttribute("points", [`${first},1`, ...points, `${chartSeconds - 1},1`].join(" "));
    peak.textContent = `messages/s, last minute: up to ${count(Math.max(...this.#rates))}`;
  }

  #lost() {
    this.#last = null;
    const { state, connections, messages, bytes, rtt, uptime } = this.#show;
    state.textContent = "not reachable";
    state.dataset.live = "false";
    for (const shown of [connections, messages, bytes, rtt, uptime]) shown.textContent = "–";
  }
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
function count(n) {
  return Math.round(n).toLocaleString("en");
}

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
