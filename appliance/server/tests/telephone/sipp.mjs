// sipp, which follows a scenario of `sipp/` to the letter as an exchange or a caller, and fails where the other side departs
// from it.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../browser/appliance.mjs";
import { ended, tie } from "../browser/children.mjs";

// `to`: whom it calls, as address and port; without it, it is called. `host`: where it is. `keys`: what the scenario says in
// brackets. With `tone` it sounds that pitch where the scenario streams `tone.al`.
export async function startSipp({ folder, scenario, to, host = "127.0.0.2", keys = {}, tone, seconds = 90 }) {
  mkdirSync(folder, { recursive: true });
  if (tone) {
    const sound = ["synth", "60", "sine", String(tone), "vol", "0.1"];
    execFileSync("sox", ["-n", "-r", "8000", "-c", "1", "-t", "al", join(folder, "tone.al"), ...sound]);
  }
  const [port, media] = await Promise.all([freePort(), freePort()]);
  // sipp's own keys are not filled in everywhere.
  let text = readFileSync(new URL(`./sipp/${scenario}.xml`, import.meta.url), "utf8");
  for (const [key, value] of Object.entries(keys)) text = text.replaceAll(`[${key}]`, value);
  const file = join(folder, "scenario.xml");
  writeFileSync(file, text);
  const [log, errors] = [join(folder, "messages.log"), join(folder, "errors.log")];
  const words = ["-sf", file, "-i", host, "-p", String(port), "-m", "1", "-nostdin", "-timeout", `${seconds}s`, "-timeout_error"];
  words.push("-mi", host, "-mp", String(media), "-trace_msg", "-message_file", log, "-trace_err", "-error_file", errors);
  const child = tie(spawn("sipp", to ? [to, ...words] : words, { cwd: folder, stdio: "ignore" }));
  const messages = () => (existsSync(log) ? readFileSync(log, "utf8") : "");
  return {
    address: `${host}:${port}`,
    messages,
    // Waits until it has played its scenario; throws where that failed.
    async played() {
      await ended(child);
      if (child.exitCode !== 0) throw new Error(`sipp, ${scenario}: status ${child.exitCode}\n${existsSync(errors) ? readFileSync(errors, "utf8") : ""}\n${messages().slice(-4000)}`);
    },
    async stop() {
      child.kill("SIGKILL");
      await ended(child);
    },
  };
}
