// What keeps a page current, and what it must not disturb.
import assert from "node:assert/strict";
import { test } from "node:test";
import { granary, serve, stage } from "./support.mjs";

const PAUSED = "No source is harvested by the schedule";

test("a button that is being pressed is not taken away by news", async (t) => {
  const made = await stage(t);
  const console = made.use(await serve(made.granary));
  const page = await made.visit(`${console.url}queue`);
  await page.getByRole("button", { name: "Pause the workers" }).hover();
  await page.mouse.down();
  const news = page.waitForResponse((response) => response.url() === `${console.url}queue`);
  const other = await made.visit(`${console.url}queue`);
  await other.getByRole("button", { name: "Pause the schedule" }).click();
  await other.getByText(PAUSED).waitFor();
  await (await news).finished();
  assert.equal(await page.getByText(PAUSED).count(), 0);
  await page.mouse.up();
  await page.getByText("Nothing is fetched until the workers are started").waitFor();
  await page.getByText(PAUSED).waitFor();
});

test("more tabs can be open than a browser has connections, for those that nobody looks at hold none", async (t) => {
  const made = await stage(t);
  const console = made.use(await serve(made.granary));
  const first = await made.visit(`${console.url}queue`);
  const open = async () => {
    const page = await first.context().newPage();
    await page.goto(`${console.url}queue`);
    return page;
  };
  // A browser without windows takes every tab for one that is looked at.
  const hide = (page, hidden) =>
    page.evaluate((hidden) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  await hide(first, true);
  for (let count = 0; count < 7; count += 1) await hide(await open(), true);
  const last = await open();
  await granary(made.granary, "stop");
  await last.getByText(PAUSED).waitFor();
  assert.equal(await first.getByText(PAUSED).count(), 0);
  await hide(first, false);
  await first.getByText(PAUSED).waitFor();
});
