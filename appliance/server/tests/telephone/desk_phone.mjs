// A desk phone written by hand, for what the soft phones at hand cannot do: it asks a colleague before it hands a caller on
// (RFC 5589 §7). Over UDP, without sound of its own.
import { createHash, randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";

const token = () => randomBytes(6).toString("hex");
const md5 = (text) => createHash("md5").update(text).digest("hex");
const tagOf = (value) => /;tag=([^;>\s]+)/.exec(value)?.[1];

// `port`: where the appliance listens.
export async function startDeskPhone({ user, password, port }) {
  const [socket, sound] = await Promise.all([bound(), bound()]);
  const own = socket.address().port;
  const house = `127.0.0.1:${port}`;
  const contact = `Contact: <sip:${user}@127.0.0.1:${own}>`;
  const sdp = `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${sound.address().port} RTP/AVP 8\r\n`;
  const [waiting, calls, reports, watchers] = [new Map(), [], [], new Set()];
  const send = (lines, body = "") => {
    const kind = body ? ["Content-Type: application/sdp"] : [];
    socket.send([...lines, ...kind, `Content-Length: ${body.length}`, "", body].join("\r\n"), port, "127.0.0.1");
  };

  socket.on("message", (bytes) => {
    const [head, body] = bytes.toString().split("\r\n\r\n");
    const [first, ...lines] = head.split("\r\n");
    const all = (name) => lines.filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`));
    const value = (name) => all(name)[0]?.slice(name.length + 1).trim() ?? "";
    if (first.startsWith("SIP/2.0")) {
      const status = Number(first.split(" ")[1]);
      if (status >= 200) waiting.get(value("CSeq") + value("Call-ID"))?.({ status, value });
      return;
    }
    const method = first.split(" ")[0];
    if (method === "ACK") return;
    const known = calls.find((call) => call.id === value("Call-ID"));
    const to = tagOf(value("To")) ? value("To") : `${value("To")};tag=${token()}`;
    const copied = [...all("Via"), ...all("From"), `To: ${to}`, ...all("Call-ID"), ...all("CSeq")];
    if (method === "INVITE" && !known) {
      const uri = /<([^>]+)>/.exec(value("Contact"))[1];
      calls.push({ id: value("Call-ID"), local: to, remote: value("From"), uri, number: 1, ended: false, came: true });
    }
    send(["SIP/2.0 200 OK", ...copied, contact], method === "INVITE" ? sdp : "");
    if (method === "BYE" && known) known.ended = true;
    if (method === "NOTIFY") reports.push(body.trim());
    for (const look of watchers) look();
  });

  async function request(method, uri, { id, from, to, number }, more = [], body = "") {
    const ask = async (number, proof) => {
      const branch = `z9hG4bK${token()}`;
      const lines = [
        `${method} ${uri} SIP/2.0`,
        `Via: SIP/2.0/UDP 127.0.0.1:${own};branch=${branch}`,
        "Max-Forwards: 70",
        `From: ${from}`,
        `To: ${to}`,
        `Call-ID: ${id}`,
        `CSeq: ${number} ${method}`,
        contact,
        ...proof,
        ...more,
      ];
      const answer = await new Promise((done, failed) => {
        const key = `${number} ${method}${id}`;
        const timer = setTimeout(() => failed(new Error(`no answer to ${method}`)), 20_000);
        waiting.set(key, (answer) => {
          clearTimeout(timer);
          waiting.delete(key);
          done(answer);
        });
        send(lines, body);
      });
      if (method === "INVITE") {
        const via = answer.status < 300 ? `z9hG4bK${token()}` : branch;
        const target = /<([^>]+)>/.exec(answer.value("Contact"))?.[1] ?? uri;
        send([`ACK ${answer.status < 300 ? target : uri} SIP/2.0`, `Via: SIP/2.0/UDP 127.0.0.1:${own};branch=${via}`, "Max-Forwards: 70", `From: ${from}`, `To: ${answer.value("To")}`, `Call-ID: ${id}`, `CSeq: ${number} ACK`]);
      }
      return answer;
    };
    const answer = await ask(number, []);
    if (answer.status !== 401) return { ...answer, number };
    const said = (name) => new RegExp(`${name}="?([^",]+)`).exec(answer.value("WWW-Authenticate"))?.[1];
    const [realm, nonce, cnonce] = [said("realm"), said("nonce"), token()];
    const proven = md5(`${md5(`${user}:${realm}:${password}`)}:${nonce}:00000001:${cnonce}:auth:${md5(`${method}:${uri}`)}`);
    const proof = `Authorization: Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}", qop=auth, nc=00000001, cnonce="${cnonce}", response="${proven}", algorithm=MD5`;
    return { ...(await ask(number + 1, [proof])), number: number + 1 };
  }

  const address = `<sip:${user}@${house}>`;
  const registered = await request("REGISTER", `sip:${house}`, { id: token(), from: `${address};tag=${token()}`, to: address, number: 1 }, ["Expires: 120"]);
  if (registered.status !== 200) throw new Error(`REGISTER: ${registered.status}`);

  return {
    // What is true of it, once it is.
    async until(what, seconds, look) {
      if (look(calls, reports)) return;
      await new Promise((done, failed) => {
        const timer = setTimeout(() => failed(new Error(`not within ${seconds} s: ${what}; ${JSON.stringify({ calls, reports })}`)), seconds * 1000);
        const watcher = () => {
          if (!look(calls, reports)) return;
          clearTimeout(timer);
          watchers.delete(watcher);
          done();
        };
        watchers.add(watcher);
      });
    },
    calls,
    // Calls a number; the status, and the call where it was answered.
    async call(number) {
      const [id, from, uri] = [token(), `${address};tag=${token()}`, `sip:${number}@${house}`];
      const answer = await request("INVITE", uri, { id, from, to: `<${uri}>`, number: 1 }, [], sdp);
      if (answer.status >= 300) return { status: answer.status };
      const target = /<([^>]+)>/.exec(answer.value("Contact"))[1];
      const call = { id, local: from, remote: answer.value("To"), uri: target, number: answer.number, ended: false, came: false };
      calls.push(call);
      return { status: answer.status, call };
    },
    // Wants whoever is at the other end of `call` to be connected with whoever is at the other end of `consulted`.
    async join(call, consulted, number) {
      const place = encodeURIComponent(`${consulted.id};to-tag=${tagOf(consulted.remote)};from-tag=${tagOf(consulted.local)}`);
      call.number += 1;
      const { id, local: from, remote: to } = call;
      const more = [`Refer-To: <sip:${number}@${house}?Replaces=${place}>`, `Referred-By: ${address}`];
      const answer = await request("REFER", call.uri, { id, from, to, number: call.number }, more);
      return answer.status;
    },
    stop() {
      socket.close();
      sound.close();
    },
  };
}

async function bound() {
  const socket = createSocket("udp4");
  await new Promise((done) => socket.bind(0, "127.0.0.1", done));
  return socket.unref();
}
