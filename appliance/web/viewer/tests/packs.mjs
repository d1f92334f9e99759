/** A pack as it arrives: coarse at first, exact when all is there; connections that break are taken up. */
import path from "node:path";
import { context, folder, open, origin, settle, state, until } from "./browser.mjs";

const greysAt = (page, cell, points) => page.evaluate(([name, line]) => window.enamelViewer.cellBrightness(name, line), [cell, points]);
const textOf = (page, name) => page.evaluate((which) => [...document.querySelectorAll(which)].filter((one) => !one.hidden).map((one) => one.textContent).join("|"), name);
const go = (name) => fetch(`${origin}/go/stream/${name}`);

async function loaded(page, count, seconds = 20) {
  const end = Date.now() + 1000 * seconds;
  while ((await state(page)).loaded < count) {
    if (Date.now() > end) throw new Error(`${(await state(page)).loaded} of ${count} after ${seconds} s`);
    await page.waitForTimeout(20);
  }
  await page.waitForTimeout(400); // planes are drawn now and then while slices come
  await settle(page);
}

async function readingAt(page, cell, point) {
  const at = await page.evaluate(([name, mm]) => window.enamelViewer.cellAt(name, mm), [cell, point]);
  await page.mouse.move(at.x, at.y);
  let words = "";
  for (let turn = 0; turn < 50 && words === ""; turn++) {
    await settle(page); // the value of a slice that is kept packed comes a moment after the hand
    words = await page.evaluate((name) => document.querySelector(`.cell.${name} .value`).textContent, cell);
  }
  return words;
}

/** What planes show along a line through the middle, the reading there, and what is said. */
async function look(page, lines, point) {
  const greys = {};
  for (const [cell, line] of Object.entries(lines)) greys[cell] = await greysAt(page, cell, line);
  return { greys, reading: await readingAt(page, "axial", point), coming: await textOf(page, ".coming"), loaded: (await state(page)).loaded };
}

/** Measure between two points by the length tool, then take it away again. */
async function measure(page, from, to) {
  const place = (point) => page.evaluate(([name, mm]) => window.enamelViewer.cellAt(name, mm), ["coronal", point]);
  await page.keyboard.press("l");
  const [a, b] = [await place(from), await place(to)];
  await page.mouse.move(a.x, a.y);
  await page.mouse.down();
  await page.mouse.move(b.x, b.y, { steps: 3 });
  await page.mouse.up();
  const { value } = (await state(page)).planes.marks.at(-1);
  await page.keyboard.press("Delete");
  await page.keyboard.press("c");
  return value;
}

export async function preview() {
  const ask = await (await fetch(`${origin}/stream/ask.json`)).json();
  const page = await open("held");
  await until(page, ["first"]);
  await settle(page);
  const found = { before: await look(page, ask.lines, ask.point) };
  found.length = await measure(page, ask.from, ask.to);
  found.slices = (await state(page)).planes.slices.length;
  if (folder !== "") await page.screenshot({ path: path.join(folder, "preview.png") });
  for (let turn = 0; turn < 40 && Math.max(0, ...(found.solid ?? [])) <= 20; turn++) {
    await page.waitForTimeout(100);
    found.solid = await greysAt(page, "solid", ask.lines.axial);
  }
  await go("held");
  await loaded(page, ask.some);
  found.some = await look(page, ask.lines, ask.point);
  await go("held");
  await until(page, ["all"]);
  await settle(page);
  found.after = await look(page, ask.lines, ask.point);
  found.stored = await page.evaluate(async (count) => {
    const sums = [];
    for (let slot = 0; slot < count; slot++) sums.push((await window.enamelViewer.stored(slot)).reduce((sum, one, i) => (sum + one * (1 + (i % 97))) % 1e9, 0));
    return sums;
  }, found.slices);
  found.small = await small(page);
  await page.close();
  found.lost = await lost(ask);
  found.waiting = await waiting(ask);
  return found;
}

/** The small picture that the study page shows: its size, and the brightness of its middle. */
async function small(page) {
  return page.evaluate(async () => {
    const worker = new Worker("/static/viewer/thumbnail.js", { type: "module" });
    const answer = new Promise((done) => worker.addEventListener("message", ({ data }) => done(data)));
    worker.postMessage({ stream: new URL("/stream/small", location.href).href, most: 96 });
    const made = await answer;
    worker.terminate();
    return made === null ? [] : [made.width, made.height, made.rgba[4 * ((made.height >> 1) * made.width + (made.width >> 1))]];
  });
}

