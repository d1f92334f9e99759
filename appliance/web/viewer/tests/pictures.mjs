/** Single pictures by real hands: brightness under the scanner's windows and tables, sizes, marks. */
import { asOne, brightness, corner, open, settle, state, until, words } from "./browser.mjs";

const place = (page, [column, row]) =>
  page.evaluate(([x, y]) => {
    const box = document.querySelector(".pane").getBoundingClientRect();
    const point = window.enamelViewer.paneAt(x, y);
    return { x: box.left + point.x, y: box.top + point.y };
  }, [column, row]);

async function go(page, image) {
  await page.keyboard.press("Home");
  for (let step = 0; step < image; step++) await page.keyboard.press("ArrowDown");
  await settle(page);
}

/** One picture after another: what its pixels look like on the screen. */
export async function shades() {
  const page = await open("series");
  await until(page, ["all"]);
  await asOne(page);
  const points = await page.evaluate(async () => (await fetch("/expected/points.json")).json());
  const found = [];
  for (let image = 0; image < (await state(page)).images; image++) {
    await go(page, image);
    const seen = [];
    for (const [column, row] of points) seen.push(await brightness(page, column, row));
    found.push({ seen, window: await corner(page, "window"), series: await corner(page, "series") });
  }
  return found;
}

async function draw(page, from, ...way) {
  const start = await place(page, from);
  await page.mouse.move(start.x, start.y);
  await page.mouse.down();
  for (const to of way) {
    const at = await place(page, to);
    await page.mouse.move(at.x, at.y, { steps: 3 });
  }
  await page.mouse.up();
  await settle(page);
}

const written = (page) => page.evaluate(() => [...document.querySelectorAll(".marks.flat text")].map((text) => text.textContent));

/** The list of measurements: of all pictures, each goes to its own. */
async function listed(page, found) {
  await page.keyboard.press("m");
  await page.locator(".measures input").first().fill("Root");
  await page.keyboard.press("Tab");
  const rows = () => page.evaluate(() => [...document.querySelectorAll(".measures .value")].map((value) => value.textContent));
  found.rows = await rows();
  await page.locator(".measures .value").last().click();
  await settle(page);
  found.gone = (await state(page)).shown;
  await page.locator(".measures .remove").last().click();
  await settle(page);
  found.rowsAfter = (await rows()).length;
}

/** What a locked screen does: the page goes, and the same page comes again after unlocking. */
async function lockedOut(page, found) {
  await page.keyboard.press("Home");
  await draggedBrightness(page);
  found.before = await kept(page);
  await page.goto("about:blank");
  await page.goBack();
  await until(page, ["all"]);
  await asOne(page);
  found.after = await kept(page);
  await page.keyboard.press("m");
  found.name = await page.locator(".measures input").first().inputValue();
  await page.keyboard.press("ArrowDown");
  await settle(page);
  found.otherWindow = (await state(page)).window;
}

async function draggedBrightness(page) {
  await page.keyboard.press("w");
  await draw(page, [20, 20], [60, 40]);
}

async function kept(page) {
  const { marks, window } = await state(page);
  return { marks, window, drawn: await written(page) };
}

/** A length and an angle on each picture; then back to the first. */
export async function sizes() {
  const page = await open("series");
  await until(page, ["all"]);
  await asOne(page);
  const found = { pictures: [] };
  const { images } = await state(page);
  for (let image = 0; image < images; image++) {
    await go(page, image);
    await page.keyboard.press("l");
    await draw(page, [20, 20], [70, 20]);
    await draw(page, [20, 30], [20, 80]);
    const notice = await words(page, ".notice");
    await page.keyboard.press("a");
    await draw(page, [80, 80], [60, 80]);
    await draw(page, [80, 60], [80, 60]);
    found.pictures.push({ notice, note: await corner(page, "series"), words: await written(page), edges: await page.evaluate(() => [...document.querySelectorAll(".pane > .edge")].map((edge) => edge.textContent)) });
  }
  await go(page, 0);
  found.again = await written(page);
  await page.keyboard.press("l");
  await draw(page, [70, 20], [45, 20]);
  found.moved = await written(page);
  await page.keyboard.press("Delete");
  await settle(page);
  found.deleted = await written(page);
  await page.keyboard.press("r");
  found.marks = (await state(page)).marks;
  await listed(page, found);
  await lockedOut(page, found);
  return found;
}
