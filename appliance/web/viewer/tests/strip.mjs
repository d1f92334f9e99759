/** Changing between a study's series inside the viewer, by the strip's cards and by keys: the other is shown, and this one is as it was on coming back. */
import { context, settle, state, until } from "./browser.mjs";

const where = (page) => page.evaluate(() => ({ path: location.pathname, marked: document.querySelector(".strip-of-series [aria-current]").getAttribute("href"), subject: document.querySelector(".subject").textContent.trim() }));

async function shown(page) {
  await until(page, ["all"]);
  await settle(page);
  const { images, planes } = await state(page);
  return { images, slab: planes?.slabMm ?? null, crosshair: planes?.crosshair.at ?? null, ...(await where(page)) };
}

/** Ready is what the series before was, too: wait until the address has changed. */
async function changed(page, path) {
  for (let turn = 0; turn < 250 && new URL(page.url()).pathname !== path; turn++) await page.waitForTimeout(20);
  return shown(page);
}

export async function strip(origin, faults) {
  const page = await context.newPage();
  const asked = [];
  page.on("pageerror", (error) => faults.errors.push(String(error)));
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await page.goto(`${origin}/series/1/view`);
  const found = { first: await shown(page) };
  await page.keyboard.press("Control+ArrowRight");
  for (let press = 0; press < 4; press++) await page.keyboard.press("]");
  await settle(page);
  found.touched = await shown(page);
  await page.evaluate(() => (window.isSamePage = true));
  await page.locator('.strip-of-series a[href="/series/2/view"]').click();
  found.byClick = await changed(page, "/series/2/view");
  await page.keyboard.press(",");
  found.byKey = await changed(page, "/series/1/view");
  await page.keyboard.press(",");
  found.round = await changed(page, "/series/2/view");
  await page.keyboard.press(".");
  found.forth = await changed(page, "/series/1/view");
  await page.keyboard.press("t");
  found.hidden = await page.evaluate(() => document.querySelector(".strip-of-series").hidden);
  found.isSamePage = await page.evaluate(() => window.isSamePage === true);
  found.pages = asked.filter((path) => path.endsWith("/view"));
  return found;
}
