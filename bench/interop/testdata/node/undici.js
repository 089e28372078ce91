// Opens WebSockets of undici in streams of one HTTP/2 connection, and prints what happened
// on each. Its arguments are the URL and how many.
import { Agent, WebSocket } from "undici";

const [url, count] = [process.argv[2], Number(process.argv[3])];
const dispatcher = new Agent({ allowH2: true, connections: 1, connect: { rejectUnauthorized: false } });

// open resolves when a WebSocket is open, or has failed.
const open = (i) => new Promise((resolve) => {
  const seen = { echoes: [] };
  const large = Buffer.alloc(1 << 20, `large ${i}`);
  const socket = new WebSocket(url, { protocols: ["v1", "v2"], dispatcher });
  socket.binaryType = "arraybuffer";
  const closed = new Promise((done) => {
    socket.onclose = ({ code, reason, wasClean }) => {
      const end = { ...seen, code, reason, clean: wasClean };
      resolve({ play() {}, closed: end });
      done(end);
    };
  });
  socket.onopen = () => {
    Object.assign(seen, { protocol: socket.protocol, extensions: socket.extensions });
    const play = () => { socket.send(`hello ${i}`); socket.send(large); };
    resolve({ play, closed });
  };
  socket.onmessage = ({ data }) => {
    seen.echoes.push(typeof data === "string" ? data === `hello ${i}` : large.equals(Buffer.from(data)));
    if (seen.echoes.length < 2) return;
    if (i % 2) socket.close(4000 + i, "by the client");
    else socket.send("close");
  };
  socket.onerror = ({ error }) => { seen.error = String(error); };
});

// undici 7.30 sends the next opening handshake when it is asked for after the one before.
const all = [];
for (let i = 0; i < count; i++) all.push(await open(i));
for (const socket of all) socket.play();
console.log(JSON.stringify(await Promise.all(all.map((socket) => socket.closed))));
process.exit(0);
