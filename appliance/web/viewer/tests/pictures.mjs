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
  return found;
}
