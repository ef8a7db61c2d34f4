// What the browser tests share: real programs on free ports, a real browser, and its tools.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const axe = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");
const target = process.env.GRANARY_TARGET ?? path.resolve(import.meta.dirname, "../../target/debug");
export const screenshots = path.resolve(import.meta.dirname, "../../target/browser");

/** Starts a program and resolves with it and the first line of its output. */
async function start(program, args, env = {}) {
  const child = spawn(path.join(target, program), args, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (bytes) => (said += bytes));
  child.ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
  const lines = createInterface({ input: child.stdout });
  const line = await Promise.race([
    new Promise((resolve) => lines.once("line", resolve)),
    child.ended.then(({ code }) => assert.fail(`${program} ended with ${code}: ${said}`)),
  ]);
  child.stderrSoFar = () => said;
  return { child, line };
}

/** Ends a program that was started here, unless it has ended, and waits for its end. */
export async function end({ child }, signal = "SIGTERM") {
  child.kill(signal);
  return child.ended;
}

/** A small repository; `args` are options of granary-test-repository. */
export async function repository(...args) {
  const started = await start("granary-test-repository", args);
  const oai = started.line.split(" ").at(-1);
  const control = async (what, method = "POST") => {
    const answer = await fetch(new URL(`/_repository/${what}`, oai), { method });
    assert.ok(answer.ok, `${what}: ${answer.status}`);
    return answer;
  };
  const items = async () => (await control("items", "GET")).json();
  const asked = async () => (await (await control("log", "GET")).json()).length;
  return { ...started, oai, control, items, asked };
}

/** `granary serve` over a granary. */
export async function serve(place, ...args) {
  const started = await start("granary", ["--granary", place, "serve", "--listen", "127.0.0.1:0", ...args]);
  return { ...started, url: started.line };
}

/** Runs `granary` to its end; it has to end with 0. Resolves with what it printed. */
export async function granary(place, ...args) {
  return (await run(place, args)).stdout;
}

/** Runs `granary --json` to its end and resolves with the one document that it printed. */
export async function status(place) {
  return JSON.parse(await granary(place, "--json", "status"));
}

async function run(place, args, input = "") {
  const child = spawn(path.join(target, "granary"), ["--granary", place, ...args], { stdio: "pipe" });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (bytes) => (output.stdout += bytes));
  child.stderr.on("data", (bytes) => (output.stderr += bytes));
  // What does not read is not to blame.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const code = await new Promise((resolve) => child.once("close", resolve));
  assert.equal(code, 0, `granary ${args.join(" ")}: ${output.stderr}`);
  return output;
}

/** A secret that opens a console: the file to start it with. */
export async function secret(folder, text) {
  const file = path.join(folder, "secret");
  await run("nowhere", ["serve", "--set-secret", file], `${text}\n`);
  return file;
}

/** Waits until something is so, which is asked again and again. */
export async function until(what, holds) {
  const end = Date.now() + 120_000;
  let last;
  do {
    try {
      if (await holds()) return;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  } while (Date.now() < end);
  assert.fail(`${what} takes too long${last ? `: ${last}` : ""}`);
}

/**
 * What most tests need: a folder for a granary, and everything that is started for a test, ended with it. Programs that a test
 * starts by `use` end when it ends, the last one first.
 */
export async function stage(t) {
  const folder = await mkdtemp(path.join(tmpdir(), "granary-"));
  const started = [];
  t.after(async () => {
    for (const one of started.reverse()) await (one.close ? one.close() : end(one));
    await rm(folder, { recursive: true, force: true });
  });
  const use = (one) => {
    started.push(one);
    return one;
  };
  const chromium = use(await browser());
  return {
    folder,
    granary: path.join(folder, "granary"),
    use,
    /** A new visitor's tab at a URL. */
    visit: async (url, options = {}) => {
      const context = await chromium.newContext({ ...options });
      const page = await tab(context, url);
      await page.goto(url);
      return page;
    },
  };
}

function browser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/**
 * A tab that fails the test when a page logs an error, runs a script that is not ours, or asks anybody but the console.
 * `check()` says what was wrong.
 */
export async function tab(context, url) {
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(`script: ${error.message}`));
  page.on("dialog", (dialog) => {
    wrong.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("console", (message) => {
    if (message.type() === "error") wrong.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const asked = new URL(request.url());
    // The browser's own viewer of PDF files is asked by the browser.
    if (asked.origin !== new URL(url).origin && !asked.protocol.startsWith("chrome")) wrong.push(`elsewhere: ${asked}`);
  });
  page.check = () => assert.deepEqual(wrong, []);
  return page;
}

/** Looks at a page wide and narrow, light and dark: nothing sticks out, and axe-core finds no serious fault. */
export async function inspect(page, name) {
  await mkdir(screenshots, { recursive: true });
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: width === 390 ? 844 : 800 });
    for (const colorScheme of ["light", "dark"]) {
      // Colours in between two schemes would be judged too.
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(wide <= 0, `${name} is ${wide} pixels too wide at ${width}`);
      // The page's own policy lets no other script in: the tool comes by the debugger.
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => globalThis.axe.run(document));
      const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      const told = serious.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).join(" | ")}`);
      assert.deepEqual(told, [], `${name} at ${width}, ${colorScheme}`);
      if (colorScheme === "light" || width === 1280) {
        await page.screenshot({ path: path.join(screenshots, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      }
    }
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 800 });
}
