// The console without script, with a keyboard alone, and on a phone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { repository, serve, stage, status, until } from "./support.mjs";

test("without script a source is added, stopped, started, and its objects are read", async (t) => {
  const { granary: place, use, visit } = await stage(t);
  const origin = use(await repository("--items", "40", "--page-size", "5"));
  await origin.control("fault?path=/cgi/oai2*&kind=slow&delay=50");
  const page = await visit(use(await serve(place)).url, { javaScriptEnabled: false });
  await page.getByRole("link", { name: "Add a source" }).click();
  await page.getByLabel("Address (OAI-PMH base URL)").fill(origin.oai);
  await page.getByLabel("Name of the silo").fill("theses");
  await page.getByRole("button", { name: "Add and harvest it" }).click();
  const word = async () => {
    await page.reload();
    return page.locator("#state .tag").innerText();
  };
  await until("the run", async () => (await word()) === "running");
  await page.getByRole("button", { name: "Stop" }).click();
  await until("the stop", async () => (await word()) === "stopped");
  await origin.control("mend");
  await page.getByRole("button", { name: "Start now" }).click();
  await until("the end", async () => (await word()) === "idle");
  await page.getByRole("link", { name: "See its objects" }).click();
  await page.locator("tbody th a").first().click();
  await page.getByRole("heading", { name: "Versions" }).waitFor();
  assert.equal((await status(place)).silos[0].objects, 40);
});

test("with the keyboard alone one gets past the head, adds a source, and stays where one was while the page renews", async (t) => {
  const { granary: place, use, visit } = await stage(t);
  const origin = use(await repository("--items", "60", "--page-size", "5"));
  await origin.control("fault?path=/cgi/oai2*&kind=slow&delay=40");
  const page = await visit(use(await serve(place)).url);
  const press = (key) => page.keyboard.press(key);
  const focused = () => page.evaluate(() => document.activeElement.textContent.trim() || document.activeElement.id);
  await press("Tab");
  assert.equal(await focused(), "Skip to the content");
  await press("Enter");
  await press("Tab");
  assert.equal(await focused(), "Add a source");
  await press("Enter");
  await page.waitForURL("**/sources/new");
  await page.getByLabel("Address (OAI-PMH base URL)").focus();
  await page.keyboard.type(origin.oai);
  await press("Tab");
  await page.keyboard.type("theses");
  await press("Enter");
  await page.waitForURL("**/sources/theses");
  const stop = page.getByRole("button", { name: "Stop" });
  await stop.focus();
  // What is focused is seen to be.
  assert.notEqual(await stop.evaluate((element) => getComputedStyle(element).outlineStyle), "none");
  const records = () => page.locator("#run dl.numbers").innerText();
  const before = await records();
  await until("a change", async () => (await records()) !== before);
  assert.equal(await focused(), "Stop");
  await press("Enter");
  await until("the stop", async () => (await page.locator("#state .tag").innerText()) === "stopped");
  page.check();
});

test("on a phone everything can be reached, and what is to be touched is large enough", async (t) => {
  const { granary: place, use, visit } = await stage(t);
  const console = use(await serve(place));
  const page = await visit(console.url, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  for (const name of ["Silos", "Queue", "Verify", "Log", "Sources"]) {
    const link = page.getByRole("navigation", { name: "Main" }).getByRole("link", { name });
    const { height } = await link.boundingBox();
    assert.ok(height >= 24, `${name} is ${height} pixels high`);
    await link.tap();
    await page.getByRole("heading", { level: 1 }).waitFor();
  }
  const { height } = await page.getByRole("link", { name: "Add a source" }).boundingBox();
  assert.ok(height >= 24, `the button is ${height} pixels high`);
  page.check();
});
