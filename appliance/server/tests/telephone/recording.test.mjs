// Calls are recorded only after a spoken notice, never where the caller refuses; what is kept is encrypted, the caller on the
// left and the assistant on the right, and is erased when its time is over.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { startNode } from "../browser/node.mjs";
import { startBaresip } from "./baresip.mjs";
import { prompt, signedIn } from "./staff.mjs";
import { startTelephone } from "./telephone.mjs";
import { loudness, secondsOf } from "./tones.mjs";

// Higher than most of what speech is made of.
const TONE = 2500;

let folder, node, appliance, staff;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "sfetnic-recording-"));
  node = await startNode([]);
  appliance = await startTelephone({
    node,
    phone: `[phone]
keep_recordings_days = 0
[phone.dialogue]
recording = "notice"
`,
  });
  staff = await signedIn(appliance.url, "admin", appliance.password);
  await appliance.promptsReady();
});

after(async () => {
  await appliance?.stop();
  await node?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function ring(name) {
  const caller = await startBaresip({ folder: join(folder, name) });
  const { id } = await appliance.answers(caller);
  await staff.told(id, prompt("recording_notice"));
  return { caller, id };
}

// Hangs up; the call as it is kept.
async function hangUp({ caller, id }) {
  caller.hangUp();
  const call = await appliance.ended(id);
  await caller.stop();
  return call;
}

// Every file that the store of attachments holds.
function stored() {
  const blobs = join(dirname(appliance.config), "data", "blobs");
  const files = readdirSync(blobs, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map((file) => join(file.parentPath ?? file.path, file.name));
}

test("who hears the notice and stays is recorded, until the recording's time is over", async () => {
  const before = stored().length;
  const call = await ring("stays");
  // The notice is over; its own words are not the page's.
  await staff.told(call.id, /(?<!Convorbirea )se înregistrează/);
  call.caller.tone(TONE);
  // No state tells how long it has been recording.
  await pause(4000);
  const { recording } = await hangUp(call);
  assert.equal(recording.kind, "kept", JSON.stringify(recording));
  assert.equal(recording.consent, "informed");
  assert.ok(recording.offset_ms > 0, "nothing from before the end of the notice");

  const answer = await staff.ask(`/console/calls/${call.id}/recording`);
  assert.equal(answer.headers.get("content-type"), "audio/wav");
  const wav = Buffer.from(await answer.arrayBuffer());
  const [left, right] = channels(wav);
  assert.ok(secondsOf([left], TONE) > 2, "the caller is on the left");
  assert.ok(secondsOf([right], TONE) < 0.5, "and on the left alone");
  assert.ok(loudness(right) > 0.01, "the assistant is on the right");

  assert.ok(stored().length > before);
  for (const file of stored()) assert.ok(!readFileSync(file).includes("WAVEfmt"), `${file} can be heard by anybody`);

  // Recordings are looked through when a server begins its work, and every hour.
  await appliance.killAndStart();
  await appliance.until("the recording is erased", 60, () => appliance.call(call.id).call.recording.why === "erased");
  assert.equal(stored().length, before);
});

test("who refuses by a key, while the notice is spoken, is not recorded", async () => {
  const before = stored().length;
  const call = await ring("refuses");
  call.caller.keys("9");
  await staff.told(call.id, prompt("recording_off"), 10);
  const { recording } = await hangUp(call);
  assert.deepEqual(recording, { kind: "none", why: "refused" });
  assert.equal(stored().length, before);
});

// The two channels of a recording, as files of their own.
function channels(wav) {
  const file = join(folder, "recording.wav");
  writeFileSync(file, wav);
  assert.equal(execFileSync("soxi", ["-c", file]).toString().trim(), "2");
  return ["1", "2"].map((channel) => {
    const one = join(folder, `channel-${channel}.wav`);
    execFileSync("sox", [file, "-e", "signed", "-b", "16", one, "remix", channel]);
    return one;
  });
}
