// The log of messages, newest last.

import { byteSize, clock, element } from "./wire.js";

const maxRows = 500;
const maxBody = 2000; // characters of a message that a row shows
const mergeDepth = 4; // how far back a row is looked for to merge into

const arrows = { sent: "↑", received: "↓", note: "·" };

export class MessageLog {
  #list;
  #totals;
  #empty;
  #counts = { sent: 0, received: 0, sentBytes: 0, receivedBytes: 0 };

  constructor(list, totals, empty) {
    this.#list = list;
    this.#totals = totals;
    this.#empty = empty;
  }

  // add logs a message. One with a merge key updates the row of the last
  // message with that key, if that row is still near the end.
  add({ direction, type, size, body, rtt = "", merge = "" }) {
    this.#count(direction, size);
    const earlier = merge && this.#rowToMerge(`${direction} ${merge}`);
    if (earlier) {
      const times = Number(earlier.dataset.times) + 1;
      earlier.dataset.times = times;
      earlier.querySelector(".time").textContent = clock();
      earlier.querySelector(".body").textContent = body;
      earlier.querySelector(".extra").textContent = `× ${times}`;
      return;
    }
    const row = this.#row(direction, type, byteSize(size), body);
    row.dataset.merge = merge && `${direction} ${merge}`;
    row.dataset.times = 1;
    row.querySelector(".extra").textContent = rtt;
    this.#append(row);
  }

  // note logs what happened to the connection.
  note(type, body) {
    this.#append(this.#row("note", type, "", body));
  }

  clear() {
    this.#list.replaceChildren();
    this.#empty.hidden = false;
    this.#counts = { sent: 0, received: 0, sentBytes: 0, receivedBytes: 0 };
    this.#totals.textContent = "";
  }

  #count(direction, size) {
    this.#counts[direction]++;
    this.#counts[`${direction}Bytes`] += size;
    const { sent, received, sentBytes, receivedBytes } = this.#counts;
    this.#totals.textContent = `↑ ${sent} · ${byteSize(sentBytes)}   ↓ ${received} · ${byteSize(receivedBytes)}`;
  }

  #rowToMerge(key) {
    const rows = this.#list.children;
    for (let i = rows.length - 1; i >= 0 && i >= rows.length - mergeDepth; i--) {
      if (rows[i].dataset.merge === key) return rows[i];
    }
    return null;
  }

  #row(direction, type, size, body) {
    const row = element("div", `entry ${direction} is-${type}`);
    const arrow = element("span", "arrow", arrows[direction]);
    arrow.ariaHidden = "true";
    const shown = body.length > maxBody ? `${body.slice(0, maxBody)}…` : body;
    row.append(
      element("time", "time", clock()),
      arrow,
      element("span", "hidden", direction),
      element("span", "type", type),
      element("span", "body", shown),
      element("span", "extra"),
      element("span", "size", size),
    );
    return row;
  }

  // #append keeps the end in view if it was in view.
  #append(row) {
    const list = this.#list;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    this.#empty.hidden = true;
    list.append(row);
    while (list.childElementCount > maxRows) list.firstElementChild.remove();
    if (atEnd) list.scrollTop = list.scrollHeight;
  }
}
