/** Somebody decides on a page that is kept fresh: `node deciding.mjs PLAN.json`. What the clinic's test is to change meanwhile it is asked for, a line each. */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { launch, someone, until } from "./browser.mjs";
import { at, byPassword, pictures, press, words } from "./pages.mjs";

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { origin, who } = plan;
const HERE = `${origin}/keeping/backups`;
const faults = { policy: [], foreign: [], errors: [], warnings: [] };
const found = { faults };
const picture = pictures(plan.pictures);
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const ROW = "#list tbody tr:first-child";
const FIELD = `${ROW} input.code`;
const BUTTON = `${ROW} [data-proof]`;

/** Have the test do something at the clinic; give its answer. */
async function ask(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`);
  return JSON.parse((await answers.next()).value);
}

/** Have another disk added elsewhere; wait until this page has heard of it, asked, and done what it does. */
async function addDisk(page, disk) {
  const asked = page.waitForResponse((answer) => answer.request().headers()["x-enamel-background"] === "1" && answer.url() === HERE);
  await ask({ disk });
  await (await asked).finished();
  await page.evaluate(() => new Promise((done) => setTimeout(done, 200)));
}

const listed = (page) => page.locator("#list tbody b").allTextContents();

const browser = await launch();
try {
  const page = await someone(browser, origin, faults);
  await byPassword(page, origin, who.user, who.password);
  await at(page, "/login/code");
  await page.fill("input[name=code]", (await ask({ code: true })).code);
  await press(page, "Sign in");
  await page.waitForSelector("header.bar");
  await page.goto(HERE);
  await until("a passkey is offered", () => page.evaluate((button) => !document.querySelector(button).hidden, BUTTON));
  await page.locator(`${ROW} summary`).click();
  await page.fill(FIELD, "12");
  await picture(page, "deciding");
  await addDisk(page, "Red disk");
  found.whileDeciding = { typed: await page.inputValue(FIELD), listed: await listed(page) };

  await page.locator(`${ROW} summary`).click();
  await addDisk(page, "White disk");
  found.after = { listed: await listed(page), offered: await page.evaluate((button) => !document.querySelector(button).hidden, BUTTON) };
  await page.locator(`${ROW} summary`).click();
  await page.fill(FIELD, (await ask({ code: true })).code);
  await page.locator(`${ROW} button[type=submit]`).click();
  await page.waitForSelector(".notice.good");
  found.told = await words(page, ".notice.good");
  await page.locator("#list section:nth-of-type(3) summary").first().click();
  await picture(page, "destroyed");
} finally {
  await browser.close();
}
console.log(JSON.stringify({ found }));
