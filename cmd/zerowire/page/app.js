// The page: one connection at a time, and all that can be done with it.

import { makeBoard } from "./board.js";
import { chatKey, makeChat } from "./chat.js";
import { showFigures } from "./figures.js";
import { myColour, myID } from "./identity.js";
import { makeLog } from "./log.js";
import { byteSize, closeName, milliseconds, parseHex, readyStates, toHex, utf8Length } from "./wire.js";

const $ = (id) => document.getElementById(id);
const checked = (name) => document.querySelector(`input[name="${name}"]:checked`).value;

const maxWaiting = 1000; // messages whose answer is awaited, for the round trip
const shownBytes = 256; // of a binary message in the log

let socket = null;
let waiting = []; // { key, at } of each message sent, oldest first

const log = makeLog($("log"), $("totals"), $("empty"));
const chat = makeChat({ list: $("chat-list"), here: $("chat-here"), form: $("chat-form"), name: $("chat-name"), text: $("chat-text") }, send);
const board = makeBoard($("board"), $("game-players"), myID, send);

// The connection

function connect() {
  fault("");
  let s;
  try {
    s = new WebSocket($("url").value.trim(), offered());
  } catch (error) {
    fault(error.message);
    return;
  }
  socket = s;
  waiting = [];
  s.binaryType = "arraybuffer";
  s.addEventListener("open", () => opened(s));
  s.addEventListener("message", (event) => received(s, event.data));
  s.addEventListener("close", (event) => closed(s, event));
  chat.clear();
  log.note("connect", s.url);
  showState();
}

// offered returns the sub-protocols to offer.
function offered() {
  const choice = checked("protocol");
  if (choice !== "other") return choice ? [choice] : [];
  return $("other").value.split(",").map((name) => name.trim()).filter(Boolean);
}

function opened(s) {
  s.wasOpen = true;
  log.note("open", s.protocol ? `sub-protocol ${s.protocol}` : "no sub-protocol");
  if (s.protocol === "gamepos") board.start();
  showState();
}

function closed(s, { code, reason, wasClean }) {
  const text = `${code} ${closeName(code)}${reason && ` “${reason}”`}${wasClean ? "" : ", not clean"}`;
  log.note("close", text);
  $("closed").textContent = text;
  if (s.protocol === "gamepos") board.clear();
  if (!s.wasOpen) explain(s);
  showState();
}

// explain shows why a connection was not made, as far as a page can know: a browser
// keeps the server's answer to itself. On the page's own host the same path is asked
// for once more, without a WebSocket.
async function explain(s) {
  const url = new URL(s.url);
  let why = "The browser does not say why. Is the server running, are host, port and path right, and does the server accept pages of " +
    `${location.origin} (Origin)?`;
  if (url.host === location.host) {
    url.protocol = location.protocol;
    try {
      why = refusal(url.pathname, await fetch(url, { cache: "no-store" }));
    } catch {
      why = "The server cannot be reached: is it still running?";
    }
  }
  if (s !== socket) return; // there is another connection now
  fault(`No connection to ${s.url}. ${why}`);
  log.note("refused", why);
}

// refusal says what the answer to an ordinary request for path means.
function refusal(path, { status, statusText }) {
  const answer = `The server answers ${status} ${statusText}`.trimEnd();
  if (status === 426) return `${answer}: there is a WebSocket at ${path}, but not for this page or not at present. See the server's log.`;
  if (status === 404) return `${answer}: there is nothing at ${path}. Try /ws or /echo.`;
  return `${answer} for ${path}, and no WebSocket.`;
}

function close() {
  fault("");
  try {
    socket.close($("code").valueAsNumber, $("reason").value);
    showState();
  } catch (error) {
    fault(error.message);
  }
}

// Messages

// send sends a string as text, a Uint8Array as binary.
function send(data) {
  if (socket?.readyState !== WebSocket.OPEN) return;
  socket.send(data);
  const message = describe(data);
  if (socket.protocol !== "gamepos") waiting.push({ key: message.key, at: performance.now() });
  if (waiting.length > maxWaiting) waiting.shift();
  log.add({ direction: "sent", ...message });
}

function received(s, data) {
  const message = describe(typeof data === "string" ? data : new Uint8Array(data));
  const ms = roundTrip(message.key);
  const rtt = ms === null ? "" : milliseconds(ms);
  if (rtt) $("rtt").textContent = rtt;
  log.add({ direction: "received", rtt, ...message });
  if (s.protocol === "chat") chat.receive(data, ms !== null);
  if (s.protocol === "gamepos") board.receive(data);
}

