/** A dentist looks at a study in two tabs and signs out: `node nothing_kept.mjs PLAN.json` prints what the browser still has. */
import { readFileSync } from "node:fs";
import { launchKept, looked, pageOf, signIn } from "./browser.mjs";
import { at, press } from "./pages.mjs";

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { url: origin } = plan.facts.web;
const faults = { policy: [], foreign: [], errors: [], warnings: [] };
const found = { faults };

/** What pages of the box stored, in one tab. */
const stored = (page) =>
  page.evaluate(async () => ({
    session: Object.keys(sessionStorage).length,
    local: Object.keys(localStorage).length,
    databases: (await indexedDB.databases()).length,
    caches: (await caches.keys()).length,
    workers: (await navigator.serviceWorker.getRegistrations()).length,
  }));

/** Open the images, turn to another slice, and open them anew: how the series is looked at is kept when its page is left. */
async function lookAt(page, where) {
  await page.goto(where);
  await looked(page);
  await page.locator(".cells").hover({ position: { x: 120, y: 160 } });
  await page.mouse.wheel(0, 120);
  await page.reload();
  await looked(page);
}

const context = await launchKept(plan.profile, plan.key);
try {
  const page = await pageOf(context, origin, faults);
  await signIn(page, origin, plan.facts.dentist);
  await page.goto(`${origin}/studies`);
  await page.locator(".row .name a").first().click();
  await page.waitForSelector(".patient");
  await page.getByText("Open images").click();
  await looked(page);
  const where = page.url();
  await lookAt(page, where);
  const other = await pageOf(context, origin, faults);
  await lookAt(other, where);
  await page.goto(`${origin}/studies`);
  await page.evaluate(() => localStorage.setItem("enamel-teeth", "fdi")); // as the viewer keeps it besides its cookie
  found.before = [await stored(page), await stored(other)];

  await page.bringToFront();
  await page.locator(".me > summary").click();
  const began = Date.now();
  await press(page, "Sign out");
  await at(page, "/login");
  found.milliseconds = Date.now() - began;
  await at(other, "/login");
  await Promise.all([page, other].map((each) => each.waitForLoadState("load")));
  found.after = [await stored(page), await stored(other)];
  found.cookies = (await context.cookies()).map(({ name }) => name).sort();
} finally {
  await context.close();
}
console.log(JSON.stringify(found));
