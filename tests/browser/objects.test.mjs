// What is stored: found, read, compared, downloaded.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { before, after, test } from "node:test";
import { granary, repository, serve, stage } from "./support.mjs";

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

let visit, console, origin, cleanUp;

before(async () => {
  const steps = [];
  const made = await stage({ after: (step) => steps.push(step) });
  cleanUp = async () => Promise.all(steps.map((step) => step()));
  origin = made.use(await repository("--items", "120"));
  await granary(made.granary, "harvest", origin.oai, "--silo", "theses");
  await origin.control("change?item=7");
  await origin.control("delete?item=8");
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await granary(made.granary, "harvest", "theses");
  console = made.use(await serve(made.granary, "--read-only"));
  visit = made.visit;
});
after(() => cleanUp());

const object = (number) =>
  `${console.url}silos/theses/object?id=${encodeURIComponent(`oai:generic.eprints.org:${number}`)}`;

test("the objects of a silo are read page by page, each once", async () => {
  const page = await visit(`${console.url}silos`);
  await page.getByRole("link", { name: "theses" }).click();
  await page.waitForURL("**/silos/theses");
  const seen = new Set();
  for (;;) {
    for (const link of await page.locator("tbody th a").all()) seen.add(await link.getAttribute("href"));
    const next = page.getByRole("link", { name: "Next page" });
    if ((await next.count()) === 0) break;
    const before = page.url();
    await next.click();
    await page.waitForURL((url) => url.href !== before);
  }
  assert.equal(seen.size, 120);
  page.check();
});

test("an object is found by the beginning of its identifier", async () => {
  const page = await visit(`${console.url}silos/theses`);
  await page.getByRole("searchbox").or(page.getByRole("textbox")).first().fill("oai:generic.eprints.org:11");
  await page.keyboard.press("Enter");
  await page.waitForURL(/oai/);
  // 11, and 110 to 119.
  assert.equal(await page.locator("tbody tr").count(), 11);
  await page.locator("tbody th a").first().click();
  await page.getByRole("heading", { name: "Versions" }).waitFor();
  page.check();
});

test("what a repository has changed and deleted stands in the versions of the object", async () => {
  const page = await visit(object(7));
  const versions = page.locator("ol.timeline > li");
  assert.equal(await versions.count(), 2);
  assert.match(await versions.first().innerText(), /^Version 2[\s\S]*metadata replaced[\s\S]*1 file replaced/);
  assert.match(await versions.last().innerText(), /^Version 1[\s\S]*first version/);
  await page.goto(object(8));
  assert.match(await page.locator("main").innerText(), /The repository has deleted this record\. What was stored stays\./);
  page.check();
});

test("two versions are compared: the metadata line by line, and each file", async () => {
  const page = await visit(object(7));
  await page.getByRole("link", { name: "Compare with version 1" }).click();
  await page.waitForURL("**/compare?*");
  const main = page.locator("main");
  const files = main.getByRole("region", { name: "Files" }).getByRole("row");
  const text = (await files.allInnerTexts()).join("\n");
  assert.match(text, /replaced/);
  assert.match(text, /kept|unchanged/);
  const [removed, added] = [page.locator("main del, main .removed"), page.locator("main ins, main .added")];
  assert.ok((await removed.count()) > 0 && (await added.count()) > 0, "lines that differ are marked");
  assert.match((await added.allInnerTexts()).join("\n"), /<rev_number>2<\/rev_number>/);
  page.check();
});

test("a file that is downloaded has the digest in the manifest, and is what the repository serves", async () => {
  const { files } = (await origin.items()).find(({ item }) => item === 9);
  const wanted = files.find(({ access }) => access === "public");
  const page = await visit(object(9));
  const row = page.getByRole("row").filter({ hasText: wanted.sha256 });
  const [download] = await Promise.all([page.waitForEvent("download"), row.getByRole("link", { name: "Download" }).click()]);
  const bytes = await readFile(await download.path());
  assert.equal(sha256(bytes), wanted.sha256);
  assert.equal(sha256(Buffer.from(await (await fetch(wanted.url)).arrayBuffer())), wanted.sha256);
  assert.equal(download.suggestedFilename(), wanted.name);
  page.check();
});

test("a file is sent in parts, and only when it is not known", async () => {
  const { files } = (await origin.items()).find(({ item }) => item === 9);
  const { name, sha256: digest, size } = files.find(({ access }) => access === "public");
  const url = `${console.url}silos/theses/file?id=oai%3Ageneric.eprints.org%3A9&version=1&name=${encodeURIComponent(name)}`;
  const whole = await fetch(url);
  const bytes = Buffer.from(await whole.arrayBuffer());
  assert.deepEqual([whole.status, bytes.length, whole.headers.get("etag")], [200, size, `"${digest}"`]);
  const part = await fetch(url, { headers: { range: "bytes=100-199" } });
  assert.deepEqual([part.status, part.headers.get("content-range")], [206, `bytes 100-199/${size}`]);
  assert.ok(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(100, 200)));
  assert.equal((await fetch(url, { headers: { "if-none-match": `"${digest}"` } })).status, 304);
  assert.equal((await fetch(url, { headers: { range: "bytes=999999999-" } })).status, 416);
  assert.equal(whole.headers.get("x-content-type-options"), "nosniff");
  assert.match(whole.headers.get("content-security-policy"), /sandbox/);
});

test("metadata is shown readable, and as it was received", async () => {
  const page = await visit(object(9));
  const metadata = page.getByRole("region", { name: "Metadata" });
  assert.match(await metadata.innerText(), /Title/);
  assert.notEqual(await page.getByRole("heading", { level: 1 }).innerText(), "oai:generic.eprints.org:9");
  await metadata.getByText("As it was received").click();
  assert.match(await metadata.locator("pre").innerText(), /^<\?xml/);
  page.check();
});
