// Bundles every page's styles and scripts into appliance/ui/dist. Each *.ts and *.css directly in a `web` folder is an
// entry; what lies in folders below is imported by them. Names carry a digest of the content, `manifest.json` tells which.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, existsSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "../../../..");
const folders = ["appliance/ui/web", "appliance/channels/chat/web", "appliance/console/web"];
const dist = join(root, "appliance/ui/dist");

// `import css from "./x.css?text"` gives the minified style sheet as a string, for a shadow root.
const styleText = {
  name: "style-text",
  setup(plugin) {
    plugin.onResolve({ filter: /\.css\?text$/ }, (args) => ({
      path: join(args.resolveDir, args.path.replace(/\?text$/, "")),
      namespace: "style-text",
    }));
    plugin.onLoad({ filter: /.*/, namespace: "style-text" }, async (args) => {
      const result = await build({ entryPoints: [args.path], bundle: true, minify: true, write: false, target });
      return { contents: result.outputFiles[0].text, loader: "text", watchFiles: [args.path] };
    });
  },
};

const target = ["chrome100", "firefox100", "safari15.4"];
const entries = folders
  .map((folder) => join(root, folder))
  .filter((folder) => existsSync(folder))
  .flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)))
  .filter((file) => /\.(ts|css)$/.test(file) && !file.endsWith(".d.ts"));

const names = entries.map((entry) => basename(entry).replace(/\.ts$/, ".js"));
const twice = names.find((name, index) => names.indexOf(name) !== index);
if (twice) throw new Error(`two entries are called ${twice}`);

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
const manifest = {};
for (const [index, entry] of entries.entries()) {
  const name = names[index];
  const result = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target,
    legalComments: "none",
    plugins: [styleText],
    outfile: name,
  });
  const bytes = result.outputFiles[0].contents;
  const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
  const hashed = name.replace(/\.(js|css)$/, `-${digest}.$1`);
  const gzip = gzipSync(bytes, { level: 9 });
  const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  writeFileSync(join(dist, hashed), bytes);
  writeFileSync(join(dist, `${hashed}.gz`), gzip);
  writeFileSync(join(dist, `${hashed}.br`), brotli);
  manifest[name] = hashed;
  const kib = (size) => `${(size / 1024).toFixed(1)} KiB`.padStart(10);
  console.log(`${name.padEnd(16)} ${kib(bytes.length)}  gzip ${kib(gzip.length)}  brotli ${kib(brotli.length)}`);
  if (name === "embed.js" && gzip.length > 25_000) throw new Error("embed.js is larger than 25 kB compressed");
}
writeFileSync(join(dist, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
