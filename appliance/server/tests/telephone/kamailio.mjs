// A real exchange, Kamailio: telephones register with it and prove every call by a password; it asserts who calls (RFC 3325),
// stays on the way of every request of a call (Record-Route), and passes on only what comes by that way.
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "../browser/appliance.mjs";
import { ended, tie } from "../browser/children.mjs";

export const DOMAIN = "centrala.test";
export const PASSWORD = "parola-centralei";
// From the second address it speaks as an exchange whose word nobody takes.
const [TRUSTED, UNTRUSTED] = ["127.0.0.2", "127.0.0.3"];

// `user`: whom the numbers of `numbers` reach; each is dialled for another way there.
export async function startKamailio({ folder, user }) {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const numbers = { plain: "0264100000", untrusted: "0264100001", anonymous: "0264100002" };
  const config = join(folder, "kamailio.cfg");
  writeFileSync(
    config,
    `debug=1
log_stderror=yes
children=2
disable_tcp=yes
dns=no
rev_dns=no
auto_aliases=no
listen=udp:${TRUSTED}:${port}
listen=udp:${UNTRUSTED}:${port}
alias="${DOMAIN}"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "maxfwd.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
modparam("xlog", "force_color", 0)
modparam("usrloc", "db_mode", 0)

request_route {
  xlog("L_ALERT", "came: $rm from $si\\n");
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  if (has_totag()) {
    if (loose_route()) { xlog("L_ALERT", "by its route: $rm from $si\\n"); t_relay(); exit; }
    if (is_method("ACK")) { if (t_check_trans()) t_relay(); exit; }
    sl_send_reply("404", "Not by this way");
    exit;
  }
  t_check_trans();
  if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
  if (is_method("REGISTER")) {
    if (!pv_www_authenticate("${DOMAIN}", "${PASSWORD}", "0")) { www_challenge("${DOMAIN}", "1"); exit; }
    save("location");
    xlog("L_ALERT", "registered: $au\\n");
    exit;
  }
  if (!pv_proxy_authenticate("${DOMAIN}", "${PASSWORD}", "0")) { proxy_challenge("${DOMAIN}", "1"); exit; }
  consume_credentials();
  xlog("L_ALERT", "proved: $rm of $au\\n");
  record_route();
  remove_hf("P-Asserted-Identity");
  append_hf("P-Asserted-Identity: <sip:$au@${DOMAIN}>\\r\\n");
  if ($rU == "${numbers.untrusted}") { setflag(1); }
  if ($rU == "${numbers.anonymous}") { append_hf("Privacy: id\\r\\n"); }
  if ($rU =~ "^02641") { $rU = "${user}"; }
  if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
  if (isflagset(1)) { force_send_socket(${UNTRUSTED}:${port}); }
  t_relay();
}
`,
  );
  const words = ["-f", config, "-DD", "-E", "-m", "32", "-M", "4", "-w", folder, "-Y", folder, "-P", join(folder, "pid")];
  const child = tie(spawn("kamailio", words, { stdio: ["ignore", "pipe", "pipe"] }));
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (printed += bytes));
  return {
    numbers,
    domain: DOMAIN,
    address: `${TRUSTED}:${port}`,
    trusted: TRUSTED,
    untrusted: UNTRUSTED,
    printed: () => printed,
    // Waits for a line of its log; all of them.
    async logged(line, seconds = 15) {
      const deadline = Date.now() + seconds * 1000;
      for (;;) {
        const found = printed.split("\n").filter((one) => one.includes(line));
        if (found.length > 0) return found;
        if (Date.now() > deadline || child.exitCode !== null) throw new Error(`Kamailio did not log "${line}":\n${printed}`);
        await pause(50);
      }
    },
    async stop() {
      child.kill("SIGTERM");
      await ended(child);
    },
  };
}
