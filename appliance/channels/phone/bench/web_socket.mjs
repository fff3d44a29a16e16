// The server's side of a WebSocket (RFC 6455), as far as an appliance speaks it.
import { createHash } from "node:crypto";

const MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const [CONTINUED, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10];

// Agrees to a request to upgrade. What comes is told to `onText`, `onBytes` and `onClose`.
export function webSocket(asked, stream) {
  const accept = createHash("sha1").update(asked.headers["sec-websocket-key"] + MAGIC).digest("base64");
  stream.write(`HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`);
  stream.setNoDelay(true);
  const socket = {
    send: (text) => write(stream, TEXT, Buffer.from(text)),
    close() {
      write(stream, CLOSE, Buffer.alloc(0));
      stream.end();
    },
  };
  let rest = Buffer.alloc(0);
  let parts = [];
  let kind = TEXT;
  stream.on("error", () => {});
  // Who stops speaking has left.
  stream.on("end", () => stream.end());
  stream.on("close", () => socket.onClose?.());
  stream.on("data", (bytes) => {
    rest = rest.length > 0 ? Buffer.concat([rest, bytes]) : bytes;
    for (let frame; (frame = read(rest)); ) {
      rest = rest.subarray(frame.length);
      if (frame.kind === PING) write(stream, PONG, frame.payload);
      else if (frame.kind === CLOSE) stream.end();
      else if (frame.kind < CLOSE) {
        if (frame.kind !== CONTINUED) kind = frame.kind;
        parts.push(frame.payload);
        if (!frame.last) continue;
        const whole = parts.length > 1 ? Buffer.concat(parts) : parts[0];
        parts = [];
        if (kind === BINARY) socket.onBytes?.(whole);
        else socket.onText?.(whole.toString());
      }
    }
  });
  return socket;
}

// The first frame, where all of it is there.
function read(bytes) {
  if (bytes.length < 2) return;
  let size = bytes[1] & 127;
  let at = 2;
  if (size === 126) {
    if (bytes.length < 4) return;
    [size, at] = [bytes.readUInt16BE(2), 4];
  } else if (size === 127) {
    if (bytes.length < 10) return;
    [size, at] = [Number(bytes.readBigUInt64BE(2)), 10];
  }
  const masked = bytes[1] > 127;
  const start = at + (masked ? 4 : 0);
  if (bytes.length < start + size) return;
  const payload = Buffer.from(bytes.subarray(start, start + size));
  if (masked) for (let index = 0; index < size; index++) payload[index] ^= bytes[at + (index & 3)];
  return { kind: bytes[0] & 15, last: bytes[0] > 127, payload, length: start + size };
}

function write(stream, kind, payload) {
  if (stream.destroyed) return;
  const head = payload.length < 126 ? Buffer.from([128 | kind, payload.length]) : Buffer.from([128 | kind, 126, payload.length >> 8, payload.length & 255]);
  stream.write(Buffer.concat([head, payload]));
}
