// The greeting, heard by a real soft phone over every transport; over TLS with its sound encrypted.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "../browser/appliance.mjs";
import { startNode } from "../browser/node.mjs";
import { startBaresip } from "./baresip.mjs";
import { startTelephone } from "./telephone.mjs";
import { loudness } from "./tones.mjs";

let node;
let appliance;
let folder;
let secured;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "sfetnic-transports-"));
  secured = await freePort();
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
  const words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const name = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  execFileSync("openssl", [...words, ...name, "-keyout", key, "-out", certificate], { stdio: "ignore" });
  node = await startNode([]);
  const rest = `[[phone.sip.listeners]]
transport = "tls"
address = "127.0.0.1:${secured}"
certificate = "${certificate}"
key = "${key}"
`;
  appliance = await startTelephone({ node, rest });
  await appliance.promptsReady();
});

after(async () => {
  await appliance?.stop();
  await node?.stop();
  rmSync(folder, { recursive: true, force: true });
});

for (const [transport, codecs, account] of [
  ["udp", "PCMU", ""],
  ["tcp", "G722/16000", ""],
  ["tls", "PCMA", "mediaenc=srtp-mand"],
]) {
  test(`over ${transport}, in ${codecs}${account ? ", encrypted" : ""}`, async () => {
    const config = `sip_cafile ${join(folder, "certificate.pem")}\n`;
    const caller = await startBaresip({ folder: join(folder, transport), codecs, account, config });
    const port = transport === "tls" ? secured : appliance.sipPort;
    caller.dial(`sip:sfetnic@127.0.0.1:${port};transport=${transport}`);
    await caller.event("CALL_ESTABLISHED");
    await pause(2000);
    caller.hangUp();
    const ended = await appliance.until("the call has ended", 10, () => {
      const [last] = appliance.calls();
      return last?.ended ? last : undefined;
    });
    await caller.stop();
    assert.equal(ended.ended.how, "caller_hung_up");
    assert.ok(ended.quality.received > 80, JSON.stringify(ended.quality));
    assert.ok(loudness(caller.heard()) > 0.01, "the greeting was heard");
  });
}
