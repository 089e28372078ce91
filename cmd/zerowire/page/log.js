// The log of messages, newest last.

import { byteSize, clock, element } from "./wire.js";

const maxRows = 500;
const maxBody = 2000; // characters of a message that a row shows
const mergeDepth = 4; // how far back a row is looked for to merge into

const arrows = { sent: "↑", received: "↓", note: "·" };

// makeLog logs in list. It shows totals of the messages, and empty while there are none.
export function makeLog(list, totals, empty) {
  let counts;

  // add logs a message. One with a merge key updates the row of the last
  // message with that key, if that row is still near the end.
  function add({ direction, type, size, body, rtt = "", merge = "" }) {
    count(direction, size);
    const key = merge && `${direction} ${merge}`;
    const earlier = key && [...list.children].slice(-mergeDepth).findLast((row) => row.dataset.merge === key);
    if (earlier) {
      const times = Number(earlier.dataset.times) + 1;
      earlier.dataset.times = times;
      earlier.querySelector(".time").textContent = clock();
      earlier.querySelector(".body").textContent = body;
      earlier.querySelector(".extra").textContent = `× ${times}`;
      return;
    }
    const row = append(direction, type, byteSize(size), body);
    row.dataset.merge = key;
    row.dataset.times = 1;
    row.querySelector(".extra").textContent = rtt;
  }

  function clear() {
    list.replaceChildren();
    empty.hidden = false;
    counts = { sent: 0, received: 0, sentBytes: 0, receivedBytes: 0 };
    totals.textContent = "";
  }

  function count(direction, size) {
    counts[direction]++;
    counts[`${direction}Bytes`] += size;
    const { sent, received, sentBytes, receivedBytes } = counts;
    totals.textContent = `↑ ${sent} · ${byteSize(sentBytes)}   ↓ ${received} · ${byteSize(receivedBytes)}`;
  }

  // append adds a row, and keeps the end in view if it was in view.
  function append(direction, type, size, body) {
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
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    empty.hidden = true;
    list.append(row);
    while (list.childElementCount > maxRows) list.firstElementChild.remove();
    if (atEnd) list.scrollTop = list.scrollHeight;
    return row;
  }

  clear();
  // note logs what happened to the connection.
  return { add, clear, note: (type, body) => append("note", type, "", body) };
}
