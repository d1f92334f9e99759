/** The linked planes by real hands, on a block of known size at a known place. */
import { context, open, settle, state, until } from "./browser.mjs";

const CELLS = ["axial", "coronal", "sagittal"];

const planesOf = async (page) => (await state(page)).planes;
const placeOf = (page, cell, point) => page.evaluate(([name, mm]) => window.enamelViewer.cellAt(name, mm), [cell, point]);
const greysAt = (page, cell, points) => page.evaluate(([name, line]) => window.enamelViewer.cellBrightness(name, line), [cell, points]);
const edgesOf = (page, cell) => page.evaluate((name) => [...document.querySelectorAll(`.cell.${name} .edge`)].map((edge) => edge.textContent), cell);

async function press(page, at, ...way) {
  await page.mouse.move(at.x, at.y);
  await page.mouse.down();
  for (const to of way) await page.mouse.move(to.x, to.y, { steps: 3 });
  await page.mouse.up();
  await settle(page);
}

/** Drag the crosshair to a point in one plane, then in another. */
async function aim(page, point) {
  await page.keyboard.press("c");
  for (const cell of ["axial", "coronal"]) {
    const { crosshair } = await planesOf(page);
    await press(page, await placeOf(page, cell, crosshair.at), await placeOf(page, cell, point));
  }
}

async function readingAt(page, cell, point) {
  const at = await placeOf(page, cell, point);
  await page.mouse.move(at.x, at.y);
  await settle(page);
  return page.evaluate((name) => document.querySelector(`.cell.${name} .value`).textContent, cell);
}

/** Measure between two points with the length tool, by mouse. */
async function measure(page, cell, from, to) {
  await page.keyboard.press("l");
  await press(page, await placeOf(page, cell, from), await placeOf(page, cell, to));
  return (await planesOf(page)).marks.at(-1)?.value;
}

/** Measure by clicks alone, as the tools say: two for a length, three for an angle, one for nothing. */
async function clicked(page, corner, along, across) {
  const at = async (point) => press(page, await placeOf(page, "axial", point));
  const told = {};
  for (const [key, ...points] of [["l", corner, along], ["a", along, corner, across]]) {
    await page.keyboard.press(key);
    for (const point of points) await at(point);
    told[key] = (await planesOf(page)).marks.at(-1)?.value;
    await page.keyboard.press("Delete");
  }
  await at(across);
  await page.keyboard.press("l");
  await page.mouse.move(10, 10);
  const middle = await placeOf(page, "axial", corner);
  await page.mouse.move(middle.x, middle.y);
  await settle(page);
  return { ...told, left: (await planesOf(page)).marks.length };
}

/** How long the block is on the screen, in mm, from its brightness alone along a line of points: half of the block's own is its face. */
async function seen(page, cell, from, to, steps = 400) {
  const points = Array.from({ length: steps + 1 }, (_, step) => from.map((part, axis) => part + ((to[axis] - part) * step) / steps));
  const levels = await greysAt(page, cell, points);
  return (levels.filter((level) => level > 134).length / (steps + 1)) * Math.hypot(...from.map((part, axis) => to[axis] - part));
}

/** Turn the planes by a real drag of a handle in the axial cell. */
async function turn(page, degrees) {
  await page.keyboard.press("c");
  const { crosshair } = await planesOf(page);
  const middle = await placeOf(page, "axial", crosshair.at);
  const box = await page.locator(".cell.axial").boundingBox();
  const far = 0.36 * Math.min(box.width, box.height);
  const at = (angle) => ({ x: middle.x + far * Math.cos(angle), y: middle.y + far * Math.sin(angle) });
  await press(page, at(0), at((degrees * Math.PI) / 360), at((degrees * Math.PI) / 180));
}

async function touched(page) {
  const before = (await planesOf(page)).crosshair.at;
  const touch = await context.newCDPSession(page);
  const box = await page.locator(".cell.sagittal").boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const send = (type, points) => touch.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([dx, id]) => ({ x: x + dx, y, id })) });
  await send("touchStart", [[-40, 0], [40, 1]]);
  for (const gap of [50, 60, 80]) await send("touchMove", [[-gap, 0], [gap, 1]]);
  await send("touchEnd", []);
  await settle(page);
  return { before, after: (await planesOf(page)).crosshair.at };
}

export async function planes() {
  const page = await open("block");
  await until(page, ["all"]);
  await settle(page);
  const { block } = await page.evaluate(async () => (await fetch("/expected/block.json")).json());
  const [low, high] = [block.low, block.high];
  const middle = low.map((part, axis) => (part + high[axis]) / 2);
  const found = { start: await planesOf(page), edges: {}, measured: {}, seen: {}, readings: {} };
  for (const cell of CELLS) found.edges[cell] = await edgesOf(page, cell);
  await aim(page, middle);
  found.aimed = (await planesOf(page)).crosshair.at;
  for (const [cell, axis] of [["axial", 0], ["coronal", 2], ["sagittal", 1]]) {
    const to = (value) => middle.map((part, at) => (at === axis ? value : part));
    found.measured[cell] = await measure(page, cell, to(low[axis]), to(high[axis]));
    found.seen[cell] = await seen(page, cell, to(low[axis] - 2), to(high[axis] + 2));
    await page.keyboard.press("Delete");
  }
  found.clicked = await clicked(page, [low[0], low[1], middle[2]], [high[0], low[1], middle[2]], [low[0], high[1], middle[2]]);
  for (const [name, { point, cell }] of Object.entries(block.voxels)) {
    await aim(page, point);
    found.readings[name] = { words: await readingAt(page, cell, point), grey: (await greysAt(page, cell, [point]))[0] };
  }
  await aim(page, middle);
  await turn(page, 30);
  found.turned = await planesOf(page);
  const { left } = found.turned.crosshair;
  const along = (by) => middle.map((part, axis) => part + by * left[axis]);
  found.measured.oblique = await measure(page, "coronal", along(-5), along(5));
  found.seen.oblique = await seen(page, "coronal", along(-8), along(8));
  await page.keyboard.press("r");
  await settle(page);
  found.touched = await touched(page);
  found.end = await planesOf(page);
  return found;
}
