/** A bad line between the list and the box: answers that break off after their head, and one that never ends. */
import http from "node:http";
import { context, faults, origin } from "./browser.mjs";

/** Pass everything on to the box, but what `bad` says of a request: "break" sends half of the answer, "stall" a 401 and then nothing. */
async function lineTo(target) {
  const events = new Set();
  const line = { bad: () => "", asked: [], cut: () => events.forEach((each) => each.destroy()) };
  const server = http.createServer((request, response) => {
    line.asked.push(`${request.method} ${request.url}`);
    const how = line.bad(request);
    if (how === "stall") return void response.writeHead(401, { "Content-Type": "text/html" }).flushHeaders();
    if (request.url === "/events") events.add(response);
    const onward = http.request(new URL(request.url, target), { method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      if (how !== "break") return void answer.pipe(response);
      answer.once("data", (part) => response.write(part.subarray(0, part.length >> 1), () => response.destroy()));
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  line.origin = `http://127.0.0.1:${server.address().port}`;
  line.close = () => {
    server.closeAllConnections();
    server.close();
  };
  return line;
}

const rows = (page) => page.locator("#list .name").count();
const told = (page, seconds = 20) => page.locator("#unreachable").waitFor({ timeout: 1000 * seconds }).then(() => true, () => false);
const silent = (page, seconds = 20) => page.locator("#unreachable").waitFor({ state: "hidden", timeout: 1000 * seconds }).then(() => true, () => false);

export async function lines() {
  const line = await lineTo(origin);
  const page = await context.newPage();
  page.on("pageerror", (error) => faults.errors.push(String(error)));
  await page.goto(`${line.origin}/studies`);
  const found = { before: await rows(page) };

  line.bad = ({ method }) => (method === "POST" ? "break" : "");
  await page.locator("#search input[name=q]").fill("Nobody");
  found.broken = { told: await told(page), rows: await rows(page), busy: await page.locator("#list").getAttribute("aria-busy") };
  line.bad = () => "";
  await page.locator("#search input[name=q]").fill("");
  found.mended = { silent: await silent(page), rows: await rows(page) };

  const live = await page.locator("#list").getAttribute("data-live");
  const ofList = () => line.asked.filter((each) => each === `GET ${live}`).length;
  const [lists, streams] = [ofList(), line.asked.filter((each) => each === "GET /events").length];
  line.bad = ({ url }) => (url === live && ofList() <= lists + 1 ? "break" : "");
  line.cut();
  const end = Date.now() + 40000;
  while (ofList() < lists + 2 && Date.now() < end) await page.waitForTimeout(100);
  found.live = { asked: ofList() - lists, streams: line.asked.filter((each) => each === "GET /events").length - streams, silent: await silent(page) };

  line.bad = ({ method }) => (method === "POST" ? "stall" : "");
  await page.locator("#search input[name=q]").fill("Nobody");
  found.locked = await page.waitForURL(/\/lock/, { timeout: 20000, waitUntil: "commit" }).then(() => true, () => false);
  await page.close();
  line.close();
  return found;
}
