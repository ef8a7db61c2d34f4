// The queue, its dead letters and its workers; and checks of what is stored.
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { granary, repository, serve, stage, status, until } from "./support.mjs";

const number = async (page, name) => {
  const facts = page.locator("#depth dl.numbers > div").filter({ has: page.getByText(name, { exact: true }) });
  return Number((await facts.locator("dd").innerText()).replaceAll(/\D/g, ""));
};

/** A repository of which twelve files were given up: ten are not found, two not permitted. */
async function withDeadLetters({ granary: place, use }) {
  const origin = use(await repository("--items", "20", "--no-extras", "--file-size", "500"));
  for (let item = 10; item < 20; item += 1) await origin.control(`fault?path=/${item}/1/*&kind=not-found`);
  for (const item of [3, 4]) await origin.control(`fault?path=/${item}/1/*&kind=forbidden`);
  await granary(place, "add", origin.oai, "--silo", "theses");
  const console = use(await serve(place));
  await until("the harvest", async () => (await status(place)).silos[0].standing.state === "idle");
  await until("the count", async () => (await status(place)).queue.dead === 12);
  await origin.control("mend");
  return console;
}

test("dead letters are tried again: chosen ones, those of a reason, all", async (t) => {
  const made = await stage(t);
  const console = await withDeadLetters(made);
  const page = await made.visit(`${console.url}queue`);
  assert.equal(await number(page, "Given up"), 12);
  const reason = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: "gone" }) });
  assert.match(await reason.innerText(), /\b10\b/);

  const letters = page.locator("#some tbody tr").filter({ hasText: "gone" });
  await letters.nth(0).getByRole("checkbox").check();
  await letters.nth(1).getByRole("checkbox").check();
  await page.getByRole("button", { name: "Try the chosen ones again" }).click();
  await page.getByText("2 put back into the queue.").waitFor();
  await until("two of them", async () => (await number(page, "Given up")) === 10);

  await page.getByRole("button", { name: "Try these again forbidden" }).click();
  await page.getByText("put back into the queue.").waitFor();
  await until("those of a reason", async () => (await page.getByRole("rowheader", { name: "forbidden" }).count()) === 0);

  await page.getByRole("button", { name: "Try all again" }).click();
  await page.getByText("Nothing was given up.").waitFor();
  await until("the files", async () => (await status(made.granary)).silos[0].files === 60);
  const { queue } = await status(made.granary);
  assert.deepEqual([queue.waiting, queue.dead], [0, 0]);
  page.check();
});

test("paused workers fetch nothing and the messages are seen; started, they go on", async (t) => {
  const { granary: place, use, visit } = await stage(t);
  const origin = use(await repository("--items", "30", "--no-extras"));
  const console = use(await serve(place));
  const page = await visit(`${console.url}queue`);
  await page.getByRole("button", { name: "Pause the workers" }).click();
  await page.getByText("Nothing is fetched until the workers are started.").waitFor();
  await granary(place, "add", origin.oai, "--silo", "theses", "--kind", "oai");
  await until("the list", async () => (await number(page, "Waiting")) === 60);
  const messages = page.locator("#messages tbody tr");
  await messages.first().waitFor();
  assert.match(await messages.first().innerText(), /oai:generic\.eprints\.org:[\s\S]*theses/);
  assert.equal((await status(place)).silos[0].files, 30, "the metadata came with the list");
  await page.getByRole("button", { name: "Start the workers" }).click();
  await page.getByText("The queue is empty.").waitFor();
  await until("the files", async () => (await status(place)).silos[0].files === 90);

  await page.getByRole("button", { name: "Pause the schedule" }).click();
  await page.getByText("No source is harvested by the schedule.").waitFor();
  assert.equal((await status(place)).server.schedule, "off");
  await page.getByRole("button", { name: "Start the schedule" }).click();
  await page.getByText("The schedule is on.").waitFor();
  page.check();
});

test("a check reads every byte, is watched, and names the file that has changed", async (t) => {
  const { granary: place, use, visit } = await stage(t);
  const origin = use(await repository("--items", "5"));
  await granary(place, "harvest", origin.oai, "--silo", "theses");
  const page = await visit(`${use(await serve(place)).url}verify`);
  await page.getByRole("button", { name: "Start a check" }).click();
  await page.getByText("Nothing is missing and nothing is corrupt.").waitFor();

  const files = await readdir(path.join(place, "theses"), { recursive: true });
  const file = files.find((name) => name.endsWith("paper.pdf"));
  const bytes = await readFile(path.join(place, "theses", file));
  bytes[10] ^= 1;
  await writeFile(path.join(place, "theses", file), bytes);
  await page.getByLabel("What to check").selectOption("theses");
  await page.getByRole("button", { name: "Start a check" }).click();
  await page.getByText("Something is missing or corrupt.").waitFor();
  const finding = page.getByRole("row").filter({ hasText: "paper.pdf" });
  assert.match(await finding.innerText(), /corrupt/);
  await finding.getByRole("link").click();
  await page.getByRole("heading", { name: "Versions" }).waitFor();
  page.check();
});

test("the log is followed as it is written, and shows one silo when asked", async (t) => {
  const { granary: place, use, visit } = await stage(t);
  const origin = use(await repository("--items", "3"));
  const page = await visit(`${use(await serve(place)).url}log`);
  await granary(place, "add", origin.oai, "--silo", "theses");
  await page.getByText("the run begins").first().waitFor();
  await page.goto(`${page.url()}?silo=theses`);
  const lines = await page.locator("#lines li").allInnerTexts();
  assert.ok(lines.length > 0 && !lines.join("\n").includes("the server is up"), lines.join("\n"));
  page.check();
});
