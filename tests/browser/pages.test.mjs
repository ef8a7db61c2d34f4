// Every page, as it looks in each of its states: wide and narrow, light and dark, and judged by axe-core.
import { mkdir, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { granary, inspect, repository, screenshots, secret, serve, stage, status, until } from "./support.mjs";

let made, console, page, cleanUp;
const steps = [];

before(async () => {
  made = await stage({ after: (step) => steps.push(step) });
  cleanUp = async () => Promise.all(steps.map((step) => step()));
  const { granary: place, use } = made;
  const theses = use(await repository("--items", "60", "--seed", "3"));
  await granary(place, "harvest", theses.oai, "--silo", "theses");
  await theses.control("change?item=7");
  await theses.control("delete?item=8");
  for (let item = 20; item < 24; item += 1) {
    await theses.control(`change?item=${item}`);
    await theses.control(`fault?path=/${item}/1/*&kind=${item < 22 ? "gone" : "forbidden"}`);
  }
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await granary(place, "harvest", "theses").catch(() => {});
  // A repository that fails, and one that takes its time.
  await granary(place, "add", "http://127.0.0.1:9/oai", "--silo", "away");
  const slow = use(await repository("--items", "400", "--page-size", "20", "--kind", "dublin-core"));
  await slow.control("fault?path=/*&kind=slow&delay=100");
  await granary(place, "add", slow.oai, "--silo", "journals");
  console = use(await serve(place));
  await until("the run", async () => (await status(place)).silos.some(({ run }) => run?.records >= 40));
  await until("the failure", async () => (await status(place)).silos.some(({ failing }) => failing));
  page = await made.visit(console.url);
  // The picture in the README: docs/images/console.png is a copy of it.
  await page.setViewportSize({ width: 1280, height: 860 });
  await page.goto(`${console.url}sources/journals`);
  await page.getByText(/about .* left/).waitFor();
  await mkdir(screenshots, { recursive: true });
  await page.screenshot({ path: path.join(screenshots, "console.png") });
});
after(() => cleanUp());

const object = (number) => `silos/theses/object?id=${encodeURIComponent(`oai:generic.eprints.org:${number}`)}`;

const shown = [
  ["sources", ""],
  ["source-running", "sources/journals"],
  ["source-failing", "sources/away"],
  ["source-idle", "sources/theses"],
  ["source-new", "sources/new"],
  ["source-edit", "sources/theses/edit"],
  ["source-remove", "sources/theses/remove"],
  ["queue", "queue"],
  ["log", "log"],
  ["silos", "silos"],
  ["objects", "silos/theses"],
  ["object", object(7)],
  ["object-deleted", object(8)],
  ["object-failures", object(20)],
  ["compare", `${object(7).replace("object", "compare")}&from=1&to=2`],
  ["not-found", "silos/nowhere"],
];

for (const [name, where] of shown) {
  test(`the page ${name} is fit for everybody`, async () => {
    await page.goto(console.url + where);
    await inspect(page, name);
    if (name !== "not-found") page.check();
  });
}

test("the page of a run is fit for everybody", async () => {
  await page.goto(`${console.url}sources/theses`);
  await page.locator("#runs tbody th a").first().click();
  await inspect(page, "run");
});

test("the page of a form that was filled in wrongly is fit for everybody", async () => {
  await page.goto(`${console.url}sources/new`);
  await page.getByLabel("Address (OAI-PMH base URL)").fill("http://127.0.0.1:9/oai");
  await page.getByLabel("Harvest every").fill("often");
  await page.getByRole("button", { name: "Add and harvest it" }).click();
  await page.getByRole("alert").waitFor();
  await inspect(page, "source-wrong");
});

test("the page of a check that has found damage is fit for everybody", async () => {
  const silo = path.join(made.granary, "theses");
  const file = (await readdir(silo, { recursive: true })).find((name) => name.endsWith("paper.pdf"));
  await writeFile(path.join(silo, file), "damaged");
  await page.goto(`${console.url}verify`);
  await page.getByLabel("What to check").selectOption("theses");
  await page.getByRole("button", { name: "Start a check" }).click();
  await page.getByText("Something is missing or corrupt.").waitFor();
  await inspect(page, "verify");
});

test("the first page of an empty granary, and that to log in, are fit for everybody", async (t) => {
  const { folder, granary: place, use, visit } = await stage(t);
  const empty = use(await serve(place));
  await inspect(await visit(empty.url), "empty");
  const closed = use(await serve(path.join(folder, "other"), "--auth", await secret(folder, "open sesame, please")));
  await inspect(await visit(closed.url), "login");
});
