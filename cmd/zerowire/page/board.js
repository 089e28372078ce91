// The sub-protocol "gamepos": {"id":…,"x":…,"y":…} to everyone else, with x and
// y from 0 to 1, and {"id":…,"left":true} when a player has left.

import { colourOf } from "./identity.js";
import { element } from "./wire.js";

const step = 0.02;
const bigStep = 0.1;

const arrows = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

const clamp = (v) => Math.min(1, Math.max(0, v));
const round = (v) => Math.round(v * 10000) / 10000;

export class Board {
  #board;
  #players; // shows how many there are
  #id;
  #moved; // called with the message that tells the others
  #dots = new Map(); // id → its element
  #dirty = new Map(); // id → the place to draw it at in the next frame
  #frame = 0;
  #me = null; // where this tab's dot is, null while not connected

  constructor(board, players, id, moved) {
    this.#board = board;
    this.#players = players;
    this.#id = id;
    this.#moved = moved;
    board.addEventListener("pointerdown", (event) => {
      board.setPointerCapture(event.pointerId);
      this.#follow(event);
    });
    board.addEventListener("pointermove", (event) => this.#follow(event));
    board.addEventListener("keydown", (event) => this.#key(event));
  }

  // start puts this tab's dot on the board.
  start() {
    this.clear();
    this.#me = { x: round(0.2 + 0.6 * Math.random()), y: round(0.2 + 0.6 * Math.random()) };
    this.#draw(this.#id, this.#me);
  }

  // receive draws what another player's message says.
  receive(text) {
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    if (typeof message?.id !== "string" || message.id === this.#id) return;
    if (message.left) {
      this.#dirty.delete(message.id);
      this.#dots.get(message.id)?.remove();
      this.#dots.delete(message.id);
      this.#count();
    } else if (Number.isFinite(message.x) && Number.isFinite(message.y)) {
      this.#draw(message.id, { x: clamp(message.x), y: clamp(message.y) });
    }
  }

  clear() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#me = null;
    this.#dots.clear();
    this.#dirty.clear();
    this.#board.replaceChildren();
    this.#count();
  }

  #follow(event) {
    const area = this.#board.getBoundingClientRect();
    this.#moveTo((event.clientX - area.left) / area.width, (event.clientY - area.top) / area.height);
  }

  #key(event) {
    const arrow = arrows[event.key];
    if (!arrow || !this.#me) return;
    event.preventDefault();
    const by = event.shiftKey ? bigStep : step;
    this.#moveTo(this.#me.x + arrow[0] * by, this.#me.y + arrow[1] * by);
  }

  #moveTo(x, y) {
    if (!this.#me) return;
    this.#me = { x: round(clamp(x)), y: round(clamp(y)) };
    this.#draw(this.#id, this.#me);
  }

  // #draw has a dot drawn in the next frame: however many events come, there
  // is one drawing and one message a frame.
  #draw(id, place) {
    this.#dirty.set(id, place);
    this.#frame ||= requestAnimationFrame(() => this.#drawAll());
  }

  #drawAll() {
    this.#frame = 0;
    for (const [id, { x, y }] of this.#dirty) {
      const dot = this.#dots.get(id) ?? this.#add(id);
      dot.style.left = `${x * 100}%`;
      dot.style.top = `${y * 100}%`;
      dot.dataset.x = x;
      dot.dataset.y = y;
      if (id === this.#id) this.#moved(JSON.stringify({ id, x, y }));
    }
    this.#dirty.clear();
  }

  #add(id) {
    const dot = element("div", id === this.#id ? "dot mine" : "dot");
    dot.dataset.id = id;
    dot.style.setProperty("--colour", colourOf(id));
    dot.append(element("span", "label", id === this.#id ? "you" : id.replace(/-[0-9a-f]{4}$/, "")));
    this.#dots.set(id, dot);
    this.#board.append(dot);
    this.#count();
    return dot;
  }

  #count() {
    const n = this.#dots.size;
    this.#players.textContent = n === 0 ? "" : n === 1 ? "1 player" : `${n} players`;
  }
}
