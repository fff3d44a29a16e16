// Programs that tests start: a test that fails before it has stopped them ends all the same, and they end with it.
const running = new Set();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export function tie(child) {
  running.add(child);
  child.once("exit", () => running.delete(child));
  child.unref();
  for (const stream of [child.stdout, child.stderr]) stream?.unref();
  return child;
}

// Waits for its end, which is not otherwise waited for.
export async function ended(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  await new Promise((done) => child.once("exit", done));
}