// describe returns what the log shows of a message, and the key by which the
// answer to it is known.
function describe(data) {
  if (typeof data !== "string") {
    const body = toHex(data, shownBytes);
    return { type: "binary", size: data.length, body, key: `binary ${data.length} ${body}` };
  }
  const key = socket.protocol === "chat" ? chatKey(data) : data;
  const merge = socket.protocol === "gamepos" ? "position" : "";
  return { type: "text", size: utf8Length(data), body: data, key: `text ${key}`, merge };
}

// roundTrip returns the milliseconds since the message with this key was sent,
// or null if this is no answer.
function roundTrip(key) {
  const i = waiting.findIndex((sent) => sent.key === key);
  if (i < 0) return null;
  const [{ at }] = waiting.splice(0, i + 1).slice(-1);
  return performance.now() - at;
}

// The composer

// composed returns what the composer holds, or null if it cannot be sent.
async function composed() {
  const kind = checked("kind");
  if (kind === "text") return $("text").value;
  if (kind === "hex") return parseHex($("hex").value);
  const file = $("file").files[0];
  return file ? new Uint8Array(await file.arrayBuffer()) : null;
}

async function sendComposed() {
  const data = await composed();
  if (data === null) return;
  send(data);
  $("text").select(); // what is typed next takes its place
}

function showComposer() {
  const kind = checked("kind");
  for (const label of document.querySelectorAll("[data-kind]")) label.hidden = label.dataset.kind !== kind;
  const file = $("file").files[0];
  const bytes = parseHex($("hex").value);
  $("send-size").textContent = {
    text: `text, ${byteSize(utf8Length($("text").value))}`,
    hex: bytes ? `binary, ${byteSize(bytes.length)}` : "not hex: two digits a byte",
    file: file ? `binary, ${byteSize(file.size)}` : "no file chosen",
  }[kind];
  $("hex").ariaInvalid = String(bytes === null);
}

// What the page shows

function showState() {
  const state = socket ? socket.readyState : WebSocket.CLOSED;
  const isOpen = state === WebSocket.OPEN;
  $("state").dataset.state = state;
  $("state-name").textContent = readyStates[state];
  $("ready-state").textContent = `${state} ${readyStates[state]}`;
  $("agreed").textContent = isOpen ? socket.protocol || "none" : "–";
  $("extensions").textContent = isOpen ? socket.extensions || "none" : "–";
  if (!isOpen) $("rtt").textContent = "–";
  $("connect").disabled = state !== WebSocket.CLOSED;
  $("close").disabled = state === WebSocket.CLOSED || state === WebSocket.CLOSING;
  for (const button of document.querySelectorAll("[data-needs-open]")) button.disabled = !isOpen;
  showPanels();
}

// showPanels shows what fits the sub-protocol: the agreed one while there is a
// connection, before that the chosen one.
function showPanels() {
  const connected = socket?.readyState === WebSocket.OPEN;
  const protocol = connected ? socket.protocol : checked("protocol");
  $("chat").hidden = protocol !== "chat";
  $("game").hidden = protocol !== "gamepos";
  $("other-field").hidden = checked("protocol") !== "other";
  $("log").ariaLive = protocol === "gamepos" ? "off" : "polite"; // positions are too many to read out
}

function fault(text) {
  $("fault").textContent = text;
  $("fault").hidden = text === "";
}

// Wiring

function on(id, type, act) {
  $(id).addEventListener(type, (event) => {
    if (type === "submit") event.preventDefault();
    act(event);
  });
}

on("connect-form", "submit", connect);
on("close-form", "submit", close);
on("connect-form", "change", showPanels);
on("send-form", "submit", sendComposed);
on("send-form", "input", showComposer);
on("clear", "click", () => log.clear());
on("text", "keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  sendComposed();
});
for (const kind of document.querySelectorAll('input[name="kind"]')) kind.addEventListener("change", showComposer);

const home = `${location.origin.replace("http", "ws")}/ws`;
$("url").value = home;
$("chat-name").value = myColour;

// "#chat" and "#gamepos" choose that sub-protocol and connect at once.
const wanted = document.querySelector(`input[name="protocol"][value="${CSS.escape(location.hash.slice(1))}"]`);
if (wanted?.value && wanted.value !== "other") {
  wanted.checked = true;
  connect();
}
showState();
showComposer();

const figures = ["state", "connections", "messages", "bytes", "rtt", "uptime", "line", "area", "peak"];
showFigures(home, Object.fromEntries(figures.map((name) => [name, $(`server-${name}`)])), (report) => chat.present(report.chat));
