// A repository that attacks whoever looks at what it sent: in titles, names, addresses, identifiers and the files themselves.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { granary, serve, stage } from "./support.mjs";

const script = "<script>document.title='owned';alert(1)</script>";
const attacks = [
  script,
  `"><img src=x onerror=alert(2)>`,
  `' onmouseover='alert(3)`,
  "javascript:alert(4)",
  "</pre></textarea></script><svg onload=alert(5)>",
  "{{ 7777 * 7777 }} ${7777*7777} <%= 7777*7777 %>",
  "line\nbreak\r\nSet-Cookie: a=b",
  "\u202egnp.exe\u2066\u200f right to left",
];
const pages = {
  html: ["text/html", `<!doctype html><title>x</title>${script}`],
  svg: ["image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(6)">${script}</svg>`],
  xml: ["application/xhtml+xml", `<html xmlns="http://www.w3.org/1999/xhtml"><script>alert(7)</script></html>`],
  txt: ["text/plain", script],
  // An HTML page that says that it is a PDF, and begins as one.
  pdf: ["application/pdf", `%PDF-1.4\n${script}`],
};

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
const identifier = (number) => `oai:evil.example.org:${number} ${attacks[number].split("\n")[0]}`;

function record(url, number) {
  const attack = attacks[number];
  const files = Object.keys(pages).map(
    (kind) => `<dc:identifier>${escaped(`${url}/files/${number}/${encodeURIComponent(attack)}.${kind}`)}</dc:identifier>`,
  );
  return `<record><header><identifier>${escaped(identifier(number))}</identifier><datestamp>2024-01-01</datestamp>
    <setSpec>a</setSpec></header><metadata><oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>${escaped(attack)}</dc:title><dc:creator>${escaped(attack)}</dc:creator>
    <dc:description>${escaped(attack)}</dc:description>${files.join("")}<dc:relation>javascript:alert(8)</dc:relation>
    <dc:identifier>data:text/html,${escaped(encodeURIComponent(script))}</dc:identifier></oai_dc:dc></metadata></record>`;
}

/** An OAI-PMH repository of records that attack, and of files that do. */
async function repository() {
  const server = createServer((request, response) => {
    const url = `http://127.0.0.1:${server.address().port}`;
    const asked = new URL(request.url, url);
    if (asked.pathname.startsWith("/files/")) {
      const [type, body] = pages[asked.pathname.split(".").at(-1)];
      response.writeHead(200, { "content-type": type, "content-disposition": `attachment; filename="${"a\\\"<b>"}"` });
      return response.end(body);
    }
    const verb = asked.searchParams.get("verb");
    const content = {
      Identify: `<repositoryName>${escaped(script)}</repositoryName><baseURL>${url}/oai</baseURL><protocolVersion>2.0</protocolVersion>
        <adminEmail>a@example.org</adminEmail><earliestDatestamp>2000-01-01</earliestDatestamp>
        <deletedRecord>no</deletedRecord><granularity>YYYY-MM-DD</granularity>`,
      ListMetadataFormats: `<metadataFormat><metadataPrefix>oai_dc</metadataPrefix><schema>http://example.org/a.xsd</schema>
        <metadataNamespace>http://www.openarchives.org/OAI/2.0/oai_dc/</metadataNamespace></metadataFormat>`,
      ListRecords: attacks.map((_, number) => record(url, number)).join(""),
    }[verb];
    response.writeHead(200, { "content-type": "text/xml" });
    const answer = content ? `<${verb}>${content}</${verb}>` : `<error code="badVerb">${escaped(script)}</error>`;
    response.end(`<?xml version="1.0" encoding="UTF-8"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">
      <responseDate>2024-01-02T00:00:00Z</responseDate><request>${url}/oai</request>${answer}</OAI-PMH>`);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { oai: `http://127.0.0.1:${server.address().port}/oai`, close: () => new Promise((resolve) => server.close(resolve)) };
}

test("titles, names, identifiers and addresses that attack are text on every page, and files that attack do nothing", async (t) => {
  const { granary: place, use, visit } = await stage(t);
  const evil = use(await repository());
  await granary(place, "add", evil.oai, "--silo", "evil", "--kind", "oai", "--metadata-prefix", "oai_dc");
  const harvested = await granary(place, "--json", "harvest", "evil").catch((error) => error.message);
  assert.ok(!harvested.includes("panicked"), harvested);
  const console = use(await serve(place));
  const page = await visit(console.url);
  const seen = new Set();
  const waiting = ["", "silos", "queue", "log", "verify", "sources/evil", "sources/evil/edit"].map((path) => console.url + path);
  let files = 0;
  while (waiting.length > 0) {
    const url = waiting.pop();
    if (seen.has(url)) continue;
    seen.add(url);
    if (new URL(url).pathname.endsWith("/file")) {
      const answer = await fetch(url);
      await answer.arrayBuffer();
      assert.equal(answer.headers.get("x-content-type-options"), "nosniff", url);
      assert.match(answer.headers.get("content-security-policy"), /default-src 'none'.*sandbox/, url);
      const [kind, disposition] = ["content-type", "content-disposition"].map((name) => answer.headers.get(name));
      const isShown = /^(application\/pdf|text\/plain)/.test(kind) && !url.includes("download=");
      assert.match(disposition, isShown ? /^inline/ : /^attachment/, `${url}: ${kind}`);
      files += 1;
      if (isShown) await page.goto(url).catch((error) => assert.match(error.message, /Download is starting|ERR_ABORTED/));
      continue;
    }
    const answer = await page.goto(url);
    assert.equal(answer.status(), 200, url);
    assert.match(await page.title(), / – Granary$/);
    assert.ok(!(await page.content()).includes("60481729"), `${url}: nothing is a template`);
    assert.equal(await page.locator("script:not([src^='/assets/']), img, svg[onload], [onmouseover]").count(), 0, url);
    for (const link of await page.locator("a[href]").all()) {
      const target = new URL(await link.getAttribute("href"), url);
      assert.match(target.protocol, /^https?:$/, url);
      if (target.origin === new URL(url).origin && target.pathname !== "/sources/evil/remove") waiting.push(target.href.split("#")[0]);
    }
  }
  const objects = [...seen].filter((url) => new URL(url).pathname.endsWith("/object"));
  assert.ok(objects.length >= attacks.length - 1, `${objects.length} objects were looked at`);
  assert.ok(files > attacks.length * 4, `${files} files were asked for`);
  page.check();
});
