// Who may look, who may change something, and what other sites can do.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { granary, repository, secret, serve, stage, status } from "./support.mjs";

test("a console with a secret shows nothing to who does not know it, and remembers who does", async (t) => {
  const { folder, granary: place, use, visit } = await stage(t);
  const origin = use(await repository("--items", "3"));
  await granary(place, "harvest", origin.oai, "--silo", "theses");
  const console = use(await serve(place, "--auth", await secret(folder, "open sesame, please")));
  for (const path of ["", "silos/theses", "queue", "api/status", "metrics", "silos/theses/file?id=a&name=b"]) {
    const answer = await fetch(console.url + path, { redirect: "manual" });
    assert.ok([303, 401].includes(answer.status), `${path}: ${answer.status}`);
    assert.ok(!(await answer.text()).includes("theses"), path);
  }
  const page = await visit(`${console.url}silos/theses`);
  await page.getByLabel("Secret of this console").fill("open simsim");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("alert").waitFor();
  await page.getByLabel("Secret of this console").fill("open sesame, please");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.waitForURL("**/silos/theses");
  assert.equal(await page.locator("tbody tr").count(), 3);
  const [cookie] = await page.context().cookies();
  assert.deepEqual([cookie.httpOnly, cookie.sameSite], [true, "Strict"]);
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByLabel("Secret of this console").waitFor();
  await page.goto(`${console.url}silos/theses`);
  await page.getByLabel("Secret of this console").waitFor();
});

test("another site's page can change nothing, and read nothing", async (t) => {
  const { granary: place, use, visit } = await stage(t);
  const origin = use(await repository("--items", "3"));
  await granary(place, "add", origin.oai, "--silo", "theses");
  const console = use(await serve(place));
  const form = (path) => `<form method="post" action="${console.url}${path}"><input name="token" value="guess"><button>Go</button></form>`;
  const elsewhere = createServer((_, response) => {
    response.writeHead(200, { "content-type": "text/html" });
    response.end(`<!doctype html><title>Elsewhere</title>${form("schedule/stop")}<iframe src="${console.url}"></iframe>`);
  });
  await new Promise((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
  use({ close: () => new Promise((resolve) => { elsewhere.closeAllConnections(); elsewhere.close(resolve); }) });
  const page = await visit(`http://127.0.0.1:${elsewhere.address().port}/`);
  const read = await page.evaluate((url) => fetch(`${url}api/status`).then((answer) => answer.text(), () => "refused"), console.url);
  assert.equal(read, "refused");
  const framed = page.frames().find((frame) => frame !== page.mainFrame());
  assert.ok(!(await framed.content().catch(() => "")).includes("Sources"), "it cannot be framed");
  await page.evaluate((url) => {
    const body = new URLSearchParams({ token: "guess" });
    return fetch(`${url}schedule/stop`, { method: "POST", mode: "no-cors", body }).catch(() => {});
  }, console.url);
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.url().endsWith("/schedule/stop")),
    page.getByRole("button", { name: "Go" }).click(),
  ]);
  assert.equal(answer.status(), 403);
  assert.equal((await status(place)).server.schedule, "on");
});

test("a console that only shows has no button that changes anything", async (t) => {
  const { granary: place, use, visit } = await stage(t);
  const origin = use(await repository("--items", "3"));
  await granary(place, "harvest", origin.oai, "--silo", "theses");
  const console = use(await serve(place, "--read-only"));
  const page = await visit(console.url);
  for (const path of ["", "sources/theses", "queue", "verify", "log", "silos", "silos/theses"]) {
    await page.goto(console.url + path);
    assert.equal(await page.locator("form[method=post]").count(), 0, path);
  }
  const answer = await fetch(`${console.url}sources/new`);
  assert.equal(answer.status, 403);
  page.check();
});
