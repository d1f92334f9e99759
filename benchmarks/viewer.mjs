/**
 * Opens a study again and again, in each viewer in turn, and prints a line of JSON for each time: `node viewer.mjs PLAN.json`.
 * Each time in a Chromium of its own that has nothing of the viewer yet but what the page before lets it fetch.
 */
import { readFileSync } from "node:fs";
import { launch, signIn, someone, stepNow, until } from "../tests/stories/browser.mjs";
import { enamelSteps, peerSteps } from "./viewer_steps.mjs";

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { url: origin } = plan.web;
const STEPS = 40;
const LOOK_MS = 1000; // nobody presses a button sooner; meanwhile a browser fetches what the page says will be needed
const SIZE = { width: 1440, height: 900 };
const faults = { policy: [], foreign: [], errors: [], warnings: [] };
const say = (words) => process.stderr.write(`viewer: ${words}\n`);

/** Milliseconds since the page was asked for, of a mark that it sets. */
const markOf = (page, name) => page.evaluate((which) => performance.getEntriesByName(which)[0]?.startTime ?? null, name);

async function marksOf(page, prefix, names) {
  const found = {};
  for (const [key, name] of Object.entries(names)) found[key] = await markOf(page, `${prefix}-${name}`);
  return found;
}

/** The largest renderer, and the process that draws, in bytes: what they have now, and had at most. */
async function processes(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const sizes = (type) => processInfo.filter((one) => one.type === type).map(({ id }) => sizesOf(id));
  const most = (all) => all.reduce((a, b) => (b.now > a.now ? b : a), { now: 0, most: 0 });
  return { renderer: most(sizes("renderer")), graphics: most(sizes("GPU")) };
}

function sizesOf(id) {
  const status = readFileSync(`/proc/${id}/status`, "utf8");
  const bytes = (name) => 1024 * Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
  return { now: bytes("VmRSS"), most: bytes("VmHWM") };
}

/** What the page holds, then what its processes do; asked in this order, so that what is garbage is gone. */
async function memory(browser, page) {
  const { bytes } = await page.evaluate(() => performance.measureUserAgentSpecificMemory());
  const { renderer, graphics } = await processes(browser);
  return { memory: bytes, renderer: renderer.now, rendererMost: renderer.most, graphics: graphics.now };
}

let lastStep = 0;

/** A code is good for one sign-in. */
async function signInAnew(page) {
  await until("the next code is shown", () => stepNow() > lastStep, 31);
  await signIn(page, origin, plan.dentist);
  lastStep = stepNow();
}

async function enamel(browser, page) {
  await signInAnew(page);
  await page.goto(`${origin}/studies`);
  await page.locator(".row").first().click();
  await page.waitForSelector(".patient");
  await page.waitForTimeout(LOOK_MS);
  await page.getByText("Open images").first().click();
  await page.waitForSelector("#viewer");
  await until("all is drawn", async () => (await markOf(page, "enamel-drawn")) !== null, plan.most_seconds);
  await cached(page, "/viewer/viewer.js");
  const found = await marksOf(page, "enamel", { first: "first-picture", all: "every-slice", drawn: "drawn", usable: "planes-usable" });
  Object.assign(found, await memory(browser, page));
  found.factor = (await page.evaluate(() => window.enamelViewer.state())).factor;
  await page.keyboard.press("c");
  for (const deed of ["scroll", "oblique", "solid"]) found[deed] = await enamelSteps(page, deed, STEPS);
  return found;
}

/** Let the browser fetch what a page is made of beforehand, as Enamel's study page does. */
async function prefetch(page, address) {
  await page.evaluate(async (html) => {
    const text = await (await fetch(html)).text();
    const files = [...text.matchAll(/(?:src|href)="([^":]+\.(?:js|css))"/g)].map(([, file]) => file);
    for (const file of [...files, "decodeImageFrameWorker.js"]) await (await fetch(new URL(file, html))).arrayBuffer();
  }, address);
  await page.waitForTimeout(LOOK_MS);
}

/** What was fetched beforehand has to be taken from there: else one side has had an advantage. */
async function cached(page, name) {
  const sent = await page.evaluate((file) => performance.getEntriesByType("resource").find((one) => one.name.endsWith(file))?.transferSize, name);
  if (sent === undefined || sent > 300) throw new Error(`${name} was sent again: ${sent} bytes`); // 300: asked whether it changed
}

/** The address is told in the part behind #, which no server sees. */
async function peer(browser, page, name) {
  await page.goto(`${origin}/login`); // the connection stands, as it does for who signed in
  await prefetch(page, `${plan.peers}/${name}.html`);
  const asked = new URLSearchParams({ ...plan.asked });
  await page.goto(`${plan.peers}/${name}.html#${asked}`);
  const drawn = async () => {
    const title = await page.title();
    if (title.startsWith("failed")) throw new Error(title);
    return page.evaluate(() => window.peer !== undefined);
  };
  await until("all is drawn", drawn, plan.most_seconds);
  await cached(page, `/${name}.js`);
  const found = await marksOf(page, "peer", { first: "first", all: "all", planes: "planes", drawn: "drawn" });
  const dark = Object.entries(await page.evaluate(() => window.peer.shown())).filter(([, brightest]) => brightest === 0);
  if (dark.length > 0) throw new Error(`${name}: nothing is shown in ${dark.map(([cell]) => cell)}`);
  Object.assign(found, await memory(browser, page));
  found.scroll = await peerSteps(page, STEPS);
  return found;
}

/** A line that Chromium makes slow by itself, where the network cannot. */
async function throttle(page) {
  const session = await page.context().newCDPSession(page);
  const bytes = (plan.mbit * 1e6) / 8;
  await session.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: bytes, uploadThroughput: bytes });
}

/** One time of one viewer; what fails is told, and the others go on. */
async function once(name) {
  const browser = await launch(`--ignore-certificate-errors-spki-list=${plan.trusted}`); // trusted, as in a clinic: else nothing is cached
  try {
    const page = await someone(browser, origin, faults, SIZE);
    if (plan.mbit) await throttle(page);
    const found = name === "enamel" ? await enamel(browser, page) : await peer(browser, page, name);
    if (faults.policy.length > 0) throw new Error(faults.policy[0]);
    if (plan.pictures) await page.screenshot({ path: `${plan.pictures}/${name}.png` });
    return found;
  } catch (error) {
    return { failed: String(error).split("\n")[0] };
  } finally {
    await browser.close();
  }
}

for (let rep = 0; rep < plan.reps; rep++) {
  for (const viewer of plan.viewers) {
    const found = await once(viewer);
    const told = found.failed ?? `first ${(found.first / 1e3).toFixed(2)} s, all ${(found.all / 1e3).toFixed(2)} s, drawn ${(found.drawn / 1e3).toFixed(2)} s`;
    say(`${viewer}, ${rep + 1} of ${plan.reps}: ${told}`);
    console.log(JSON.stringify({ viewer, ...found }));
  }
}
