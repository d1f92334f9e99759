/** Fingers, pen, keyboard, layouts, the lock and a lost card, on the linked planes of a block. */
import { context, open, settle, state, until, words } from "./browser.mjs";

const planesOf = async (page) => (await state(page)).planes;
const greysAt = (page, cell, points) => page.evaluate(([name, line]) => window.enamelViewer.cellBrightness(name, line), [cell, points]);
const LINE = Array.from({ length: 30 }, (_, i) => [i, 20, 9.1]);

async function opened(query = "") {
  const page = await open("block", query);
  await page.setViewportSize({ width: 1280, height: 800 });
  await until(page, ["all"]);
  await settle(page);
  return page;
}

/** Two fingers in a cell: each of `steps` holds both fingers' ways from the middle. */
async function fingers(page, cell, steps) {
  const box = await page.locator(`.cell.${cell}`).boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const touch = await context.newCDPSession(page);
  const send = (type, points) => touch.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([dx, dy], id) => ({ x: x + dx, y: y + dy, id })) });
  await send("touchStart", steps[0]);
  for (const step of steps.slice(1)) await send("touchMove", step);
  await send("touchEnd", []);
  await settle(page);
}

const scale = async (page) => (await page.evaluate(() => [[0, 0, 0], [10, 0, 0]].map((mm) => window.enamelViewer.cellAt("axial", mm).x))).reduce((a, b) => b - a) / 10;

async function touches(page) {
  const start = { window: (await state(page)).window, scale: await scale(page), crosshair: (await planesOf(page)).crosshair.at };
  await fingers(page, "axial", [[[-50, 0], [50, 0]], [[-40, 5], [60, 5]], [[-20, 10], [80, 10]], [[-10, 20], [90, 20]]]);
  const aside = { window: (await state(page)).window, scale: await scale(page), crosshair: (await planesOf(page)).crosshair.at };
  await fingers(page, "axial", [[[-40, 0], [40, 0]], [[-60, 0], [60, 0]], [[-80, 0], [80, 0]]]);
  const apart = { window: (await state(page)).window, scale: await scale(page), crosshair: (await planesOf(page)).crosshair.at };
  return { start, aside, apart };
}

/** A pen draws while the hand rests on the glass: only the pen counts. Playwright has no pen, so its events are made. */
async function pen(page) {
  await page.keyboard.press("l");
  await page.evaluate(() => {
    const cell = document.querySelector(".cell.axial");
    const box = cell.getBoundingClientRect();
    const send = (name, pointerType, pointerId, x, y, button = 0) =>
      cell.dispatchEvent(new PointerEvent(name, { pointerType, pointerId, button, clientX: box.left + x, clientY: box.top + y, bubbles: true }));
    cell.setPointerCapture = () => undefined; // made events have no pointer that could be captured
    send("pointerdown", "touch", 7, 200, 150);
    send("pointerdown", "pen", 8, 80, 80);
    send("pointermove", "touch", 7, 220, 190);
    send("pointermove", "pen", 8, 140, 80);
    send("pointerup", "pen", 8, 140, 80);
    send("pointerup", "touch", 7, 220, 190);
  });
  await settle(page);
  const drawn = (await planesOf(page)).marks.length;
  await page.evaluate(() => {
    const cell = document.querySelector(".cell.axial");
    cell.dispatchEvent(new PointerEvent("pointerdown", { pointerType: "pen", pointerId: 9, button: 5, bubbles: true }));
  });
  await settle(page);
  return { drawn, erased: (await planesOf(page)).marks.length };
}

async function keys(page) {
  await page.keyboard.press("r");
  await page.locator(".cell.axial").focus();
  const start = (await planesOf(page)).crosshair.at;
  for (let i = 0; i < 4; i++) await page.keyboard.press("Control+ArrowRight");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("]");
  await page.keyboard.press("]");
  await page.keyboard.press("k");
  await settle(page);
  const moved = await planesOf(page);
  await page.keyboard.press("l");
  await page.keyboard.press(" ");
  for (let i = 0; i < 10; i++) await page.keyboard.press("Control+ArrowRight");
  await page.keyboard.press(" ");
  await settle(page);
  const measured = (await planesOf(page)).marks.map(({ value }) => value);
  await page.keyboard.press("Tab");
  await page.keyboard.press("E");
  await settle(page);
  const turned = await planesOf(page);
  const active = await page.evaluate(() => document.querySelector(".cell.active").dataset.cell);
  await page.keyboard.press("c");
  return { start, moved, measured, turned: turned.crosshair.left, active };
}

