/** A real Chromium with one profile, and what every scenario does with its pages. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromium } from "playwright-core";
import { CHROMIUM } from "./chromium.mjs";

export const [origin, scenario, folder = ""] = process.argv.slice(2);
export const faults = { policy: [], foreign: [], errors: [] };

const profile = await mkdtemp(path.join(tmpdir(), "enamel-viewer-"));
export const context = await chromium.launchPersistentContext(profile, {
  ...CHROMIUM,
  hasTouch: true,
  viewport: { width: 1024, height: 768 },
});

export async function open(name, query = "") {
  const page = await context.newPage();
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !url.startsWith("data:") && !url.startsWith("blob:")) faults.foreign.push(url);
  });
  page.on("pageerror", (error) => faults.errors.push(String(error)));
  page.on("console", (message) => {
    if (/Content.Security.Policy|Refused to/.test(message.text())) faults.policy.push(message.text());
  });
  await page.goto(`${origin}/view/${name}${query}`);
  return page;
}

/** `waitForFunction` needs eval, which the page's policy forbids: ask again and again instead. */
export async function until(page, states, seconds = 50) {
  const end = Date.now() + 1000 * seconds;
  for (;;) {
    const state = await page.evaluate(() => document.querySelector("#viewer").dataset.ready ?? "");
    if (states.includes(state)) return state;
    if (Date.now() > end) throw new Error(`still "${state}" after ${seconds} s: ${JSON.stringify(faults)}`);
    await page.waitForTimeout(40);
  }
}

export const state = (page) => page.evaluate(() => window.enamelViewer.state());
export const settle = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
export const corner = (page, name) => page.evaluate((which) => document.querySelector(`.corner.${which}`).textContent, name);
export const words = (page, name) => page.evaluate((which) => (document.querySelector(which).hidden ? "" : document.querySelector(which).textContent), name);
export const brightness = (page, column, row) => page.evaluate(([x, y]) => window.enamelViewer.brightness(x, y), [column, row]);

export async function over(page, column, row) {
  const at = await page.evaluate(([x, y]) => {
    const box = document.querySelector(".pane").getBoundingClientRect();
    const point = window.enamelViewer.paneAt(x, y);
    return { x: box.left + point.x, y: box.top + point.y };
  }, [column, row]);
  await page.mouse.move(at.x, at.y);
  await settle(page);
  return at;
}

export async function drag(page, dx, dy, button = "left") {
  const from = await over(page, 40, 40);
  await page.mouse.down({ button });
  await page.mouse.move(from.x + dx, from.y + dy, { steps: 4 });
  await page.mouse.up({ button });
  await settle(page);
}

/** A volume opens with its planes; this puts the single images in their place. */
export async function asImages(page) {
  if ((await state(page)).planes !== null) await page.selectOption('select[aria-label="Layout"]', "images");
  await settle(page);
}

/** Several pictures that are no volume come with layouts, and intra-oral ones in a mount; this shows one picture. */
export async function asOne(page) {
  for (let turn = 0; turn < 100 && (await state(page)).pictures === null; turn++) await page.waitForTimeout(40);
  if ((await state(page)).pictures?.layout !== "one") await page.selectOption('select[aria-label="Layout of pictures"]', "one");
  await settle(page);
}

/** End the browser and forget its profile. */
export async function end() {
  await context.close();
  await rm(profile, { recursive: true, force: true });
}
