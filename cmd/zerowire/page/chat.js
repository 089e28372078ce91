// The sub-protocol "chat": {"name":…,"text":…} to everyone, the sender included.

import { colourOf } from "./identity.js";
import { clock, element, parse, utf8Length } from "./wire.js";

const maxBubbles = 300;
const maxNameBytes = 64; // the server closes the connection beyond these
const maxTextBytes = 4096;

// read returns the message that text is, or null if it is none.
function read(text) {
  const message = parse(text);
  return typeof message?.name === "string" && typeof message.text === "string" ? message : null;
}

// chatKey names what makes two messages the same one, or is "" if text is none.
export function chatKey(text) {
  const message = read(text);
  return message ? JSON.stringify([message.name, message.text]) : "";
}

// limit makes the browser refuse to submit more than max bytes of input.
function limit(input, max) {
  input.addEventListener("input", () => {
    input.setCustomValidity(utf8Length(input.value) > max ? `At most ${max} bytes.` : "");
  });
}

// makeChat calls say with the text of each message to send.
export function makeChat({ list, here, form, name, text }, say) {
  // receive shows one message; mine says that this tab sent it.
  function receive(data, mine) {
    const message = read(data);
    if (!message) return;
    const bubble = element("div", mine ? "bubble mine" : "bubble");
    const head = element("p", "head");
    const dot = element("span", "swatch");
    dot.style.backgroundColor = colourOf(message.name);
    head.append(dot, element("b", "", message.name), element("time", "muted", clock().slice(0, 5)));
    bubble.append(head, element("p", "said", message.text));
    list.append(bubble);
    while (list.childElementCount > maxBubbles) list.firstElementChild.remove();
    list.scrollTop = list.scrollHeight;
  }

  // present shows who is there, of size people in all: names are those of the
  // first ones, and begin with "?" for those who have not said theirs.
  function present({ size, names }) {
    const named = names.filter((name) => !name.startsWith("?"));
    const rest = size - named.length;
    const others = rest > 0 ? [`${rest} ${size > names.length ? "more" : "silent"}`] : [];
    here.textContent = size > 0 ? `${size} here: ${[...named, ...others].join(", ")}` : "";
  }

  limit(name, maxNameBytes);
  limit(text, maxTextBytes);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    say(JSON.stringify({ name: name.value, text: text.value }));
    text.value = "";
    text.focus();
  });
  return { receive, present, clear: () => list.replaceChildren() };
}
