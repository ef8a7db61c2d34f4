// Sources and their harvests, as people start, watch and stop them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { end, granary, repository, serve, stage, status, until } from "./support.mjs";

const items = 60;

/** Fills in the form that adds a source, from the first page on. */
async function add(page, oai, silo) {
  await page.getByRole("link", { name: "Add a source" }).click();
  await page.getByLabel("Address (OAI-PMH base URL)").fill(oai);
  await page.getByLabel("Name of the silo").fill(silo);
  await page.getByRole("button", { name: "Add and harvest it" }).click();
  await page.waitForURL(`**/sources/${silo}`);
}

/** A number of the run in progress, or of the finished one. */
const number = async (page, name) => {
  const facts = page.locator("dl.numbers > div").filter({ has: page.getByText(name, { exact: true }) });
  return Number.parseInt((await facts.locator("dd").first().innerText()).replaceAll(/\D+.*/g, ""), 10);
};

const word = (page) => page.locator("#state .tag").innerText();

test("a source is added, its harvest watched to its end without loading the page again, and its report read", async (t) => {
  const { granary: place, use, visit } = await stage(t);
  const origin = use(await repository("--items", `${items}`, "--page-size", "10"));
  await origin.control("fault?path=/cgi/oai2*&kind=slow&delay=40");
  const page = await visit(use(await serve(place)).url);
  assert.match(await page.locator("main").innerText(), /There are no sources yet/);
  await add(page, origin.oai, "theses");
  await page.evaluate(() => (globalThis.loaded = true));
  await page.getByRole("heading", { name: "Run in progress" }).waitFor();
  assert.equal(await word(page), "running");
  await page.getByRole("progressbar").waitFor();
  let seen = 0;
  await until("the run", async () => {
    if ((await page.getByRole("heading", { name: "Run in progress" }).count()) === 0) return true;
    const records = await number(page, "Records").catch(() => seen);
    assert.ok(records >= seen && records <= items, `${records} after ${seen}`);
    seen = records;
    return false;
  });
  assert.ok(seen > 0, "it was watched");
  await until("the end", async () => (await word(page)) === "idle");
  assert.ok(await page.evaluate(() => globalThis.loaded), "the page is still the same one");
  await page.locator("#standing").getByText(`${items} objects`).waitFor();
  await page.locator("#runs tbody th a").click();
  await page.waitForURL("**/runs/*");
  const report = (await status(place)).silos[0].last_run;
  assert.equal(await number(page, "Records"), items);
  assert.equal(await number(page, "Files"), report.files);
  assert.equal(await number(page, "Failed"), 0);
  page.check();
});

test("what is wrong with a source to be added stands beside its field, and nothing that was written is lost", async (t) => {
  const { granary: place, use, visit } = await stage(t);
  const page = await visit(`${use(await serve(place)).url}sources/new`);
  const oai = "http://127.0.0.1:9/cgi/oai2";
  await page.getByLabel("Address (OAI-PMH base URL)").fill(oai);
  await page.getByLabel("Name of the silo").fill("_granary");
  await page.getByLabel("Harvest every").fill("often");
  await page.getByLabel("Sets", { exact: true }).fill("a\nb");
  await page.getByRole("button", { name: "Add and harvest it" }).click();
  await page.getByRole("alert").waitFor();
  for (const [label, text] of [["Name of the silo", "_granary"], ["Harvest every", "often"]]) {
    const field = page.getByLabel(label);
    assert.equal(await field.inputValue(), text);
    assert.equal(await field.getAttribute("aria-invalid"), "true");
  }
  assert.equal(await page.getByLabel("Sets", { exact: true }).inputValue(), "a\nb");
  await page.getByLabel("Name of the silo").fill("maths");
  await page.getByLabel("Harvest every").fill("12h");
  await page.getByRole("button", { name: "Add and harvest it" }).click();
  assert.match(await page.getByRole("alert").innerText(), /127\.0\.0\.1:9/, "nobody answers there");
  assert.deepEqual((await status(place)).silos, []);
  assert.equal(await page.getByLabel("Address (OAI-PMH base URL)").inputValue(), oai);
});