async function layouts(page) {
  const shown = () => page.evaluate(() => [...document.querySelectorAll(".cell")].filter((cell) => !cell.hidden).map((cell) => `${cell.dataset.cell}${cell.classList.contains("large") ? " large" : ""}`));
  const found = {};
  for (const layout of ["row", "main"]) {
    await page.selectOption('select[aria-label="Layout"]', layout);
    await settle(page);
    found[layout] = await shown();
  }
  await page.keyboard.press("l");
  await page.locator(".cell.sagittal").dblclick();
  found.measuring = await shown();
  await page.keyboard.press("c");
  await page.locator(".cell.sagittal").dblclick();
  found.swapped = await shown();
  await page.locator(".cell.sagittal").dblclick();
  found.alone = await shown();
  await page.locator(".cell.sagittal").dblclick();
  found.back = await shown();
  await page.selectOption('select[aria-label="Layout"]', "all");
  return found;
}

async function lost(page) {
  await page.selectOption('select[aria-label="Slab preset"]', "most 5");
  await settle(page);
  const before = { planes: await planesOf(page), greys: await greysAt(page, "axial", LINE) };
  const gone = await page.evaluate(async () => {
    const canvas = document.querySelector("canvas");
    const gl = canvas.getContext("webgl2");
    const extension = gl.getExtension("WEBGL_lose_context");
    const event = (name) => new Promise((done) => canvas.addEventListener(name, () => setTimeout(done, 50), { once: true }));
    const lost = event("webglcontextlost");
    extension.loseContext();
    await lost;
    const notice = document.querySelector(".notice").textContent;
    const restored = event("webglcontextrestored");
    extension.restoreContext();
    await restored;
    return notice;
  });
  await settle(page);
  return { before, gone, after: { planes: await planesOf(page), greys: await greysAt(page, "axial", LINE) }, notice: await words(page, ".notice") };
}

/** The list of measurements: named, gone to, taken away. */
async function list(page) {
  await page.keyboard.press("m");
  const rows = () => page.locator(".measures li").count();
  const before = await rows();
  await page.locator(".measures input").first().fill("Canine");
  await page.keyboard.press("Tab");
  const value = await page.locator(".measures .value").first().textContent();
  const away = (await planesOf(page)).crosshair.at;
  await page.locator(".measures .value").first().click();
  await settle(page);
  const there = (await planesOf(page)).crosshair.at;
  await page.locator(".cell.coronal").focus();
  await page.keyboard.press("l");
  await page.keyboard.press(" ");
  await page.keyboard.press("Control+ArrowDown");
  await page.keyboard.press(" ");
  await settle(page);
  const more = await rows();
  await page.locator(".measures .remove").last().click();
  await settle(page);
  const found = { before, value, away, there, more, after: await rows(), named: await page.locator(".measures input").first().inputValue() };
  await page.keyboard.press("c");
  await page.locator(".cell.axial").focus();
  await page.keyboard.press("m");
  return found;
}

/** What a locked screen does: the page goes, and the same page comes again after unlocking. */
async function locked(page) {
  await page.keyboard.press("2");
  await settle(page);
  const before = await state(page);
  const stored = await page.evaluate(() => JSON.stringify(Object.entries(sessionStorage)));
  await page.goto("about:blank");
  await page.goBack();
  await until(page, ["all"]);
  await settle(page);
  const kept = await page.evaluate(() => JSON.stringify(Object.entries(sessionStorage)));
  return { before, after: await state(page), stored, kept };
}

export async function hands() {
  const page = await opened();
  const found = { touches: await touches(page), pen: await pen(page), keys: await keys(page), layouts: await layouts(page), lost: await lost(page), list: await list(page) };
  found.locked = await locked(page);
  await page.close();
  return found;
}

export async function halvedPlanes() {
  const full = await opened();
  const sharp = await greysAt(full, "axial", LINE);
  const page = await opened("?0.2");
  const box = await page.evaluate(() => window.enamelViewer.cellAt("axial", [20, 10, 5]));
  await page.mouse.move(box.x, box.y);
  await settle(page);
  const reading = await page.evaluate(() => document.querySelector(".cell.axial .value").textContent);
  return { state: await state(page), notice: await words(page, ".lasting"), sharp, coarse: await greysAt(page, "axial", LINE), reading };
}
