/** A clinic whose browsers run no script: `node scriptless.mjs PLAN.json` prints what everybody met as one JSON object. */
import { readFileSync } from "node:fs";
import { freshCode, launch, someone, until } from "./browser.mjs";
import { at, byPassword, fresh, path, pictures, press, words } from "./pages.mjs";

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { url: origin, user, password, totp_secret: secret } = plan.facts.web;
const faults = { policy: [], foreign: [], errors: [], warnings: [] };
const found = { faults };
const picture = pictures(plan.pictures);
const bare = (browser) => someone(browser, origin, faults, { width: 1280, height: 800 }, false);
const good = async (page) => { await page.waitForSelector(".notice.good"); return words(page, ".notice.good"); };

/** Type the code of an app that was not used yet, and go in. */
async function comeIn(page, who, its, app) {
  await byPassword(page, origin, who, its);
  await at(page, "/login/code");
  await page.fill("input[name=code]", await freshCode(app));
  await press(page, "Sign in");
  await page.waitForSelector("header.bar");
}

/** The administrator invites somebody, and reads the code off the slip. */
async function invite(page) {
  await page.goto(`${origin}/people`);
  await page.fill("input[name=display_name]", plan.person.name);
  await page.fill("input[name=user_name]", plan.person.user);
  await page.selectOption("select[name=role]", "reception");
  await fresh(page, secret, 'form[action="/people"]');
  await press(page, "Make an invitation");
  await page.waitForSelector(".passphrase");
  await picture(page, "no-script-slip");
  return words(page, ".passphrase");
}

/** Whoever was invited types the code, sets up an app by its secret, and prints the codes. */
async function join(page, code) {
  await page.goto(`${origin}/join`);
  await page.fill("input[name=code]", code);
  await page.fill("input[name=new]", plan.person.password);
  await page.fill("input[name=again]", plan.person.password);
  await press(page, "Continue");
  await at(page, "/login/enrol");
  found.picture = await until("the code to scan is drawn", () => page.locator(".enrol img").evaluate((image) => image.complete && image.naturalWidth));
  const app = (await words(page, ".secret")).replaceAll(" ", "");
  await picture(page, "no-script-enrol");
  await page.fill("input[name=code]", await freshCode(app));
  await press(page, "Finish");
  await page.waitForSelector(".codes");
  found.codes = await page.locator(".codes li").count();
  await press(page, "I have them on paper");
  await at(page, "/studies");
  return app;
}

/** Lists at work: a search, a filter, a patient; then a language, the lock, a PIN. */
async function lists(page) {
  await page.fill("#q", plan.patient);
  await press(page, "Search");
  await page.waitForSelector("#summary a");
  found.searched = await page.locator(".row .name").allTextContents();
  await page.goto(`${origin}/studies`);
  await page.locator("#filters select").first().selectOption({ index: 1 });
  await press(page, "Show");
  found.filtered = new URL(page.url()).search;
  await page.goto(`${origin}/studies`);
  found.told = await words(page, "main noscript .foot");
  await picture(page, "no-script-studies");
  await page.locator(".row .name a").first().click();
  await page.waitForSelector(".patient");
  found.patient = await words(page, ".patient h1");
  found.images = await page.getByText("Open images").count();
}

async function own(page) {
  await page.goto(`${origin}/account`);
  await page.fill('form[action="/account/name"] input[name=display_name]', plan.person.corrected);
  await press(page, "Correct it");
  found.corrected = await good(page);
  await page.fill('form[action="/account/pin"] input[name=password]', plan.person.password);
  await page.fill('form[action="/account/pin"] input[name=pin]', plan.person.pin);
  await press(page, "Set a PIN");
  found.pin = await good(page);
  await picture(page, "no-script-account");
  await page.locator("details.me summary").click();
  await page.locator("details.me").getByRole("button", { name: "Español" }).click();
  found.language = await page.locator("html").getAttribute("lang");
  await page.locator("details.me summary").click();
  await page.locator("details.me").getByRole("button", { name: "English" }).click();
}

/** The lock from the menu; the password leads back, and a PIN where somebody else sat meanwhile. */
async function lock(page) {
  await page.locator("details.me summary").click();
  await press(page, "Lock the screen");
  await page.waitForSelector("input[name=password]");
  found.locked = [path(page), await words(page, "h1")];
  await page.goto(`${origin}/studies`);
  found.shut = path(page);
  await picture(page, "no-script-lock");
  await page.fill("input[name=pin]", plan.person.pin);
  await press(page, "Come in");
  await at(page, "/studies");
}

/** The glass is broken for a moment, and ended. */
async function emergency(page, app) {
  await page.goto(`${origin}/emergency`);
  await page.locator("input[name=reason]").first().check();
  await page.fill("textarea", "The dentist on duty asks by telephone");
  await page.fill("main input[name=code]", await freshCode(app));
  await press(page, "Break the glass");
  await page.waitForSelector("aside.emergency");
  found.banner = await words(page, "aside.emergency");
  await press(page, "End now");
  await page.waitForSelector("main");
  found.bannerAfter = await page.locator("aside.emergency").count();
}

/** The administrator gives another role, reads the record, and closes the account. */
async function decide(page, other) {
  await page.goto(`${origin}/people`);
  await page.getByRole("link", { name: `Change: ${plan.person.corrected}` }).click();
  await page.selectOption("select[name=role]", "assistant");
  await fresh(page, secret, 'form[action$="/role"]');
  await press(page, "Change the role");
  found.changed = await good(page);
  await other.goto(`${origin}/studies`);
  found.outAfterChange = path(other);
  await page.goto(`${origin}/trail`);
  await page.selectOption("select[name=what]", { index: 2 });
  await press(page, "Show");
  found.record = new URL(page.url()).searchParams.get("what");
  await page.goto(`${origin}/people`);
  await page.getByRole("link", { name: `Change: ${plan.person.corrected}` }).click();
  await fresh(page, secret, 'form[action$="/close"]');
  await press(page, "Close for good");
  found.closed = await good(page);
  await page.locator("details.me summary").click();
  await press(page, "Sign out");
  await at(page, "/login");
}

const browser = await launch();
try {
  const administrator = await bare(browser);
  await comeIn(administrator, user, password, secret);
  const code = await invite(administrator);
  const page = await bare(browser);
  const app = await join(page, code);
  await lists(page);
  await own(page);
  await lock(page);
  await emergency(page, app);
  await decide(administrator, page);
} finally {
  await browser.close();
}
console.log(JSON.stringify(found));