test("stopped and started on the page, the page, another tab and the shell say the same", async (t) => {
  const { granary: place, use, visit } = await stage(t);
  const origin = use(await repository("--items", `${items}`, "--page-size", "5"));
  await origin.control("fault?path=/cgi/oai2*&kind=slow&delay=60");
  const console = use(await serve(place));
  const page = await visit(console.url);
  const other = await visit(console.url);
  await add(page, origin.oai, "theses");
  const row = other.getByRole("row", { name: /theses/ });
  await row.getByText("running").waitFor();
  await page.getByRole("button", { name: "Stop" }).click();
  await until("the stop", async () => (await word(page)) === "stopped");
  await row.getByText("stopped").waitFor();
  assert.match(await granary(place, "status"), /\n  stopped\n/);
  const asked = await origin.asked();

  await granary(place, "start", "theses");
  await until("the start", async () => (await word(page)) === "running");
  await row.getByText("running").waitFor();
  await granary(place, "stop", "theses");
  await until("the second stop", async () => (await word(page)) === "stopped");
  assert.ok((await origin.asked()) > asked, "it went on in between");

  await origin.control("mend");
  await row.getByRole("button", { name: "Start theses" }).click();
  await until("the end", async () => (await word(page)) === "idle");
  await other.goto(console.url);
  await row.getByText("idle").waitFor();
  const silo = (await status(place)).silos[0];
  assert.deepEqual([silo.standing.state, silo.objects, silo.last_run.records], ["idle", items, items]);
  page.check();
  other.check();
});

test("a harvest started on the page runs to its end while fifty clients read pages", async (t) => {
  const { granary: place, use, visit } = await stage(t);
  const origin = use(await repository("--items", "150", "--page-size", "10"));
  const console = use(await serve(place));
  const page = await visit(console.url);
  await add(page, origin.oai, "theses");
  const paths = ["", "sources/theses", "silos", "silos/theses", "queue", "log", "verify", "api/status", "api/sources/theses"];
  let [isOver, read] = [false, 0];
  const client = async (number) => {
    for (let at = number; !isOver; at += 1) {
      const answer = await fetch(console.url + paths[at % paths.length]);
      await answer.text();
      // The silo is made when the run begins.
      assert.ok(answer.ok || (answer.status === 404 && answer.url.endsWith("silos/theses")), `${answer.url}: ${answer.status}`);
      read += 1;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  const clients = Array.from({ length: 50 }, (_, number) => client(number));
  const ended = until("the harvest", async () => (await word(page)) === "idle").finally(() => (isOver = true));
  await Promise.all([ended, ...clients]);
  assert.ok(read > 50, `${read} pages were read`);
  const silo = (await status(place)).silos[0];
  assert.deepEqual([silo.objects, silo.last_run.records, silo.last_run.failed], [150, 150, 0]);
  page.check();
});

test("killed in the middle of a harvest and started again, it goes on by itself", async (t) => {
  const { granary: place, use, visit } = await stage(t);
  const origin = use(await repository("--items", `${items}`, "--page-size", "5"));
  await origin.control("fault?path=/cgi/oai2*&kind=slow&delay=30");
  const first = use(await serve(place));
  const page = await visit(first.url);
  await add(page, origin.oai, "theses");
  await until("some of it", async () => (await number(page, "Records")) > 10);
  await end(first, "SIGKILL");
  await page.getByText("The connection is lost.").waitFor();
  const next = use(await serve(place));
  await page.goto(`${next.url}sources/theses`);
  await until("the rest", async () => (await word(page)) === "idle");
  const silo = (await status(place)).silos[0];
  assert.deepEqual([silo.objects, silo.last_run.records], [items, items]);
  await granary(place, "verify");
});

test("settings are changed, and a source is removed without its silo", async (t) => {
  const { granary: place, use, visit } = await stage(t);
  const origin = use(await repository("--items", "3"));
  await granary(place, "harvest", origin.oai, "--silo", "theses");
  const page = await visit(`${use(await serve(place)).url}sources/theses`);
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByLabel("Harvest every").fill("12h");
  await page.getByText("More settings").click();
  await page.getByLabel("Contact").fill("you@example.org");
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL("**/sources/theses");
  const settings = page.getByRole("region", { name: "Settings" });
  assert.match(await settings.innerText(), /12h[\s\S]*you@example\.org/);
  await page.getByRole("link", { name: "Remove" }).click();
  await page.getByRole("button", { name: "Remove" }).click();
  await page.getByText("There are no sources yet.").waitFor();
  await page.getByRole("link", { name: "Silos" }).first().click();
  await page.getByRole("link", { name: "theses" }).click();
  await page.waitForURL("**/silos/theses");
  assert.equal(await page.locator("tbody tr").count(), 3);
  assert.equal(await granary(place, "sources"), "");
  page.check();
});
