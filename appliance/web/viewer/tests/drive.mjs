/** Drives the viewer in a real Chromium for tests/viewer: `node drive.mjs ORIGIN SCENARIO [FOLDER]` prints one JSON object. */
import path from "node:path";
import { asImages, brightness, context, corner, drag, end, faults, folder, open, origin, over, scenario, settle, state, until, words } from "./browser.mjs";
import { halvedPlanes, hands } from "./hands.mjs";
import { local } from "./local.mjs";
import { cuts, kept, narrow, preview } from "./packs.mjs";
import { locks } from "./locks.mjs";
import { mount } from "./mount.mjs";
import { shades, sizes } from "./pictures.mjs";
import { planes } from "./planes.mjs";
import { strip } from "./strip.mjs";
import { storing } from "./storing.mjs";

/** Compare every slot of a series with the values the other decoder found. */
async function values() {
  const page = await open("series");
  await until(page, ["all"]);
  const compared = await page.evaluate(async () => {
    const { images, problems } = window.enamelViewer.state();
    const results = [];
    for (let slot = 0; slot < images; slot++) {
      const stored = await window.enamelViewer.stored(slot);
      const answer = await fetch(`/expected/${slot}.bin`);
      const expected = answer.ok ? new Float64Array(await answer.arrayBuffer()) : null;
      let most = 0;
      for (let i = 0; stored && expected && i < expected.length; i++) {
        const away = Math.abs(stored[i] - expected[i]);
        if (!(away <= most) && !(Number.isNaN(stored[i]) && Number.isNaN(expected[i]))) most = Number.isNaN(away) ? 1e300 : away;
      }
      results.push({ slot, decoded: stored?.length ?? null, expected: expected?.length ?? null, most, problem: problems[slot] });
    }
    return results;
  });
  return { compared, state: await state(page) };
}

async function phantom() {
  const page = await open("phantom");
  const found = {};
  await until(page, ["all"]);
  await asImages(page);
  found.start = await state(page);
  found.edges = await page.evaluate(() => [...document.querySelectorAll(".pane > .edge")].map((edge) => edge.textContent));
  await over(page, 57, 33);
  found.reading = await corner(page, "reading");
  found.image = await corner(page, "image");
  found.brightness = [await brightness(page, 113, 42), await brightness(page, 60, 40), await brightness(page, 127, 95)];
  await page.keyboard.press("i");
  found.inverted = await brightness(page, 113, 42);
  await page.keyboard.press("r");
  await page.mouse.wheel(0, 120);
  await settle(page);
  found.wheel = (await state(page)).shown;
  await over(page, 57, 33);
  found.readingAfterWheel = await corner(page, "reading");
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowDown");
  await settle(page);
  found.keys = (await state(page)).shown;
  await drag(page, 40, -20);
  found.dragged = (await state(page)).window;
  found.saysWindow = await corner(page, "window");
  await over(page, 20, 70);
  await page.keyboard.down("Control");
  await page.mouse.wheel(0, -100);
  await page.keyboard.up("Control");
  await settle(page);
  found.zoom = (await state(page)).view;
  found.stillUnder = await corner(page, "reading");
  await page.keyboard.press("p");
  await drag(page, 30, 0);
  found.panned = (await state(page)).view;
  await page.keyboard.press("r");
  found.pinched = await pinch(page);
  await page.keyboard.press("r");
  await settle(page);
  found.lost = await loseContext(page);
  return found;
}

async function pinch(page) {
  const box = await page.locator(".pane").boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const touch = await context.newCDPSession(page);
  const send = (type, gap) =>
    touch.send("Input.dispatchTouchEvent", {
      type,
      touchPoints: gap === null ? [] : [{ x: x - gap, y, id: 0 }, { x: x + gap, y, id: 1 }],
    });
  await send("touchStart", 50);
  for (const gap of [60, 75, 90, 100]) await send("touchMove", gap);
  await send("touchEnd", null);
  await settle(page);
  return (await state(page)).view.zoom;
}

async function loseContext(page) {
  const before = await brightness(page, 113, 42);
  await page.evaluate(async () => {
    const canvas = document.querySelector("canvas");
    const extension = canvas.getContext("webgl2").getExtension("WEBGL_lose_context");
    const event = (name) => new Promise((done) => canvas.addEventListener(name, () => setTimeout(done, 50), { once: true }));
    const lost = event("webglcontextlost");
    extension.loseContext();
    await lost;
    const restored = event("webglcontextrestored");
    extension.restoreContext();
    await restored;
  });
  await settle(page);
  return { before, after: await brightness(page, 113, 42), notice: await words(page, ".notice") };
}

async function halved() {
  const page = await open("phantom", "?0.1");
  await until(page, ["all"]);
  await asImages(page);
  await over(page, 57, 33);
  return { state: await state(page), notice: await words(page, ".lasting"), reading: await corner(page, "reading"), brightness: await brightness(page, 113, 42) };
}

/** A later slice far outside the first one's range: everything is kept anew, and brightness stays right. */
async function wide() {
  const page = await open("wide");
  await until(page, ["all"]);
  await asImages(page);
  const found = { brightness: [], readings: [] };
  await page.keyboard.press("Home");
  for (let image = 0; image < (await state(page)).images; image++) {
    await settle(page);
    await over(page, 57, 33);
    found.readings.push(await corner(page, "reading"));
    found.brightness.push((await brightness(page, 57, 33))[0]);
    await page.keyboard.press("ArrowDown");
  }
  return found;
}

async function troubles() {
  const found = {};
  for (const name of ["401", "403", "404", "423", "500", "garbage", "short", "mixed", "rotten", "empty"]) {
    const page = await open(name);
    found[name] = { ready: await until(page, ["all", "refused", "failed", "empty"]), message: await words(page, ".message"), notice: await words(page, ".notice"), state: await state(page) };
    await page.close();
  }
  return found;
}

async function pictures() {
  for (const [width, height] of [[1440, 900], [768, 1024]]) {
    const page = await open("series");
    await page.setViewportSize({ width, height });
    await until(page, ["all"]);
    const { images } = await state(page);
    await over(page, 120, 120);
    await settle(page);
    await page.screenshot({ path: path.join(folder, `viewer-${width}x${height}.png`) });
    await page.keyboard.press("?");
    if (images > 0) await page.screenshot({ path: path.join(folder, `viewer-help-${width}x${height}.png`) });
    await page.close();
  }
  return { folder };
}

async function timing() {
  const page = await open("series");
  await until(page, ["all"]);
  const first = await page.evaluate(() => performance.getEntriesByName("enamel-first-picture")[0].startTime);
  return { first, all: await page.evaluate(() => performance.now()) };
}

const SCENARIOS = { kept, strip: () => strip(origin, faults), cuts, narrow, preview, local, locks, storing, mount: () => mount(origin, faults), values, phantom, planes, hands, halvedPlanes, shades, sizes, halved, wide, troubles, pictures, timing };
try {
  const found = await SCENARIOS[scenario]();
  console.log(JSON.stringify({ found, faults }));
} finally {
  await end();
}
