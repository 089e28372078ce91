// The sub-protocol "gamepos": {"id":…,"x":…,"y":…} to everyone else, with x and
// y from 0 to 1, and {"id":…,"left":true} when a player has left.

import { colourOf } from "./identity.js";
import { element, parse } from "./wire.js";

const step = 0.02;
const bigStep = 0.1;
const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const clamp = (v) => Math.min(1, Math.max(0, v));
const round = (v) => Math.round(v * 10000) / 10000;

// makeBoard shows in players how many there are, and calls moved with the message that
// tells the others where this tab's dot is.
export function makeBoard(board, players, myID, moved) {
  const dots = new Map(); // id → its element
  const dirty = new Map(); // id → the place to draw it at in the next frame
  let frame = 0;
  let me = null; // where this tab's dot is, null while not connected

  // start puts this tab's dot on the board.
  function start() {
    clear();
    place(0.2 + 0.6 * Math.random(), 0.2 + 0.6 * Math.random());
  }

  // receive draws what another player's message says.
  function receive(text) {
    const message = parse(text);
    if (typeof message?.id !== "string" || message.id === myID) return;
    if (message.left) {
      dirty.delete(message.id);
      dots.get(message.id)?.remove();
      dots.delete(message.id);
      count();
    } else if (Number.isFinite(message.x) && Number.isFinite(message.y)) {
      draw(message.id, { x: clamp(message.x), y: clamp(message.y) });
    }
  }

  function clear() {
    cancelAnimationFrame(frame);
    frame = 0;
    me = null;
    dots.clear();
    dirty.clear();
    board.replaceChildren();
    count();
  }

  function place(x, y) {
    me = { x: round(clamp(x)), y: round(clamp(y)) };
    draw(myID, me);
  }

  function follow(event) {
    if (!me) return;
    const area = board.getBoundingClientRect();
    place((event.clientX - area.left) / area.width, (event.clientY - area.top) / area.height);
  }

  // draw has a dot drawn in the next frame: however many events come, there is one
  // drawing and one message a frame.
  function draw(id, at) {
    dirty.set(id, at);
    frame ||= requestAnimationFrame(drawAll);
  }

  function drawAll() {
    frame = 0;
    for (const [id, { x, y }] of dirty) {
      const dot = dots.get(id) ?? add(id);
      dot.style.left = `${x * 100}%`;
      dot.style.top = `${y * 100}%`;
      dot.dataset.x = x;
      dot.dataset.y = y;
      if (id === myID) moved(JSON.stringify({ id, x, y }));
    }
    dirty.clear();
  }

  function add(id) {
    const dot = element("div", id === myID ? "dot mine" : "dot");
    dot.dataset.id = id;
    dot.style.setProperty("--colour", colourOf(id));
    dot.append(element("span", "label", id === myID ? "you" : id.replace(/-[0-9a-f]{4}$/, "")));
    dots.set(id, dot);
    board.append(dot);
    count();
    return dot;
  }

  function count() {
    players.textContent = dots.size === 0 ? "" : dots.size === 1 ? "1 player" : `${dots.size} players`;
  }

  board.addEventListener("pointerdown", (event) => {
    board.setPointerCapture(event.pointerId);
    follow(event);
  });
  board.addEventListener("pointermove", follow);
  board.addEventListener("keydown", (event) => {
    const arrow = arrows[event.key];
    if (!arrow || !me) return;
    event.preventDefault();
    const by = event.shiftKey ? bigStep : step;
    place(me.x + arrow[0] * by, me.y + arrow[1] * by);
  });
  return { start, receive, clear };
}
