/** Takes pictures of the list, studies and every layout of the viewer in each language at desktop and tablet size: `node tools/every_page.mjs PLAN.json`. */
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { launch, looked, signIn, someone, until } from "../tests/stories/browser.mjs";

const SIZES = [["desk", { width: 1280, height: 800 }], ["tablet", { width: 768, height: 1024 }]];
const LAYOUTS = ["all", "main", "row", "axial", "coronal", "sagittal", "solid", "images"];
const LANGUAGES = ["en", "es", "pt"];
const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { url: origin } = plan.web;
const faults = { policy: [], foreign: [], errors: [], warnings: [] };
const paths = { language: "en", size: "desk" };

const take = (page, name) =>
  page.screenshot({ path: path.join(plan.folder, paths.language, paths.size, `${name}.png`), animations: "disabled" });

async function open(page, at, name, ready) {
  await page.goto(`${origin}${at}`);
  await page.waitForSelector(ready);
  await take(page, name);
}

async function tilesDrawn(page) {
  await until("small pictures are drawn", () => page.evaluate(() => [...document.querySelectorAll("[data-stream].kind")].every((tile) => tile.classList.contains("drawn") || tile.getBoundingClientRect().top > innerHeight)));
}

async function layouts(page) {
  for (const layout of LAYOUTS) {
    await page.locator("select", { has: page.locator('option[value="row"]') }).selectOption(layout);
    await page.waitForTimeout(700);
    await take(page, `viewer-${layout}`);
  }
}

/** The dialogs and lists that lie over a picture. */
async function sheets(page) {
  for (const [key, name, seen] of [["m", "measurements", ".measures h2"], ["d", "information", "dialog.information[open]"], ["?", "keys", "dialog.keys[open]"]]) {
    await page.keyboard.press(key);
    await page.waitForSelector(seen);
    await take(page, `viewer-${name}`);
    await page.keyboard.press(name === "measurements" ? key : "Escape");
    await page.waitForSelector(seen, { state: "hidden" });
  }
}

async function images(page) {
  await open(page, "/studies", "studies", ".row");
  const studies = await addresses(page.locator(".row", { hasText: plan.name }).locator('a[href^="/studies/"]'));
  for (const [number, at] of studies.entries()) await study(page, at, number + 1);
  await open(page, "/files", "files", "main");
}

async function study(page, at, number) {
  await page.goto(`${origin}${at}`);
  await page.waitForSelector(".patient");
  await tilesDrawn(page);
  await take(page, `study-${number}`);
  const series = await addresses(page.locator('a[href*="/series/"]'));
  await open(page, await page.locator('a[href^="/patients/"]').first().getAttribute("href"), "patient", "main");
  for (const [place, one] of series.entries()) await pictures(page, one, `series-${number}-${place + 1}`);
}

async function pictures(page, at, name) {
  await page.goto(`${origin}${at}`);
  await page.waitForSelector("#viewer");
  await looked(page);
  await until("films and series are drawn", () => page.evaluate(() => [...document.querySelectorAll(".tile.full canvas, .strip-of-series canvas")].every((each) => !each.parentElement.checkVisibility() || (!each.hidden && each.width > 1))), 60);
  await page.waitForTimeout(600);
  await take(page, name);
  if ((await page.locator("#viewer").getAttribute("data-mode")) !== "planes") return;
  await layouts(page);
  await sheets(page);
}

const addresses = async (links) => [...new Set(await links.evaluateAll((all) => all.map((link) => link.getAttribute("href"))))];

async function everywhere(browser, who, walk) {
  for (const language of LANGUAGES) {
    for (const [name, size] of SIZES) {
      Object.assign(paths, { language, size: name });
      mkdirSync(path.join(plan.folder, language, name), { recursive: true });
      const page = await who.page(browser, size, language);
      await walk(page);
      await page.context().close();
    }
  }
}

/** One session for all sizes and languages: a code of the authenticator app is good once. */
function account(facts) {
  let kept = null;
  const page = async (browser, size, language) => {
    const made = await someone(browser, origin, faults, size);
    const host = { domain: new URL(origin).hostname, path: "/", secure: true };
    await made.context().addCookies([...(kept ?? []), { ...host, name: "__Host-enamel-language", value: language }]);
    if (kept === null) {
      await open(made, "/login", "login", "form");
      await signIn(made, origin, facts);
      kept = (await made.context().cookies()).filter(({ name }) => !name.includes("language"));
    }
    return made;
  };
  return { page };
}

const browser = await launch();
try {
  await everywhere(browser, account(plan.dentist), images);
} finally {
  await browser.close();
}
