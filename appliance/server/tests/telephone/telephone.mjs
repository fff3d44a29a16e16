// An appliance with a telephone on ports of its own, and what tests ask it.
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePort, startAppliance } from "../browser/appliance.mjs";

const target = resolve(process.env.CARGO_TARGET_DIR ?? "target");
const binary = process.env.APPLIANCE ?? resolve(target, "debug", "appliance");

// `node`: who speaks and hears; none: keys and prompts alone. `phone`: more of its configuration.
export async function startTelephone({ node, phone = "", rest = "" } = {}) {
  const [sip, media] = await Promise.all([freePort(), freePort()]);
  // Media takes a range of ports: somewhere in the upper half, where few look for theirs.
  const first = 32_000 + 2 * (media % 12_000);
  const inference = node ? `[inference]\nurl = "${node.url}"\nkey_file = "${node.keyFile}"\n` : "";
  const appliance = await startAppliance(
    `${inference}[phone.media]
first_port = ${first}
last_port = ${first + 400}
${phone}
[[phone.sip.listeners]]
transport = "udp"
address = "127.0.0.1:${sip}"
[[phone.sip.listeners]]
transport = "tcp"
address = "127.0.0.1:${sip}"
${rest}`,
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
    promptsReady: (seconds = 120) =>
      until("every prompt is rendered", seconds, () => {
        const [ready, all] = json(["phone", "status"]).prompts;
        return all > 0 && ready === all;
      }),
    calls: () => json(["phone", "calls"]),
    liveCall: (seconds = 10) => until("a call goes on", seconds, () => json(["phone", "calls"]).find((call) => !call.ended)?.id),
    call: (id) => json(["phone", "call", id]),
    standing: (standing, seconds = 60) =>
      until(`a call is ${standing}`, seconds, () => json(["phone", "status"]).standings?.includes(standing)),
  };
}
