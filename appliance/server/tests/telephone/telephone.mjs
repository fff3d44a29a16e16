// An appliance with a telephone on ports of its own, and what tests ask it.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePort, startAppliance } from "../browser/appliance.mjs";

const target = resolve(process.env.CARGO_TARGET_DIR ?? "target");
const binary = process.env.APPLIANCE ?? resolve(target, "debug", "appliance");

// The extension that every one of these appliances has.
export const EXTENSION = { user: "204", password: "parola-de-proba" };

// Prompts are files named by what they say. What one appliance has rendered serves all, as long as the same program speaks.
function shelf(data) {
  const speaks = process.env.INFERENCE_NODE ?? resolve(target, "debug", "inference-node");
  const folder = resolve(target, "tests-prompts", String(statSync(speaks).mtimeMs));
  mkdirSync(folder, { recursive: true });
  mkdirSync(data, { recursive: true });
  symlinkSync(folder, join(data, "phone"));
}

// `node`: who speaks and hears; none: keys and prompts alone. `phone`: more of its configuration. `extensions`: more desk
// phones, all with the password of the first.
export async function startTelephone({ node, phone = "", rest = "", extensions = [] } = {}) {
  const [sip, media] = await Promise.all([freePort(), freePort()]);
  // Media takes a range of ports: somewhere in the upper half, where few look for theirs.
  const first = 32_000 + 2 * (media % 12_000);
  // A desk phone of the house, for whoever takes calls.
  const password = join(mkdtempSync(join(tmpdir(), "sfetnic-extension-")), "password");
  writeFileSync(password, `${EXTENSION.password}\n`);
  const more = extensions.map((user) => `[[phone.sip.extensions]]\nuser = "${user}"\npassword_file = "${password}"\n`).join("");
  const inference = node ? `[inference]\nurl = "${node.url}"\nkey_file = "${node.keyFile}"\n` : "";
  const appliance = await startAppliance(
    `${inference}[phone.media]
first_port = ${first}
last_port = ${first + 400}
[phone.sip]
# What baresip 1.0 gives up at is a challenge that names SHA-256.
digest = ["md5"]
${phone}
[[phone.sip.listeners]]
transport = "udp"
address = "127.0.0.1:${sip}"
[[phone.sip.listeners]]
transport = "tcp"
address = "127.0.0.1:${sip}"
[[phone.sip.extensions]]
user = "${EXTENSION.user}"
password_file = "${password}"
${more}${rest}`,
    node ? shelf : undefined,
  );
  const command = (words) => execFileSync(binary, ["--config", appliance.config, ...words]).toString();
  const json = (words) => JSON.parse(command(["--json", ...words]));
  const until = async (what, seconds, look) => {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const found = look();
      if (found) return found;
      if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}\n${appliance.complaints()}`);
      await pause(100);
    }
  };
  return {
    ...appliance,
    sip: `sip:sfetnic@127.0.0.1:${sip}`,
    sipPort: sip,
    command,
    json,
    until,
    // Those that every call needs come first, in Romanian first.
    promptsReady: (seconds = 120) => until("the first prompts are rendered", seconds, () => json(["phone", "status"]).prompts[0] >= 80),
    // A member of staff with a telephone at an extension; `more`: his role, his departments. Returns his one-time password.
    operator(username, name, { extension = EXTENSION.user, more = [] } = {}) {
      const added = json(["user", "add", username, "--name", name, ...more]);
      command(["user", "extension", username, extension]);
      return added.one_time_password;
    },
    registered: (seconds = 15, user = EXTENSION.user) =>
      until("the extension is registered", seconds, () =>
        json(["phone", "status"]).extensions.some(([extension, telephones]) => extension === user && telephones > 0),
      ),
    calls: () => json(["phone", "calls"]),
    // Dials with a telephone; the call, once it is answered.
    async answers(telephone, uri = `sip:sfetnic@127.0.0.1:${sip}`) {
      const known = new Set(json(["phone", "calls"]).map((call) => call.id));
      telephone.dial(uri);
      await telephone.event("CALL_ESTABLISHED");
      return await until("the call is known", 10, () => json(["phone", "calls"]).find((call) => !known.has(call.id)));
    },
    // The call as it is kept, once it has ended.
    ended: (id, seconds = 10) =>
      until("the call has ended", seconds, () => {
        const { call } = json(["phone", "call", id]);
        return call.ended ? call : undefined;
      }),
    liveCall: (seconds = 10) => until("a call goes on", seconds, () => json(["phone", "calls"]).find((call) => !call.ended)?.id),
    call: (id) => json(["phone", "call", id]),
    standing: (standing, seconds = 60) =>
      until(`a call is ${standing}`, seconds, () => json(["phone", "status"]).standings?.includes(standing)),
  };
}
