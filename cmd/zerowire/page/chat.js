// The sub-protocol "chat": {"name":…,"text":…} to everyone, the sender included.

import { colourOf } from "./identity.js";
import { clock, element, utf8Length } from "./wire.js";

const maxBubbles = 300;
const maxNameBytes = 64; // the server closes the connection beyond these
const maxTextBytes = 4096;

export class Chat {
  #list;
  #here;

  // say is called with the text of each message to send.
  constructor({ list, here, form, name, text }, say) {
    this.#list = list;
    this.#here = here;
    limit(name, maxNameBytes);
    limit(text, maxTextBytes);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      say(JSON.stringify({ name: name.value, text: text.value }));
      text.value = "";
      text.focus();
    });
  }

  // key names what makes two messages the same one, or is "" if text is none.
  static key(text) {
    const message = Chat.#parse(text);
    return message ? JSON.stringify([message.name, message.text]) : "";
  }

  // receive shows one message; mine says that this tab sent it.
  receive(text, mine) {
    const message = Chat.#parse(text);
    if (!message) return;
    const bubble = element("div", mine ? "bubble mine" : "bubble");
    const head = element("p", "head");
    const dot = element("span", "swatch");
    dot.style.backgroundColor = colourOf(message.name);
    head.append(dot, element("b", "", message.name), element("time", "muted", clock().slice(0, 5)));
    bubble.append(head, element("p", "said", message.text));
    this.#list.append(bubble);
    while (this.#list.childElementCount > maxBubbles) this.#list.firstElementChild.remove();
    this.#list.scrollTop = this.#list.scrollHeight;
  }

  // present shows who is there, of size people in all: names are those of the
  // first ones, and begin with "?" for those who have not said theirs.
  present({ size, names }) {
    const named = names.filter((name) => !name.startsWith("?"));
    const rest = size - named.length;
    const others = rest > 0 ? [`${rest} ${size > names.length ? "more" : "silent"}`] : [];
    this.#here.textContent = size > 0 ? `${size} here: ${[...named, ...others].join(", ")}` : "";
  }

  clear() {
    this.#list.replaceChildren();
  }

  static #parse(text) {
    try {
      const { name, text: said } = JSON.parse(text);
      return typeof name === "string" && typeof said === "string" ? { name, text: said } : null;
    } catch {
      return null;
    }
  }
}

// limit makes the browser refuse to submit more than max bytes of input.
function limit(input, max) {
  input.addEventListener("input", () => {
    input.setCustomValidity(utf8Length(input.value) > max ? `At most ${max} bytes.` : "");
  });
}
