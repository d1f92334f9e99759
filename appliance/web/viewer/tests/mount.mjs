/** The mount by real hands: what hangs where, looking large, comparing, moving by mouse and by keys, and taking it up after a lock. */
import { brightness, context, corner, settle, state, until } from "./browser.mjs";

const tile = (id) => `.tile[data-place="${id}"]`;
const text = (page, selector) => page.evaluate((which) => document.querySelector(which)?.textContent ?? null, selector);
const pictures = async (page) => (await state(page)).pictures;
const focused = (page) => page.evaluate(() => document.activeElement?.closest("[data-place]")?.dataset.place ?? null);

async function opened(origin, faults) {
  const page = await context.newPage();
  page.on("request", (request) => !request.url().startsWith(origin) && !request.url().startsWith("data:") && faults.foreign.push(request.url()));
  page.on("pageerror", (error) => faults.errors.push(String(error)));
  await page.goto(`${origin}/mount`);
  return page;
}

/** All of both series hang, and their small pictures are drawn. */
async function hung(page, images) {
  await until(page, ["all"]);
  for (let turn = 0; turn < 250; turn++) {
    const found = await state(page);
    const drawn = await page.evaluate(() => document.querySelectorAll(".tile canvas:not([hidden])").length);
    if (found.loaded === images && drawn === images) return;
    await page.waitForTimeout(40);
  }
  throw new Error(`not hung: ${JSON.stringify(await state(page))}`);
}

/** Brightness in the middle of a tile's small picture. */
const shade = (page, id) =>
  page.evaluate((which) => {
    const canvas = document.querySelector(`${which} canvas`);
    return canvas.getContext("2d").getImageData(canvas.width >> 1, canvas.height >> 1, 1, 1).data[0];
  }, tile(id));

async function large(page, found) {
  await page.locator(tile("upper right molar")).click();
  await settle(page);
  const at = async () => ({ shown: (await state(page)).shown, said: await corner(page, "image"), count: await text(page, ".counter") });
  found.large = await at();
  found.note = await corner(page, "series");
  await page.keyboard.press("ArrowRight");
  await settle(page);
  found.next = await at();
  await page.keyboard.press("End");
  await settle(page);
  found.last = await at();
  await page.keyboard.press("Escape");
  await settle(page);
  found.back = { layout: (await pictures(page)).layout, focused: await focused(page) };
}

async function compared(page, found) {
  await page.locator(tile("upper right molar")).click({ modifiers: ["Shift"] });
  await page.locator(tile("upper left molar")).click();
  await settle(page);
  found.two = { ...(await pictures(page)), shown: (await state(page)).shown, grey: (await brightness(page, 32, 24))[0] };
  const boxes = await page.evaluate(() => [...document.querySelectorAll(".pane")].map((pane) => pane.getBoundingClientRect().toJSON()));
  found.boxes = boxes.map(({ x, width }) => ({ x, width }));
  await page.mouse.move(boxes[1].x + boxes[1].width / 2, boxes[1].y + boxes[1].height / 2);
  await settle(page);
  found.besideReading = await page.evaluate(() => document.querySelector(".pane.second .corner.reading").textContent);
  await page.mouse.down();
  await page.mouse.up();
  await page.keyboard.press("ArrowRight");
  await settle(page);
  const after = await pictures(page);
  found.moved = { beside: after.beside, active: after.active, shown: (await state(page)).shown };
  await page.keyboard.press("Escape");
  await settle(page);
}

async function drag(page, from, to) {
  const [start, end] = [await page.locator(tile(from)).boundingBox(), await page.locator(tile(to)).boundingBox()];
  await page.mouse.move(start.x + start.width / 2, start.y + start.height / 2);
  await page.mouse.down();
  await page.mouse.move(end.x + end.width / 2, end.y + end.height / 2, { steps: 4 });
  await page.mouse.up();
  await settle(page);
}

async function moved(page, found) {
  await page.locator(".tray .tile").first().focus();
  await page.keyboard.press(" ");
  await settle(page);
  found.carrying = await text(page, ".mount .said");
  await page.keyboard.press("Escape");
  await settle(page);
  found.left = (await pictures(page)).mount.tray.length;
  await page.locator(".tray .tile").first().focus();
  await page.keyboard.press(" ");
  for (let step = 0; step < 12 && (await focused(page)) !== "lower left molar"; step++) await page.keyboard.press((await focused(page)).startsWith("tray") ? "ArrowUp" : "ArrowRight");
  found.aimed = await focused(page);
  await page.keyboard.press(" ");
  await settle(page);
  found.byKeys = (await pictures(page)).mount;
  await drag(page, "upper right molar", "upper left molar");
  found.byMouse = (await pictures(page)).mount.places;
}

async function lockedOut(page, images, found) {
  await page.goto("about:blank");
  await page.goBack();
  await hung(page, images);
  await settle(page);
  found.again = (await pictures(page)).mount.places;
  found.stored = await page.evaluate(() => JSON.stringify(Object.entries(sessionStorage)));
  await page.getByRole("button", { name: /Put every picture back/ }).click();
  await settle(page);
  found.undone = (await pictures(page)).mount.places;
}

/** A sign-out empties what pages stored; how teeth are numbered stays. */
async function signedOut(page, images, found) {
  const numbers = 'select[aria-label="Tooth numbers"]';
  await page.selectOption(numbers, "universal");
  await page.evaluate(() => [localStorage, sessionStorage].forEach((each) => each.clear()));
  await page.reload();
  await hung(page, images);
  found.numberedAfter = await page.inputValue(numbers);
}

export async function mount(origin, faults) {
  const page = await opened(origin, faults);
  const found = {};
  const { images } = await page.evaluate(async () => (await fetch("/expected/mount.json")).json());
  await hung(page, images);
  found.start = await pictures(page);
  found.lefts = await page.evaluate(() => Object.fromEntries([...document.querySelectorAll(".tile:not([hidden])")].map((one) => [one.dataset.place, one.getBoundingClientRect().left])));
  found.shades = [await shade(page, "upper right molar"), await shade(page, "upper left molar")];
  found.labels = await page.evaluate(() => [...document.querySelectorAll(".tile.full")].map((one) => one.getAttribute("aria-label")));
  found.said = await text(page, ".mount .said");
  await page.selectOption('select[aria-label="Tooth numbers"]', "universal");
  await settle(page);
  found.universal = await text(page, `${tile("upper right molar")} b`);
  await page.selectOption('select[aria-label="Tooth numbers"]', "fdi");
  await large(page, found);
  await compared(page, found);
  await moved(page, found);
  await lockedOut(page, images, found);
  await signedOut(page, images, found);
  return found;
}
