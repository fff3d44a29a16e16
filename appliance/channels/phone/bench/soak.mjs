// Thousands of short calls: what the appliance holds at the end is what it held after the first of them.
import { createSocket } from "node:dgram";
import { setTimeout as pause } from "node:timers/promises";
import { startAppliance, until } from "./appliance.mjs";
import { about, bench, binaries, core, megabytes, number, readOptions, table } from "./common.mjs";
import { placeCalls, startStandIn } from "./programs.mjs";

const options = readOptions({ calls: 10000, rate: 40, first: 1000 });
// Of ten callers: six hang up at once, two give up while it rings, two stay a while.
const KINDS = [
  { scenario: "call", seconds: 0, share: 0.6, what: "hang up at once" },
  { scenario: "cancelled", seconds: 0, share: 0.2, what: "give up before the answer" },
  { scenario: "call", seconds: 2, share: 0.2, what: "say goodbye after 2 s" },
];
// What may come and go without being a leak: connections that are kept a while, pages of the allocator, prompts.
const DESCRIPTORS = 10;
const MEMORY_FOR_A_CALL = 8_000;
const COUNTED = ["lines", "calls", "standings", "ports", "cases"];

await bench(async ({ promise }) => {
  const node = await startStandIn({ sentences: ["da"] });
  const appliance = await startAppliance({ binary: binaries.appliance, core, node: node.url, trusted: true });
  // Their sound goes to a port that nobody reads.
  const nobody = createSocket("udp4");
  await new Promise((bound) => nobody.bind(0, "127.0.0.1", bound));
  const { port } = nobody.address();
  await appliance.promptsReady();
  const stands = [["at rest", await state(appliance)]];
  const began = Date.now();
  let placed = 0;
  for (const until of rounds()) {
    const calls = until - placed;
    const results = await Promise.all(KINDS.map(async (kind) => {
      const share = Math.round(calls * kind.share);
      // As many callers as there are calls at once ring again and again.
      const callers = Array.from({ length: 500 }, (_, index) => [port, number(index)]);
      const rate = Math.max(1, Math.round(options.rate * kind.share));
      return { kind, share, ...(await placeCalls({ to: appliance.sip, ...kind, callers, calls: share, rate }).done) };
    }));
    for (const { kind, share, wellDone, failed, errors } of results) {
      promise(wellDone === share && failed === 0, `of ${share} who ${kind.what}, ${failed} failed. ${errors}`);
    }
    placed = until;
    await appliance.quiet();
    await settled(appliance);
    stands.push([placed, await state(appliance)]);
  }
  const [, first] = stands[1];
  const [, last] = stands.at(-1);
  for (const what of COUNTED) promise(last[what] === first[what], `${what}: ${first[what]} after ${stands[1][0]} calls, ${last[what]} at the end`);
  promise(last.descriptors <= first.descriptors + DESCRIPTORS, `descriptors: ${first.descriptors}, then ${last.descriptors}`);
  promise(last.resident <= first.resident + (placed - stands[1][0]) * MEMORY_FOR_A_CALL, `memory: ${megabytes(first.resident)}, then ${megabytes(last.resident)}`);
  about(`${placed} short calls in ${Math.round((Date.now() - began) / 1000)} s: ${KINDS.map(({ share, what }) => `${share * 100} % ${what}`).join(", ")}; all callers ring again and again.`);
  table(
    ["calls so far", "memory", "descriptors", "UDP ports of calls", "lines", "calls (gauge)", "calls (live)", "ears at the node", "open cases"],
    stands.map(([calls, { resident, descriptors, ports, lines, calls: gauge, standings, ears, cases }]) => [calls, megabytes(resident), descriptors, ports, lines, gauge, standings, ears, cases]),
  );
  await appliance.stop();
  await node.stop();
  nobody.close();

  async function state() {
    const metrics = await appliance.metrics();
    return {
      resident: appliance.memory(),
      descriptors: appliance.descriptors(),
      ports: appliance.mediaPorts(),
      lines: metrics.sfetnic_phone_lines ?? 0,
      calls: metrics.sfetnic_phone_calls ?? 0,
      standings: (await appliance.get("/phone")).standings.length,
      ears: (await node.counts()).listening,
      cases: Number(appliance.read("SELECT COUNT(*) FROM cases WHERE open = 1")[0][0]),
    };
  }
});

// After the first thousand, and then ten times.
function rounds() {
  const { calls, first } = options;
  const step = Math.ceil((calls - first) / 9);
  return [first, ...Array.from({ length: 9 }, (_, index) => Math.min(calls, first + (index + 1) * step))];
}

// Until the gauges, read every five seconds, and what ends late have followed.
async function settled(appliance) {
  await until("no line is open", 60, async () => appliance.mediaPorts() === 0);
  await pause(6000);
}