async function loseCard(page) {
  await page.evaluate(async () => {
    const canvas = document.querySelector("canvas");
    const extension = canvas.getContext("webgl2").getExtension("WEBGL_lose_context");
    const event = (name) => new Promise((done) => canvas.addEventListener(name, () => setTimeout(done, 50), { once: true }));
    const gone = event("webglcontextlost");
    extension.loseContext();
    await gone;
    const back = event("webglcontextrestored");
    extension.restoreContext();
    await back;
  });
}

/** What the page shows of a volume whose slices the worker keeps: when all has come, and when the card has lost it. */
export async function kept() {
  const ask = await (await fetch(`${origin}/stream/ask.json`)).json();
  const found = {};
  for (const name of ["usual", "wide"]) {
    const page = await open(name);
    await until(page, ["all"]);
    await settle(page);
    const one = { kept: (await state(page)).kept, all: await look(page, ask.lines, ask.point), early: [] };
    await loseCard(page);
    for (let turn = 0; turn < 12; turn++) {
      one.early.push(...(await greysAt(page, "coronal", ask.lines.coronal)).map((grey, at) => [grey, at]));
      await page.waitForTimeout(15);
    }
    const end = Date.now() + 10_000;
    for (;;) {
      one.again = await look(page, ask.lines, ask.point);
      one.solid = await greysAt(page, "solid", ask.lines.axial);
      if ((JSON.stringify(one.again.greys) === JSON.stringify(one.all.greys) && Math.max(...one.solid) > 20) || Date.now() > end) break;
      await page.waitForTimeout(100);
    }
    one.other = await readingAt(page, "coronal", ask.other);
    one.keptAgain = (await state(page)).kept;
    found[name] = one;
    await page.close();
  }
  return found;
}

/** A lost card while slices wait that nothing has been drawn from. */
async function waiting(ask) {
  const page = await open("waiting");
  await until(page, ["first"]);
  await settle(page);
  await go("waiting");
  while ((await state(page)).loaded < ask.some) await page.waitForTimeout(5);
  await loseCard(page);
  await loaded(page, ask.some);
  const found = { some: await look(page, ask.lines, ask.point) };
  await go("waiting");
  await until(page, ["all"]);
  await settle(page);
  found.after = await look(page, ask.lines, ask.point);
  await page.close();
  return found;
}

/** A lost card while only the small volume is there. */
async function lost(ask) {
  const page = await open("lost");
  await until(page, ["first"]);
  const cell = ask.lines.coronal ? "coronal" : "axial";
  const line = ask.lines[cell];
  const before = await greysAt(page, cell, line);
  await loseCard(page);
  await settle(page);
  const after = await greysAt(page, cell, line);
  await go("lost");
  await until(page, ["all"]);
  await page.close();
  return { before, after };
}

/** Each way to break: what is loaded in the end, and what was said meanwhile. */
export async function cuts() {
  const found = {};
  await context.addInitScript(() => {
    window.said = new Set();
    const listen = () => window.said.add(document.querySelector(".cut-off")?.textContent ?? "");
    new MutationObserver(listen).observe(document, { subtree: true, childList: true });
  });
  for (const name of ["busy", "resumed", "anew", "locked", "changed", "endless"]) {
    const page = await open(name);
    const end = Date.now() + 30_000;
    let ready = "";
    while (!["all", "refused", "failed"].includes(ready) && Date.now() < end) {
      ready = await page.evaluate(() => document.querySelector("#viewer").dataset.ready ?? "");
      await page.waitForTimeout(30);
    }
    found[name] = { ready, said: await page.evaluate(() => [...window.said]), notice: await textOf(page, ".notice"), message: await textOf(page, ".message"), left: await textOf(page, ".course > *"), ...(await state(page)) };
    await page.close();
  }
  return found;
}

/** Through a narrow line: how much has come when planes are there, and what is said meanwhile. */
export async function narrow() {
  const page = await open("narrow");
  await until(page, ["first"]);
  const share = await page.evaluate(() => document.querySelector("progress").value);
  await go("narrow");
  let coming = "";
  for (let turn = 0; turn < 300 && !coming.includes("about"); turn++) {
    await page.waitForTimeout(30);
    coming = await textOf(page, ".coming");
  }
  if (folder !== "") await page.screenshot({ path: path.join(folder, "narrow.png") });
  return { share, coming, planes: (await state(page)).planes !== null };
}
